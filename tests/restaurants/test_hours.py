"""Opening hours against a table of minutes: every minute of the weeks around clock changes is looked at."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restaurants.hours import Schedule, SpecialSpan, WeeklySpan, first_instant

MINUTE, DAY, WEEK = timedelta(minutes=1), timedelta(days=1), timedelta(days=7)
MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6

# zone, and the UTC day in whose neighbourhood its clock jumps
JUMPS = [
    ("Europe/Berlin", date(2025, 3, 30)),  # 02:00 -> 03:00
    ("Europe/Berlin", date(2025, 10, 26)),  # 03:00 -> 02:00
    ("Europe/Helsinki", date(2025, 3, 30)),
    ("America/New_York", date(2025, 3, 9)),
    ("America/New_York", date(2025, 11, 2)),
    ("Australia/Lord_Howe", date(2025, 4, 6)),  # half an hour back
    ("Australia/Lord_Howe", date(2025, 10, 5)),  # half an hour forward
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that never was
    ("America/Havana", date(2025, 11, 2)),  # back from 01:00 to 00:00
    ("America/St_Johns", date(2006, 10, 29)),  # back from 00:01 to 23:01 of the day before
    ("Asia/Tokyo", date(2025, 7, 1)),  # no jump
]


@cache
def minutes_around(zone: str, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """Every minute of two days: the instant, and the latest wall time that the clock has shown by then."""
    start = datetime.combine(day, time(), UTC) - DAY / 2
    rows, latest = [], datetime.min
    for i in range(2 * 24 * 60):
        instant = start + i * MINUTE
        latest = max(latest, instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        rows.append((instant, latest))
    return tuple(rows)


def open_by_the_wall(schedule: Schedule, latest_wall: datetime) -> bool:
    """The same question asked of a clock that is never put back: plain wall time, no instants at all."""
    today = latest_wall.date()
    for day in (today - DAY, today):
        for opens, closes in spans_of(schedule, day):
            begin = datetime.combine(day, opens)
            end = datetime.combine(day if closes > opens else day + DAY, closes)
            if begin <= latest_wall < end:
                return True
    return False


def spans_of(schedule: Schedule, day: date) -> list[tuple[time, time]]:
    special = [span for span in schedule.specials if span.date == day]
    if any(span.opens is None for span in special):
        return []
    if special:
        return [(span.opens, span.closes) for span in special if span.opens and span.closes is not None]
    return [(span.opens, span.closes) for span in schedule.week if span.weekday == day.weekday()]


wall_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 45, 59]))
night_times = st.builds(time, st.integers(0, 4), st.sampled_from([0, 1, 15, 30, 45]))
times = st.one_of(wall_times, night_times)


def weeks(around: date) -> st.SearchStrategy[list[WeeklySpan]]:
    """Spans that favour the night in question, where the clock jumps between two and three or so."""
    near = st.sampled_from([(around + offset * DAY).weekday() for offset in (-1, 0, 0, 1)])
    spans = st.builds(WeeklySpan, st.one_of(near, st.integers(0, 6)), times, times)
    return st.lists(spans, min_size=1, max_size=8)


@st.composite
def special_days(draw: st.DrawFn, around: date) -> list[SpecialSpan]:
    days = draw(st.lists(st.integers(-3, 3), max_size=3))
    closed = st.just((None, None))
    hours = st.tuples(times, times)
    return [SpecialSpan(around + offset * DAY, *draw(st.one_of(closed, hours))) for offset in days]


@pytest.mark.parametrize(("zone", "day"), JUMPS)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_every_minute_agrees_with_the_table(zone: str, day: date, data: st.DataObject) -> None:
    week, specials = data.draw(weeks(day)), data.draw(special_days(day))
    schedule = Schedule(ZoneInfo(zone), tuple(week), tuple(specials))

    for instant, latest_wall in minutes_around(zone, day):
        assert schedule.open_at(instant) == open_by_the_wall(schedule, latest_wall), instant


@pytest.mark.parametrize(("zone", "day"), JUMPS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_next_opening_and_closing_are_the_edges_of_being_open(
    zone: str, day: date, data: st.DataObject
) -> None:
    schedule = Schedule(ZoneInfo(zone), tuple(data.draw(weeks(day))), tuple(data.draw(special_days(day))))
    at = datetime.combine(day, time(), UTC) + data.draw(st.integers(-2 * 1440, 2 * 1440)) * MINUTE
    is_open, opening, closing = schedule.open_at(at), schedule.next_opening(at), schedule.closes_at(at)

    if is_open:
        assert opening == at
    if closing is not None:
        assert is_open
        assert schedule.open_at(closing - MINUTE)
        assert not schedule.open_at(closing)
        assert all(schedule.open_at(at + i * MINUTE) for i in range(0, (closing - at) // MINUTE, 17))
    if opening is not None and not is_open:
        assert schedule.open_at(opening)
        assert not schedule.open_at(opening - MINUTE)
        assert not any(schedule.open_at(at + i * MINUTE) for i in range(0, (opening - at) // MINUTE, 31))


HELSINKI = ZoneInfo("Europe/Helsinki")
BERLIN = ZoneInfo("Europe/Berlin")


def local(zone: ZoneInfo, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=zone, fold=fold)  # type: ignore[arg-type,misc]


def bar(zone: ZoneInfo = HELSINKI, *specials: SpecialSpan) -> Schedule:
    """Fridays from six in the evening until two at night."""
    return Schedule(zone, (WeeklySpan(FRIDAY, time(18), time(2)),), specials)


def test_past_midnight() -> None:
    friday_bar = bar()
    assert not friday_bar.open_at(local(HELSINKI, 2025, 5, 9, 17, 59, 59))
    assert friday_bar.open_at(local(HELSINKI, 2025, 5, 9, 18))
    assert friday_bar.open_at(local(HELSINKI, 2025, 5, 10, 1, 59, 59))
    assert not friday_bar.open_at(local(HELSINKI, 2025, 5, 10, 2))
    assert friday_bar.closes_at(local(HELSINKI, 2025, 5, 9, 23)) == local(HELSINKI, 2025, 5, 10, 2)
    assert friday_bar.next_opening(local(HELSINKI, 2025, 5, 10, 2)) == local(HELSINKI, 2025, 5, 16, 18)


def test_the_asker_s_zone_does_not_matter() -> None:
    assert bar().open_at(datetime(2025, 5, 9, 15, tzinfo=UTC))
    assert bar().open_at(local(ZoneInfo("Asia/Tokyo"), 2025, 5, 10, 0))


def test_around_the_clock_never_closes() -> None:
    always = Schedule(BERLIN, tuple(WeeklySpan(day, time(0), time(0)) for day in range(7)))
    for instant, _ in minutes_around("Europe/Berlin", date(2025, 3, 30))[::7]:
        assert always.open_at(instant)
    assert always.closes_at(datetime(2025, 3, 30, tzinfo=UTC)) is None


def test_one_whole_day() -> None:
    saturday = Schedule(BERLIN, (WeeklySpan(SATURDAY, time(0), time(0)),))
    assert saturday.next_opening(local(BERLIN, 2025, 5, 5, 12)) == local(BERLIN, 2025, 5, 10)
    assert saturday.closes_at(local(BERLIN, 2025, 5, 10, 12)) == local(BERLIN, 2025, 5, 11)


def test_touching_spans_close_once() -> None:
    split = Schedule(BERLIN, (WeeklySpan(SATURDAY, time(20), time(0)), WeeklySpan(SUNDAY, time(0), time(3))))
    assert split.closes_at(local(BERLIN, 2025, 5, 10, 21)) == local(BERLIN, 2025, 5, 11, 3)


def test_a_holiday_closes_its_own_day_and_not_the_night_before() -> None:
    closed_saturday = bar(HELSINKI, SpecialSpan(date(2025, 5, 10)))
    assert closed_saturday.open_at(local(HELSINKI, 2025, 5, 10, 1))
    closed_friday = bar(HELSINKI, SpecialSpan(date(2025, 5, 9)))
    assert not closed_friday.open_at(local(HELSINKI, 2025, 5, 9, 20))
    assert closed_friday.next_opening(local(HELSINKI, 2025, 5, 9, 20)) == local(HELSINKI, 2025, 5, 16, 18)


def test_a_special_day_has_its_own_hours() -> None:
    long_monday = bar(HELSINKI, SpecialSpan(date(2025, 5, 12), time(10), time(1)))
    assert long_monday.open_at(local(HELSINKI, 2025, 5, 13, 0, 59))
    assert long_monday.closes_at(local(HELSINKI, 2025, 5, 12, 10)) == local(HELSINKI, 2025, 5, 13, 1)


def test_closed_for_good_has_no_next_opening() -> None:
    never = Schedule(HELSINKI, ())
    assert never.next_opening(datetime(2025, 5, 9, tzinfo=UTC)) is None
    assert never.closes_at(datetime(2025, 5, 9, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("day", "wall", "expected"),
    [
        (date(2025, 3, 30), time(1, 59, 59), datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC)),
        (date(2025, 3, 30), time(2, 30), datetime(2025, 3, 30, 1, tzinfo=UTC)),  # missing: when it is 03:00
        (date(2025, 3, 30), time(3), datetime(2025, 3, 30, 1, tzinfo=UTC)),
        (date(2025, 10, 26), time(2, 30), datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),  # double: the first
        (date(2025, 10, 26), time(3), datetime(2025, 10, 26, 2, tzinfo=UTC)),
    ],
)
def test_wall_times_that_are_missing_or_double(day: date, wall: time, expected: datetime) -> None:
    assert first_instant(day, wall, BERLIN) == expected


def test_the_last_second_before_the_clock_jumps() -> None:
    night = Schedule(BERLIN, (WeeklySpan(SATURDAY, time(18), time(2)),))
    assert night.open_at(datetime(2025, 3, 30, 0, 59, 59, tzinfo=UTC))
    assert not night.open_at(datetime(2025, 3, 30, 1, tzinfo=UTC))
