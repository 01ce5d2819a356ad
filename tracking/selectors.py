"""How an order stands right now, for those who may watch it; and where drivers are going."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from deliveryapp import positions
from deliveryapp.clock import speed
from deliveryapp.geo import haversine_m
from deliveryapp.positions import Position, PositionsUnavailable
from drivers import facade as drivers
from drivers.facade import AssignmentInfo, TripInfo
from orders import facade as orders
from orders.facade import OrderView
from tracking.eta import Eta, Facts, estimate, ride

log = structlog.get_logger(__name__)

STALE_AFTER = timedelta(seconds=30)
ENDED = ("delivered", "cancelled", "failed")
READY = "ready"
ARRIVED = "arrived"
AT_THE_DOOR_M = 40  # what a phone between houses is off by


@dataclass(frozen=True, slots=True)
class Watched:
    """An order, who rides it, where he is, when he will be there."""

    order: OrderView
    assignment: AssignmentInfo | None
    position: Position | None
    eta: Eta | None
    now: datetime

    @property
    def driver_id(self) -> UUID | None:
        """Whose position may be shown: only the assigned driver's, only until the order's end."""
        if self.assignment is None or self.order.status in ENDED:
            return None
        return self.assignment.driver_id

    def driver_json(self) -> dict[str, Any] | None:
        if self.assignment is None:
            return None
        return {
            "name": self.assignment.driver_name,
            "vehicle": self.assignment.vehicle,
            "rating": self.assignment.rating,
            "status": self.assignment.status,
            "position": _position_json(self.position, self.now) if self.position else None,
        }

    def eta_json(self) -> dict[str, Any] | None:
        return self.eta.as_json() if self.eta else None

    def as_json(self) -> dict[str, Any]:
        """The snapshot: what every frame after it changes."""
        order = self.order
        return {
            "type": "snapshot",
            "seq": order.seq,
            "order": {
                "id": order.id,
                "number": order.number,
                "status": order.status,
                "cancel_reason": order.cancel_reason,
                "placed_at": order.placed_at,
                "ready_at": order.ready_at,
                "scheduled_for": order.scheduled_for,
                "delivered_at": order.delivered_at,
            },
            "restaurant": {"name": order.restaurant_name, "lat": order.pickup.lat, "lng": order.pickup.lng},
            "destination": {
                "lat": order.dropoff.lat,
                "lng": order.dropoff.lng,
                "street": order.dropoff_street,
            },
            "driver": self.driver_json(),
            "eta": self.eta_json(),
        }


def watched_order(*, order_id: UUID, now: datetime) -> Watched:
    """Without asking who wants to know: the gate comes first. Raises NotFound."""
    order = orders.order_view(order_id=order_id)
    assignment = drivers.assignment_of(order_id=order_id)
    ended = order.status in ENDED
    position = None if assignment is None or ended else _position_of(assignment)
    return Watched(
        order, assignment, position, None if ended else _eta(order, assignment, position, now), now
    )


@dataclass(frozen=True, slots=True)
class Approach:
    """A driver on his way to a kitchen. `arrives_at` is None while nobody knows where he is, and when he is
    `at_the_door`.
    """

    order_id: UUID
    at_the_door: bool
    arrives_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        return {"order_id": self.order_id, "at_the_door": self.at_the_door, "arrives_at": self.arrives_at}


def approaching(*, restaurant_id: UUID, now: datetime) -> list[Approach]:
    """Those who come for its orders; two queries and one look at the live positions."""
    waiting = {order.id: order for order in orders.orders_in_kitchen(restaurant_id=restaurant_id)}
    riders = drivers.assignments_of(order_ids=waiting)
    found = _positions_of(list(riders.values()))
    return [_approach(waiting[id], rider, found.get(rider.driver_id), now) for id, rider in riders.items()]


def _approach(order: OrderView, rider: AssignmentInfo, position: Position | None, now: datetime) -> Approach:
    if rider.status == ARRIVED:
        return Approach(order.id, at_the_door=True, arrives_at=None)
    if position is None or _is_stale(position, now):
        return Approach(order.id, at_the_door=False, arrives_at=None)
    if haversine_m(position.point, order.pickup) <= AT_THE_DOOR_M:
        return Approach(order.id, at_the_door=True, arrives_at=None)
    ride_s = ride(position.point, order.pickup, vehicle=rider.vehicle) / speed()
    return Approach(order.id, at_the_door=False, arrives_at=now + timedelta(seconds=ride_s))


def trip_eta(trip: TripInfo, position: Position, *, now: datetime) -> Eta:
    """For a position that has just come in."""
    facts = Facts(
        pickup=trip.pickup,
        dropoff=trip.dropoff,
        ready_at=trip.ready_at,
        ready=False,
        picked_up=trip.picked_up,
        vehicle=trip.vehicle,
        driver_at=position.point,
        assigned=True,
        fresh=True,
    )
    return estimate(facts, now=now, speed=speed())


def _eta(
    order: OrderView, assignment: AssignmentInfo | None, position: Position | None, now: datetime
) -> Eta:
    facts = Facts(
        pickup=order.pickup,
        dropoff=order.dropoff,
        ready_at=order.ready_at,
        busy_s=order.busy_minutes * 60.0,
        not_before=order.scheduled_for,
        ready=order.status == READY,
        picked_up=order.status == "picked_up",
        vehicle=assignment.vehicle if assignment else "bicycle",
        driver_at=position.point if position else None,
        assigned=assignment is not None,
        fresh=position is not None and not _is_stale(position, now),
    )
    return estimate(facts, now=now, speed=speed())


def _position_of(assignment: AssignmentInfo) -> Position | None:
    return _positions_of([assignment]).get(assignment.driver_id)


def _positions_of(riders: Sequence[AssignmentInfo]) -> dict[UUID, Position]:
    """Of riders of one region; nothing while the live positions cannot be read."""
    if not riders:
        return {}
    try:
        return positions.get_many(region=riders[0].region, driver_ids=[rider.driver_id for rider in riders])
    except PositionsUnavailable as error:
        log.warning("snapshot_without_position", error=str(error))
        return {}


def _position_json(position: Position, now: datetime) -> dict[str, Any]:
    return {
        "lat": position.point.lat,
        "lng": position.point.lng,
        "heading": position.heading,
        "at": position.at,
        "stale": _is_stale(position, now),
    }


def _is_stale(position: Position, now: datetime) -> bool:
    return position.seen_at is not None and now - position.seen_at > STALE_AFTER
