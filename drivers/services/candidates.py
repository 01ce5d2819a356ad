"""Who could be asked for the deliveries of a tick. Reads only, outside any transaction: Redis, SQL,
routing."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
import structlog
from numpy.typing import NDArray

from deliveryapp import positions
from deliveryapp.city.loader import UnknownCity
from deliveryapp.clock import speed
from deliveryapp.geo import Point, haversine_m
from deliveryapp.positions import Circle, PositionsUnavailable
from deliveryapp.routing import Router, router_for
from drivers import selectors
from drivers.dispatch import FreeDriver, WaitingDelivery
from drivers.models import Delivery, Driver
from drivers.models.delivery import SEARCH_RADII_M
from drivers.services.timing import second_asking_after

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pool:
    """The engine's input, in seconds of the city's time since `now`; `versions` fence what was seen."""

    waiting: tuple[WaitingDelivery, ...]
    drivers: tuple[FreeDriver, ...]
    points: dict[UUID, Point]
    versions: dict[UUID, int]
    router: Router

    def travel(
        self, drivers: Sequence[FreeDriver], waiting: Sequence[WaitingDelivery]
    ) -> NDArray[np.float64]:
        """Seconds by each driver's own vehicle."""
        kitchens = [delivery.pickup for delivery in waiting]
        seconds = np.empty((len(drivers), len(waiting)))
        for vehicle in {driver.vehicle for driver in drivers}:
            rows = [row for row, driver in enumerate(drivers) if driver.vehicle == vehicle]
            origins = [drivers[row].point for row in rows]
            seconds[rows] = self.router.legs(origins, kitchens, vehicle=vehicle)
        return seconds


def find_pool(*, region: str, deliveries: Sequence[Delivery], now: datetime) -> Pool:
    """Drivers who are on shift, unasked and near enough, and for each delivery which of them may be asked."""
    near, points, rows = _near_live(region, deliveries) or _near_stored(region, deliveries, now)
    allowed = _without_refusals(deliveries, near, now)
    wanted = set().union(*allowed.values())
    return Pool(
        waiting=tuple(_waiting(delivery, frozenset(allowed[delivery.id]), now) for delivery in deliveries),
        drivers=tuple(_free(rows[driver_id], points[driver_id], now) for driver_id in wanted),
        points=points,
        versions={driver_id: rows[driver_id].version for driver_id in wanted},
        router=_router(region),
    )


Near = tuple[dict[UUID, set[UUID]], dict[UUID, Point], dict[UUID, Driver]]
"""Per delivery the drivers within its circle; where they are; their rows."""


def _near_live(region: str, deliveries: Sequence[Delivery]) -> Near | None:
    """By live positions; None when Redis does not answer."""
    circles = [Circle(delivery.pickup, delivery.radius_m) for delivery in deliveries]
    try:
        found = positions.nearby_many(region=region, circles=circles)
    except PositionsUnavailable as error:
        log.warning("dispatch_by_stored_positions", region=region, error=str(error))
        return None
    points = {neighbour.driver_id: neighbour.point for answer in found for neighbour in answer}
    rows = {row.id: row for row in selectors.askable_drivers(region=region).filter(pk__in=points)}
    near = {
        delivery.id: {neighbour.driver_id for neighbour in answer if neighbour.driver_id in rows}
        for delivery, answer in zip(deliveries, found, strict=True)
    }
    return near, points, rows


def _near_stored(region: str, deliveries: Sequence[Delivery], now: datetime) -> Near:
    """By the last positions in the database."""
    rows = {row.id: row for row in selectors.askable_with_last_position(region=region, now=now)}
    points = {driver_id: point for driver_id, row in rows.items() if (point := row.last_point)}
    near = {
        delivery.id: {
            i for i, point in points.items() if haversine_m(point, delivery.pickup) <= delivery.radius_m
        }
        for delivery in deliveries
    }
    return near, points, rows


def _without_refusals(
    deliveries: Sequence[Delivery], near: dict[UUID, set[UUID]], now: datetime
) -> dict[UUID, set[UUID]]:
    """Drop who said no. When nobody else is left even in the widest circle, ask them again after a while."""
    said_no: defaultdict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for refusal in selectors.refusals(delivery_ids=[delivery.id for delivery in deliveries]):
        earlier = said_no[refusal.delivery_id].get(refusal.driver_id, refusal.at)
        said_no[refusal.delivery_id][refusal.driver_id] = max(earlier, refusal.at)
    allowed = {}
    for delivery in deliveries:
        here, refused = near[delivery.id], said_no[delivery.id]
        fresh = here - refused.keys()
        widest = delivery.radius_m >= SEARCH_RADII_M[-1]
        cooled = {i for i in here & refused.keys() if refused[i] + second_asking_after() <= now}
        allowed[delivery.id] = fresh or (cooled if widest else set())
    return allowed


def _waiting(delivery: Delivery, candidates: frozenset[UUID], now: datetime) -> WaitingDelivery:
    return WaitingDelivery(
        id=delivery.id,
        pickup=delivery.pickup,
        ready_at_s=_city_s(delivery.ready_at, now),
        asked_at_s=_city_s(delivery.created_at, now),
        candidates=candidates,
    )


def _free(row: Driver, point: Point, now: datetime) -> FreeDriver:
    return FreeDriver(
        id=row.id,
        point=point,
        vehicle=row.vehicle,
        rating=row.rating,
        idle_since_s=_city_s(row.idle_since, now),
        free_slots=row.capacity - row.active_count,
    )


def _city_s(at: datetime, now: datetime) -> float:
    return (at - now).total_seconds() * speed()


def _router(region: str) -> Router:
    try:
        return router_for(region)
    except UnknownCity:
        return router_for(None)
