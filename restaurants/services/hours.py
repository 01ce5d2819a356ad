"""Changing when a restaurant is open: the whole of it at once, or special days read from lines of text.

Each change leaves its author with what was before and after. The restaurant's row is locked, so that two who
change at once come one after the other.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from uuid import UUID

from deliveryapp.transactions import durable
from restaurants.errors import HoursInvalid
from restaurants.hours import day_overlap, week_overlap
from restaurants.models import HoursChange, OpeningHours, Restaurant, SpecialDay
from restaurants.selectors.hours import DayHours, Hours, hours_of, hours_record
from restaurants.selectors.staff import require_staff

MAY_CHANGE_HOURS = ("owner", "manager")
MOST_LINES = 400
ANY_LEAP_YEAR = 2000  # written where a day of every year needs one
_LINE = re.compile(r"(?:(?P<year>\d{4})-)?(?P<month>\d\d)-(?P<day>\d\d)[ \t]+(?P<hours>\S.*)")
_SPAN = re.compile(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)")


def replace_hours(*, user_id: UUID, restaurant_id: UUID, hours: Hours, now: datetime) -> Hours:
    """Everything at once. For owners and managers.

    Raises RestaurantNotFound for a stranger, RoleRequired, and HoursInvalid when spans of the week or of a
    day overlap or a day is given twice.
    """
    _check(hours)
    return _change(user_id, restaurant_id, lambda _: hours, now)


def import_special_days(*, user_id: UUID, restaurant_id: UUID, text: str, now: datetime) -> Hours:
    """Add or replace the days of `text`, one to a line: `2026-12-24 closed`, `12-06 closed` for every year,
    `2026-12-31 11:00-15:00, 18:00-02:00`. Other days stay. All lines or none.

    Raises what `replace_hours` raises; HoursInvalid has the unreadable lines as `rows`.
    """
    days = _read(text)

    def merged(hours: Hours) -> Hours:
        by_key = {day.key: day for day in (*hours.special_days, *days)}
        return replace(hours, special_days=tuple(by_key.values()))

    _check_days(days)
    return _change(user_id, restaurant_id, merged, now)


def _change(user_id: UUID, restaurant_id: UUID, wanted: Callable[[Hours], Hours], now: datetime) -> Hours:
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_CHANGE_HOURS)
    with durable():
        restaurant = (
            Restaurant.objects.select_for_update(no_key=True).defer("picture_svg").get(pk=restaurant_id)
        )
        before = hours_of(restaurant)
        _write(restaurant, wanted(before))
        after = hours_of(restaurant)
        if after != before:
            HoursChange.objects.create(
                restaurant=restaurant,
                user_id=user_id,
                before=hours_record(before),
                after=hours_record(after),
                at=now,
            )
    return after


def _write(restaurant: Restaurant, hours: Hours) -> None:
    OpeningHours.objects.filter(restaurant=restaurant).delete()
    SpecialDay.objects.filter(restaurant=restaurant).delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(restaurant=restaurant, weekday=span.weekday, opens=span.opens, closes=span.closes)
        for span in hours.week
    )
    SpecialDay.objects.bulk_create(
        SpecialDay(
            restaurant=restaurant,
            date=day.date.replace(year=ANY_LEAP_YEAR) if day.repeats_yearly else day.date,
            repeats_yearly=day.repeats_yearly,
            opens=opens,
            closes=closes,
        )
        for day in hours.special_days
        for opens, closes in day.spans or [(None, None)]
    )
    restaurant.last_order_minutes, restaurant.slot_capacity = hours.last_order_minutes, hours.slot_capacity
    restaurant.save(update_fields=["last_order_minutes", "slot_capacity"])


def _check(hours: Hours) -> None:
    twice = week_overlap(hours.week)
    if twice is not None:
        raise HoursInvalid(
            f"The span that begins at {twice.opens:%H:%M} overlaps another one.",
            rows=[{"weekday": twice.weekday, "opens": f"{twice.opens:%H:%M}"}],
        )
    _check_days(hours.special_days)


def _check_days(days: Sequence[DayHours]) -> None:
    seen = set()
    for day in days:
        if day.key in seen:
            raise HoursInvalid(f"{day.date} is given twice.", rows=[{"date": day.date}])
        seen.add(day.key)
        if day_overlap(day.spans) is not None:
            raise HoursInvalid(f"Spans of {day.date} overlap.", rows=[{"date": day.date}])


def _read(text: str) -> list[DayHours]:
    """One day to a line; empty lines and what follows a # do not count."""
    lines = [(number, line.split("#")[0].strip()) for number, line in enumerate(text.splitlines(), start=1)]
    found = [(number, line, _day_of(line)) for number, line in lines if line]
    bad = [{"line": number} for number, _, day in found if day is None]
    if bad or len(found) > MOST_LINES:
        detail = "Some lines cannot be read." if bad else f"At most {MOST_LINES} days at once."
        raise HoursInvalid(detail, rows=bad[:20])
    return [day for _, _, day in found if day is not None]


def _day_of(line: str) -> DayHours | None:
    """None when it cannot be read."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    try:
        year = int(match["year"] or ANY_LEAP_YEAR)
        day = date(year, int(match["month"]), int(match["day"]))
        spans = () if match["hours"].lower() == "closed" else _spans_of(match["hours"])
    except ValueError:
        return None
    return DayHours(day, spans, repeats_yearly=match["year"] is None)


def _spans_of(text: str) -> tuple[tuple[time, time], ...]:
    """Raises ValueError."""
    spans = []
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        if match is None:
            raise ValueError(part)
        from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
        spans.append((time(from_hour, from_minute), time(to_hour, to_minute)))
    return tuple(spans)
