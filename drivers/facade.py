"""What other apps may ask of the drivers: ids and values in, frozen dataclasses out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deliveryapp.geo import Point
from deliveryapp.money import Money
from drivers import selectors
from drivers.errors import AssignmentChanged, AssignmentNotFound, AssignmentState, NotADriver
from drivers.models import Assignment, DeclineReason, Driver, Offer, OverrideReason, Step
from drivers.services import assignments, deliveries, offers
from drivers.services.registering import NewDriver, register_drivers
from drivers.services.reports import HERE_AND_NOW, Report, require_near, true_time

__all__ = [
    "HERE_AND_NOW",
    "AssignmentChanged",
    "AssignmentInfo",
    "AssignmentNotFound",
    "AssignmentState",
    "DeclineReason",
    "DriverInfo",
    "NewDriver",
    "NotADriver",
    "OfferInfo",
    "OverrideReason",
    "Report",
    "Step",
    "TripInfo",
    "accept_offer",
    "active_assignments",
    "arrive",
    "assignment_of",
    "assignments_of",
    "cancel_delivery",
    "change_payout",
    "decline_offer",
    "driver_of",
    "is_escalated",
    "live_trips",
    "offer",
    "pending_offers",
    "record_delivery",
    "record_pick_up",
    "register_drivers",
    "request_delivery",
    "require_near",
    "role_of",
    "set_ready_at",
    "time_of_answer",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverInfo:
    """`rating` in stars."""

    id: UUID
    user_id: UUID
    name: str
    status: str
    region: str
    vehicle: str
    capacity: int
    active_count: int
    rating: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentInfo:
    """Who rides an order. `status` assigned, arrived, picked_up or delivered; `rating` in stars;
    `silent_since` while he has the food and is not heard of.
    """

    id: UUID
    order_id: UUID
    driver_id: UUID
    driver_user_id: UUID
    driver_name: str
    vehicle: str
    rating: float
    status: str
    region: str
    assigned_at: datetime
    picked_up_at: datetime | None
    delivered_at: datetime | None
    silent_since: datetime | None
    payout: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class TripInfo:
    """Where a driver is going with an order, and when the kitchen means to be done."""

    order_id: UUID
    pickup: Point
    dropoff: Point
    ready_at: datetime
    picked_up: bool
    vehicle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferInfo:
    """`distance_m` is the whole ride, to the kitchen and then to the door."""

    id: UUID
    order_id: UUID
    driver_id: UUID
    status: str
    pickup_name: str
    pickup_street: str
    pickup: Point
    dropoff: Point
    distance_m: int
    payout: Money
    ready_at: datetime
    expires_at: datetime

    def as_json(self) -> dict[str, Any]:
        """As drivers see it, by REST and by socket."""
        return {
            "id": str(self.id),
            "order_id": str(self.order_id),
            "pickup": {
                "name": self.pickup_name,
                "street": self.pickup_street,
                "lat": self.pickup.lat,
                "lng": self.pickup.lng,
            },
            "dropoff": {"lat": self.dropoff.lat, "lng": self.dropoff.lng},
            "distance_m": self.distance_m,
            "payout": self.payout.as_json(),
            "ready_at": self.ready_at,
            "expires_at": self.expires_at,
        }


def request_delivery(
    *,
    order_id: UUID,
    restaurant_id: UUID,
    region: str,
    pickup: Point,
    pickup_name: str,
    pickup_street: str,
    dropoff: Point,
    ready_at: datetime,
    payout_minor: int,
    currency: str,
    now: datetime,
) -> UUID:
    """Look for a driver; asking twice is once. Returns the delivery's id. Joins the caller's transaction."""
    return deliveries.request_delivery(
        order_id=order_id,
        restaurant_id=restaurant_id,
        region=region,
        pickup=pickup,
        pickup_name=pickup_name,
        pickup_street=pickup_street,
        dropoff=dropoff,
        ready_at=ready_at,
        payout_minor=payout_minor,
        currency=currency,
        now=now,
    ).id


def set_ready_at(*, order_id: UUID, ready_at: datetime, now: datetime) -> None:
    """The kitchen changed its mind; silent when nobody was asked for yet."""
    deliveries.set_ready_at(order_id=order_id, ready_at=ready_at, now=now)


def change_payout(*, order_id: UUID, payout_minor: int) -> None:
    """The customer changed the tip; silent when nobody looks for a driver yet."""
    deliveries.change_payout(order_id=order_id, payout_minor=payout_minor)


def cancel_delivery(*, order_id: UUID, reason: str, now: datetime) -> None:
    """Nobody needs to ride any more; idempotent. Joins the caller's transaction."""
    deliveries.cancel_delivery(order_id=order_id, reason=reason, now=now)


def accept_offer(*, user_id: UUID, offer_id: UUID, now: datetime) -> None:
    """Raises what `drivers.services.offers.accept` raises; repeating it changes nothing."""
    offers.accept(user_id=user_id, offer_id=offer_id, now=now)


def decline_offer(*, user_id: UUID, offer_id: UUID, reason: str, now: datetime) -> None:
    """Raises what `drivers.services.offers.decline` raises; repeating it changes nothing."""
    offers.decline(user_id=user_id, offer_id=offer_id, reason=reason, now=now)


