"""A whole year of minutes in Helsinki and New York: with overnight spans, special days, days of every year
and a last order, the schedule says the same as a table that was filled minute by minute.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from restaurants.hours import Schedule, SpecialSpan, WeeklySpan, day_overlap, week_overlap

YEAR = 2026
MINUTE, DAY, QUARTER = timedelta(minutes=1), timedelta(days=1), timedelta(minutes=15)
START = datetime(YEAR, 1, 1, tzinfo=UTC)
MINUTES = 365 * 24 * 60
FIRST_DAY = date(YEAR, 1, 1) - 2 * DAY  # the wall's table begins here, so that a night before is in it
WALL_DAYS = 365 + 5
DAY_MINUTES = 24 * 60
ZONES = ["Europe/Helsinki", "America/New_York"]
Table = NDArray[np.bool_]


@cache
def wall_minutes(zone: str) -> NDArray[np.int64]:
    """Of each minute of the year, the latest minute of the wall's table that the clock has shown by then."""
    origin = datetime.combine(FIRST_DAY, time())
    shown = np.empty(MINUTES, dtype=np.int64)
    for quarter in range(MINUTES // 15):  # clocks jump on quarters of an hour
        local = (START + quarter * QUARTER).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        begin = (local - origin) // MINUTE
        shown[quarter * 15 : quarter * 15 + 15] = np.arange(begin, begin + 15)
    return np.maximum.accumulate(shown)


def wall_table(schedule: Schedule) -> Table:
    """Open or not by each minute of a wall clock that never jumps."""
    table = np.zeros((WALL_DAYS + 2) * DAY_MINUTES, dtype=np.bool_)
    for number in range(WALL_DAYS):
        for opens, closes in spans_of(schedule, FIRST_DAY + number * DAY):
            begin = opens.hour * 60 + opens.minute
            end = closes.hour * 60 + closes.minute
            end += DAY_MINUTES if end <= begin else 0
            table[number * DAY_MINUTES + begin : number * DAY_MINUTES + end] = True
    return table


def spans_of(schedule: Schedule, day: date) -> list[tuple[time, time]]:
    own = [s for s in schedule.specials if not s.repeats_yearly and s.date == day]
    yearly = [
        s
        for s in schedule.specials
        if s.repeats_yearly and s.date.replace(year=1904) == day.replace(year=1904)
    ]
    special = own or yearly
    if not special:
        return [(span.opens, span.closes) for span in schedule.week if span.weekday == day.weekday()]
    if any(span.opens is None for span in special):
        return []
    return [(span.opens, span.closes) for span in special if span.opens and span.closes is not None]


def by_the_table(schedule: Schedule) -> Table:
    return wall_table(schedule)[wall_minutes(schedule.zone.key)]


def by_the_edges(schedule: Schedule) -> Table:
    """The whole year as `next_opening` and `closes_at` tell it."""
    table, at, end = np.zeros(MINUTES, dtype=np.bool_), START, START + MINUTES * MINUTE
    while (opening := schedule.next_opening(at)) is not None and opening < end:
        closing = schedule.closes_at(opening) or opening + DAY  # no end in sight: go on from there
        table[(opening - START) // MINUTE : (min(closing, end) - START) // MINUTE] = True
        at = closing
    return table


clock_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
early_times = st.builds(time, st.integers(0, 4), st.sampled_from([0, 30]))  # where the clocks jump
times = st.one_of(clock_times, early_times)
weekly = st.builds(WeeklySpan, st.integers(0, 6), times, times)
dates = st.one_of(
    st.dates(date(YEAR, 1, 1), date(YEAR, 12, 31)),
    st.sampled_from([date(YEAR, 3, 8), date(YEAR, 3, 29), date(YEAR, 10, 25), date(YEAR, 11, 1)]),
)
hours = st.one_of(st.just((None, None)), st.tuples(times, times))
specials = st.builds(
    lambda day, span, yearly: SpecialSpan(day, *span, repeats_yearly=yearly), dates, hours, st.booleans()
)


@pytest.mark.parametrize("zone", ZONES)
@given(week=st.lists(weekly, min_size=1, max_size=12), days=st.lists(specials, max_size=8))
@settings(max_examples=8, deadline=None)
def test_every_minute_of_a_year(zone: str, week: list[WeeklySpan], days: list[SpecialSpan]) -> None:
    schedule = Schedule(ZoneInfo(zone), tuple(week), tuple(days))
    expected = by_the_table(schedule)

    assert (by_the_edges(schedule) == expected).all()
    edges = np.flatnonzero(expected[1:] != expected[:-1])
    looked_at = {*range(0, MINUTES, 97), *edges.tolist(), *(edges + 1).tolist()}
    for minute in looked_at:
        assert schedule.open_at(START + minute * MINUTE) == expected[minute], START + minute * MINUTE


@pytest.mark.parametrize("zone", ZONES)
@given(
    week=st.lists(weekly, min_size=1, max_size=8),
    days=st.lists(specials, max_size=4),
    last_order_minutes=st.sampled_from([15, 45, 120]),
)
@settings(max_examples=5, deadline=None)
def test_no_order_is_taken_in_the_last_minutes(
    zone: str, week: list[WeeklySpan], days: list[SpecialSpan], last_order_minutes: int
) -> None:
    """What the table says: open now and at every minute until the last order's distance from now."""
    schedule = Schedule(ZoneInfo(zone), tuple(week), tuple(days), timedelta(minutes=last_order_minutes))
    is_open = by_the_table(schedule)
    run = np.zeros(MINUTES + 1, dtype=np.int64)  # how many minutes from here it stays open
    for minute in range(MINUTES - 1, -1, -1):
        run[minute] = run[minute + 1] + 1 if is_open[minute] else 0
    takes = run[:-1] > last_order_minutes
    edges = np.flatnonzero(takes[1:] != takes[:-1])
    looked_at = {*range(0, MINUTES - 14 * DAY_MINUTES, 997), *edges.tolist(), *(edges + 1).tolist()}
    for minute in sorted(looked_at):
        at = START + minute * MINUTE
        if minute < MINUTES - 14 * DAY_MINUTES:  # beyond, the table ends before the opening does
            assert schedule.takes_orders(at) == takes[minute], at


def at(zone: str, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold)  # type: ignore[arg-type,misc]


SATURDAY, SUNDAY = 5, 6
# zone, (the night in spring, the hour that is missing), (the night in autumn, the hour that comes twice)
NIGHTS = [("Europe/Helsinki", (3, 29, 3), (10, 25, 3)), ("America/New_York", (3, 8, 2), (11, 1, 1))]


@pytest.mark.parametrize(("zone", "spring", "autumn"), NIGHTS)
def test_a_bar_on_the_nights_when_the_clock_jumps(
    zone: str, spring: tuple[int, int, int], autumn: tuple[int, int, int]
) -> None:
    """Saturdays from 20:00 to 05:00: an hour shorter in spring and an hour longer in autumn."""
    bar = Schedule(ZoneInfo(zone), (WeeklySpan(SATURDAY, time(20), time(5)),), (), timedelta(minutes=30))
    for (month, day, _), hours_open in ((spring, 8), (autumn, 10)):
        opens = at(zone, YEAR, month, day, 20) - DAY
        closes = at(zone, YEAR, month, day, 5)
        assert bar.next_opening(opens - MINUTE) == opens
        assert bar.closes_at(opens) == closes
        assert closes.astimezone(UTC) - opens.astimezone(UTC) == timedelta(hours=hours_open)
        assert bar.last_order_at(opens) == closes.astimezone(UTC) - timedelta(minutes=30)
        assert not bar.open_at(closes)


@pytest.mark.parametrize(("zone", "spring", "autumn"), NIGHTS)
def test_a_closing_in_the_missing_hour_is_when_the_clock_jumps(
    zone: str, spring: tuple[int, int, int], autumn: tuple[int, int, int]
) -> None:
    month, day, missing = spring
    late = Schedule(ZoneInfo(zone), (WeeklySpan(SATURDAY, time(20), time(missing, 30)),))
    jump = at(zone, YEAR, month, day, missing + 1)
    assert late.closes_at(at(zone, YEAR, month, day, 0)) == jump
    early = Schedule(ZoneInfo(zone), (WeeklySpan(SUNDAY, time(missing, 30), time(9)),))
    assert early.next_opening(at(zone, YEAR, month, day, 0)) == jump
    inside = Schedule(ZoneInfo(zone), (WeeklySpan(SUNDAY, time(missing, 10), time(missing, 50)),))
    assert (
        inside.next_opening(at(zone, YEAR, month, day, 0))
        == at(zone, YEAR, month, day, missing, 10) + 7 * DAY
    )


@pytest.mark.parametrize(("zone", "spring", "autumn"), NIGHTS)
def test_a_closing_in_the_double_hour_is_the_first_one(
    zone: str, spring: tuple[int, int, int], autumn: tuple[int, int, int]
) -> None:
    month, day, double = autumn
    late = Schedule(ZoneInfo(zone), (WeeklySpan(SATURDAY, time(20), time(double, 30)),))
    closes = at(zone, YEAR, month, day, double, 30).astimezone(UTC)  # an hour that comes twice equals nothing
    assert late.closes_at(at(zone, YEAR, month, day, 0)) == closes
    assert not late.open_at(at(zone, YEAR, month, day, double, 15, fold=1))
    early = Schedule(ZoneInfo(zone), (WeeklySpan(SUNDAY, time(double, 30), time(9)),))
    assert early.next_opening(at(zone, YEAR, month, day, 0)) == closes
    assert early.open_at(at(zone, YEAR, month, day, double, 15, fold=1))


HELSINKI = "Europe/Helsinki"
EVERY_DAY = tuple(WeeklySpan(day, time(11), time(22)) for day in range(7))


def test_a_holiday_of_every_year_and_the_year_it_is_different() -> None:
    independence = date(2000, 12, 6)
    place = Schedule(
        ZoneInfo(HELSINKI),
        EVERY_DAY,
        (
            SpecialSpan(independence, repeats_yearly=True),
            SpecialSpan(date(2027, 12, 6), time(12), time(15)),
            SpecialSpan(date(2027, 12, 6), time(18), time(1)),
        ),
    )
    for year in (2025, 2026, 2028):
        assert not place.open_at(at(HELSINKI, year, 12, 6, 13)), year
        assert place.open_at(at(HELSINKI, year, 12, 5, 13)), year
    assert place.open_at(at(HELSINKI, 2027, 12, 6, 13))
    assert not place.open_at(at(HELSINKI, 2027, 12, 6, 16))
    assert place.open_at(at(HELSINKI, 2027, 12, 7, 0, 59))


def test_29_february_comes_in_leap_years_only() -> None:
    place = Schedule(ZoneInfo(HELSINKI), EVERY_DAY, (SpecialSpan(date(2000, 2, 29), repeats_yearly=True),))
    assert not place.open_at(at(HELSINKI, 2028, 2, 29, 13))
    assert place.open_at(at(HELSINKI, 2027, 2, 28, 13))
    assert place.open_at(at(HELSINKI, 2027, 3, 1, 13))


def test_an_opening_shorter_than_the_last_order_never_takes_one() -> None:
    short = tuple(WeeklySpan(day, time(12), time(12, 30)) for day in range(7))
    noon = at(HELSINKI, 2026, 5, 4, 12)
    assert Schedule(ZoneInfo(HELSINKI), short, (), timedelta(minutes=30)).next_order(noon) is None
    assert Schedule(ZoneInfo(HELSINKI), short, (), timedelta(minutes=29)).next_order(noon) == noon


def test_the_next_order_is_after_the_last_one() -> None:
    place = Schedule(ZoneInfo(HELSINKI), EVERY_DAY, (), timedelta(minutes=45))
    late = at(HELSINKI, 2026, 5, 4, 21, 15)
    assert place.takes_orders(late - MINUTE)
    assert not place.takes_orders(late)
    assert place.open_at(late)
    assert place.next_order(late) == at(HELSINKI, 2026, 5, 5, 11)


def test_openings_are_joined_and_cut_to_what_was_asked() -> None:
    split = (*EVERY_DAY, WeeklySpan(0, time(22), time(2)))
    monday = at(HELSINKI, 2026, 5, 4, 12)
    assert Schedule(ZoneInfo(HELSINKI), split).openings(monday, monday + DAY) == [
        (at(HELSINKI, 2026, 5, 4, 11), at(HELSINKI, 2026, 5, 5, 2)),
        (at(HELSINKI, 2026, 5, 5, 11), at(HELSINKI, 2026, 5, 5, 22)),
    ]


@given(st.lists(weekly, max_size=6))
@settings(max_examples=200, deadline=None)
def test_overlap_is_a_minute_that_is_counted_twice(week: list[WeeklySpan]) -> None:
    counts = np.zeros(7 * DAY_MINUTES, dtype=np.int64)
    for span in week:
        begin = span.weekday * DAY_MINUTES + span.opens.hour * 60 + span.opens.minute
        length = (span.closes.hour - span.opens.hour) * 60 + span.closes.minute - span.opens.minute
        length += DAY_MINUTES if length <= 0 else 0
        counts[np.arange(begin, begin + length) % len(counts)] += 1
    assert (week_overlap(week) is None) == (counts.max(initial=0) <= 1)


def test_overlap_in_a_day() -> None:
    assert day_overlap([(time(18), time(2)), (time(11), time(14))]) is None
    assert day_overlap([(time(11), time(14)), (time(14), time(18))]) is None
    assert day_overlap([(time(11), time(14, 1)), (time(14), time(18))]) == (time(14), time(18))
    assert day_overlap([(time(0), time(0)), (time(14), time(18))]) == (time(14), time(18))
