"""Quarters of an hour that an order may be scheduled for: what placing would accept at this moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from deliveryapp.geo import Point, haversine_m
from orders import scheduling
from orders.errors import AddressOutOfRange
from restaurants import facade as restaurants
from restaurants.facade import EtaMinutes, RestaurantInfo


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """`left` places, None when the kitchen does not count them."""

    scheduled_for: datetime
    left: int | None


@dataclass(frozen=True, slots=True)
class FreeSlots:
    """`asap` is the promise for an order without a slot, None while there is none."""

    restaurant: RestaurantInfo
    asap: EtaMinutes | None
    slots: list[FreeSlot]


def free_slots(*, restaurant_id: UUID, door: Point, days: int, now: datetime) -> FreeSlots:
    """For a delivery to `door` within so many days; two statements, one where the kitchen does not count.

    Raises RestaurantNotFound and AddressOutOfRange.
    """
    end = now + min(timedelta(days=days), scheduling.FURTHEST)
    coming = restaurants.coming_openings(restaurant_id=restaurant_id, start=now, end=end)
    place = coming.restaurant
    terms = restaurants.delivery_terms(place, door, at=now)
    if not terms.is_within_reach:
        raise AddressOutOfRange(distance_m=terms.distance_m, delivery_radius_m=place.delivery_radius_m)
    taken = _taken(place, now, end)
    slots = [
        FreeSlot(slot.scheduled_for, _left(place, taken, slot.starts_at))
        for slot in _slots(place, door, now, end)
        if coming.takes_orders(slot.starts_at) and coming.is_open(slot.ready_at)
    ]
    is_now = coming.takes_orders(now) and _left(place, taken, now) != 0
    return FreeSlots(place, terms.eta_minutes if is_now else None, [slot for slot in slots if slot.left != 0])


def next_free_at(*, restaurant_id: UUID, door: Point, after: datetime, now: datetime) -> datetime | None:
    """The first free slot from `after` on."""
    found = free_slots(restaurant_id=restaurant_id, door=door, days=scheduling.FURTHEST.days, now=now)
    return next((slot.scheduled_for for slot in found.slots if slot.scheduled_for >= after), None)


def has_place(restaurant: RestaurantInfo, starts_at: datetime) -> bool:
    """Whether the kitchen may begin one more order then; no statement where it does not count."""
    slot_at = scheduling.kitchen_slot(starts_at)
    return _left(restaurant, _taken(restaurant, slot_at, slot_at), slot_at) != 0


def _taken(place: RestaurantInfo, start: datetime, end: datetime) -> dict[datetime, int]:
    if place.slot_capacity is None:
        return {}
    first = scheduling.kitchen_slot(start)
    return restaurants.slot_loads(restaurant_id=place.id, first=first, last=end)


def _left(place: RestaurantInfo, taken: dict[datetime, int], starts_at: datetime) -> int | None:
    if place.slot_capacity is None:
        return None
    return max(0, place.slot_capacity - taken.get(scheduling.kitchen_slot(starts_at), 0))


def _slots(place: RestaurantInfo, door: Point, now: datetime, end: datetime) -> Iterator[scheduling.Slot]:
    """Those that leave time enough from now, whether or not the kitchen is open."""
    ride = restaurants.ride_time(haversine_m(place.location, door))
    at = scheduling.kitchen_slot(now).astimezone(UTC)
    while at <= end:
        slot = scheduling.slot_of(place, at, travel=ride)
        if slot.starts_at >= now:
            yield slot
        at += timedelta(minutes=scheduling.SLOT_MINUTES)