def time_of_answer(*, user_id: UUID, offer_id: UUID, report: Report, now: datetime) -> datetime:
    """When he answered an offer. Raises OfferNotFound, ActionInFuture, ActionTooEarly."""
    asked = selectors.offer_for(user_id=user_id, offer_id=offer_id)
    return true_time(report, since=asked.created_at, now=now)


def arrive(*, user_id: UUID, order_id: UUID, at: str, report: Report, now: datetime) -> None:
    """`at` is "restaurant" or "customer". Raises what `drivers.services.assignments.arrive` raises."""
    assignments.arrive(user_id=user_id, order_id=order_id, at=at, report=report, now=now)


def record_pick_up(
    *, order_id: UUID, user_id: UUID, now: datetime, report: Report = HERE_AND_NOW
) -> AssignmentInfo:
    """Inside the caller's transaction. Raises AssignmentNotFound, AssignmentState, AssignmentChanged and, for
    an impossible time, ActionInFuture and ActionTooEarly.
    """
    row = assignments.record_pick_up(order_id=order_id, user_id=user_id, now=now, report=report)
    return _assignment(row)


def record_delivery(
    *, order_id: UUID, user_id: UUID, now: datetime, report: Report = HERE_AND_NOW
) -> AssignmentInfo:
    """Inside the caller's transaction. Raises as `record_pick_up`."""
    row = assignments.record_delivery(order_id=order_id, user_id=user_id, now=now, report=report)
    return _assignment(row)


def assignment_of(*, order_id: UUID) -> AssignmentInfo | None:
    """Who rides or rode this order; None while nobody does."""
    return assignments_of(order_ids=[order_id]).get(order_id)


def assignments_of(*, order_ids: Collection[UUID]) -> dict[UUID, AssignmentInfo]:
    """One query; orders without a driver are absent."""
    rows = selectors.current_assignments(order_ids=order_ids)
    return {order_id: _assignment(row) for order_id, row in rows.items()}


def is_escalated(*, order_id: UUID) -> bool:
    """Nobody was found in time; the search goes on while a person decides."""
    return selectors.is_escalated(order_id=order_id)


def active_assignments(*, user_id: UUID) -> tuple[AssignmentInfo, ...]:
    """What this user is riding now, oldest first."""
    return tuple(_assignment(row) for row in selectors.live_assignments(user_id=user_id))


def live_trips(*, driver_ids: Collection[UUID]) -> dict[UUID, tuple[TripInfo, ...]]:
    """Per driver what he is riding now, oldest first, empty where nothing; one query."""
    trips: dict[UUID, list[TripInfo]] = {driver_id: [] for driver_id in driver_ids}
    for row in selectors.live_of_drivers(driver_ids=driver_ids):
        trips[row.driver_id].append(_trip(row))
    return {driver_id: tuple(found) for driver_id, found in trips.items()}


def driver_of(*, user_id: UUID) -> DriverInfo | None:
    row = selectors.find_driver(user_id=user_id)
    return _driver(row) if row else None


def role_of(*, user_id: UUID) -> dict[str, Any] | None:
    row = selectors.find_driver(user_id=user_id)
    if row is None:
        return None
    return {"id": row.id, "status": row.status, "region": row.region, "vehicle": row.vehicle}


def pending_offers(*, driver_id: UUID) -> tuple[OfferInfo, ...]:
    """What this driver may answer now."""
    return tuple(_offer(row) for row in selectors.pending_offers(driver_id=driver_id))


def offer(*, offer_id: UUID) -> OfferInfo | None:
    """An offer, in any state."""
    row = selectors.find_offer(offer_id=offer_id)
    return _offer(row) if row else None


def _driver(row: Driver) -> DriverInfo:
    return DriverInfo(
        id=row.id,
        user_id=row.user_id,
        name=row.name,
        status=row.status,
        region=row.region,
        vehicle=row.vehicle,
        capacity=row.capacity,
        active_count=row.active_count,
        rating=row.rating,
    )


def _assignment(row: Assignment) -> AssignmentInfo:
    return AssignmentInfo(
        id=row.id,
        order_id=row.order_id,
        driver_id=row.driver_id,
        driver_user_id=row.driver.user_id,
        driver_name=row.driver.name,
        vehicle=row.driver.vehicle,
        rating=row.driver.rating,
        status=row.status,
        region=row.delivery.region,
        assigned_at=row.assigned_at,
        picked_up_at=row.picked_up_at,
        delivered_at=row.delivered_at,
        silent_since=row.silent_since,
        payout=Money(row.delivery.payout_minor, row.delivery.currency),
    )


def _trip(row: Assignment) -> TripInfo:
    return TripInfo(
        order_id=row.order_id,
        pickup=row.delivery.pickup,
        dropoff=row.delivery.dropoff,
        ready_at=row.delivery.ready_at,
        picked_up=row.status == Assignment.Status.PICKED_UP,
        vehicle=row.driver.vehicle,
    )


def _offer(row: Offer) -> OfferInfo:
    delivery = row.delivery
    return OfferInfo(
        id=row.id,
        order_id=delivery.order_id,
        driver_id=row.driver_id,
        status=row.status,
        pickup_name=delivery.pickup_name,
        pickup_street=delivery.pickup_street,
        pickup=delivery.pickup,
        dropoff=delivery.dropoff,
        distance_m=row.distance_m,
        payout=Money(delivery.payout_minor, delivery.currency),
        ready_at=delivery.ready_at,
        expires_at=row.expires_at,
    )
