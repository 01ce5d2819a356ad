"""When a restaurant is open, as those who work there read and write it."""

from dataclasses import dataclass
from datetime import date, time
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from restaurants.hours import WeeklySpan
from restaurants.models import OpeningHours, Restaurant, SpecialDay
from restaurants.selectors.staff import require_staff


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of one date, or of this day and month of every year; no spans: closed."""

    date: date
    spans: tuple[tuple[time, time], ...] = ()
    repeats_yearly: bool = False

    @property
    def key(self) -> tuple[bool, tuple[int, ...]]:
        """Two of the same key mean the same day."""
        if self.repeats_yearly:
            return True, (self.date.month, self.date.day)
        return False, (self.date.year, self.date.month, self.date.day)


@dataclass(frozen=True, slots=True)
class Hours:
    week: tuple[WeeklySpan, ...]
    special_days: tuple[DayHours, ...]
    last_order_minutes: int
    slot_capacity: int | None


def hours_for_staff(*, user_id: UUID, restaurant_id: UUID) -> tuple[Restaurant, Hours]:
    """Raises RestaurantNotFound for a stranger."""
    require_staff(user_id=user_id, restaurant_id=restaurant_id)
    restaurant = Restaurant.objects.defer("picture_svg").get(pk=restaurant_id)
    return restaurant, hours_of(restaurant)


def hours_of(restaurant: Restaurant) -> Hours:
    """All of it, days that are over included: two statements."""
    week = OpeningHours.objects.filter(restaurant=restaurant).order_by("weekday", "opens")
    days = SpecialDay.objects.filter(restaurant=restaurant).order_by("repeats_yearly", "date", "opens")
    return Hours(
        week=tuple(WeeklySpan(*row) for row in week.values_list("weekday", "opens", "closes")),
        special_days=tuple(
            DayHours(
                day, tuple((r.opens, r.closes) for r in rows if r.opens and r.closes is not None), repeats
            )
            for (repeats, day), rows in groupby(days, key=attrgetter("repeats_yearly", "date"))
        ),
        last_order_minutes=restaurant.last_order_minutes,
        slot_capacity=restaurant.slot_capacity,
    )


def hours_record(hours: Hours) -> dict[str, Any]:
    """As the trail of changes and the API keep it: JSON values, times as HH:MM."""
    return {
        "week": [
            {"weekday": span.weekday, "opens": f"{span.opens:%H:%M}", "closes": f"{span.closes:%H:%M}"}
            for span in hours.week
        ],
        "special_days": [
            {
                "date": day.date.isoformat(),
                "repeats_yearly": day.repeats_yearly,
                "spans": [
                    {"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"} for opens, closes in day.spans
                ],
            }
            for day in hours.special_days
        ],
        "last_order_minutes": hours.last_order_minutes,
        "slot_capacity": hours.slot_capacity,
    }
