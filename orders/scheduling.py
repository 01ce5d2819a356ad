"""When a scheduled order happens: pure arithmetic on aware times.

    opens_at ── margin ── cooking ── ready ── ride ── scheduled_for

Cooking and ride are the city's time (`deliveryapp.clock.scaled`); slots are what a clock on the wall shows.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from deliveryapp.clock import scaled
from deliveryapp.geo import Point, haversine_m
from restaurants.facade import RestaurantInfo, busy_minutes, ride_time

SLOT_MINUTES = 15
FURTHEST = timedelta(days=5)  # a card's hold lasts seven
MARGIN = timedelta(minutes=10)  # for the kitchen to answer and a driver to be found


class Scheduled(Protocol):
    """What of an order decides when it is cooked."""

    scheduled_for: datetime | None

    @property
    def pickup(self) -> Point: ...
    @property
    def dropoff(self) -> Point: ...


@dataclass(frozen=True, slots=True)
class Slot:
    """The kitchen sees the order at `opens_at`, cooks from `starts_at` and is done at `ready_at`."""

    opens_at: datetime
    starts_at: datetime
    ready_at: datetime
    scheduled_for: datetime


def slot(scheduled_for: datetime, *, prep: timedelta, travel: timedelta) -> Slot:
    """`prep` and `travel` in the city's time."""
    ready_at = scheduled_for - scaled(travel)
    starts_at = ready_at - scaled(prep)
    return Slot(starts_at - scaled(MARGIN), starts_at, ready_at, scheduled_for)


def slot_of(restaurant: RestaurantInfo, scheduled_for: datetime, *, travel: timedelta) -> Slot:
    """With the preparation time the restaurant has then; a kitchen that is busy until then begins earlier."""
    prep_minutes = restaurant.prep_minutes
    usual = slot(scheduled_for, prep=timedelta(minutes=prep_minutes), travel=travel)
    longer = busy_minutes(restaurant, at=usual.starts_at)
    if not longer:
        return usual
    return slot(scheduled_for, prep=timedelta(minutes=prep_minutes + longer), travel=travel)


def kitchen_slot(starts_at: datetime) -> datetime:
    """The quarter of an hour that an order counts in: the one in which the kitchen begins it."""
    return starts_at - timedelta(
        minutes=starts_at.minute % SLOT_MINUTES, seconds=starts_at.second, microseconds=starts_at.microsecond
    )


def is_on_the_clock(at: datetime) -> bool:
    """A quarter of an hour; every zone's offset is a multiple of it."""
    return at.minute % SLOT_MINUTES == 0 and at.second == at.microsecond == 0


def ready_at(order: Scheduled, *, cooked_at: datetime) -> datetime:
    """When the food is to be ready: as soon as cooked, or just in time for its slot."""
    if order.scheduled_for is None:
        return cooked_at
    travel = ride_time(haversine_m(order.pickup, order.dropoff))
    return max(cooked_at, order.scheduled_for - scaled(travel))
