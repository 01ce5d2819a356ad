"""How an order stands right now, for those who may watch it; and where drivers are going."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from deliveryapp import positions
from deliveryapp.clock import speed
from deliveryapp.positions import Position, PositionsUnavailable
from drivers import facade as drivers
from drivers.facade import AssignmentInfo, TripInfo
from orders import facade as orders
from orders.facade import OrderView
from tracking.eta import Eta, Facts, estimate

log = structlog.get_logger(__name__)

STALE_AFTER = timedelta(seconds=30)
ENDED = ("delivered", "cancelled", "failed")
READY = "ready"


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
    try:
        found = positions.get_many(region=assignment.region, driver_ids=[assignment.driver_id])
    except PositionsUnavailable as error:
        log.warning("snapshot_without_position", error=str(error))
        return None
    return found.get(assignment.driver_id)


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
