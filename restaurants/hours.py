"""Opening hours as craft: is it open, when does it open, when does it close. Pure; no Django.

Hours are wall times in the restaurant's own zone. A clock that is put forward or back makes some wall
times missing or double, so every wall time is first turned into the one instant at which the wall clock
*first* reads it or a later time. Spans that touch on the wall then touch in time on every night of the
year, without gap or overlap, and a day that a zone skipped is never open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LOOK_AHEAD = timedelta(days=60)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class WeeklySpan:
    """Weekday 0 is Monday. `closes` <= `opens` ends on the next day; 00:00 to 00:00 is the whole day."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class SpecialSpan:
    """Replaces the weekly spans of `date`; without times that day is closed. Several may share a day.

    With `repeats_yearly` it replaces those of that day and month in every year, unless the very date has
    spans of its own.
    """

    date: date
    opens: time | None = None
    closes: time | None = None
    repeats_yearly: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """When one place is open, and until how long before closing it takes orders. Instants go in aware and
    come out in UTC.
    """

    zone: ZoneInfo
    week: tuple[WeeklySpan, ...]
    specials: tuple[SpecialSpan, ...] = ()
    last_order: timedelta = timedelta(0)

    def open_at(self, at: datetime) -> bool:
        """Whether the doors are open; at the closing instant they are not."""
        today = self._local_date(at)
        return any(opens <= at < closes for opens, closes in self._openings(today - _DAY, today + _DAY))

    def next_opening(self, at: datetime) -> datetime | None:
        """The first open instant from `at` on, `at` itself when open; None if there is none in LOOK_AHEAD."""
        today = self._local_date(at)
        openings = self._openings(today - _DAY, today + LOOK_AHEAD)
        return next((max(opens, at).astimezone(UTC) for opens, closes in openings if at < closes), None)

    def closes_at(self, at: datetime) -> datetime | None:
        """When the opening that covers `at` ends, touching spans joined; None if closed or open all week."""
        end, today = at, self._local_date(at)
        for opens, closes in self._openings(today - _DAY, today + 8 * _DAY):
            if opens > end:
                break
            end = max(end, closes)
        return end.astimezone(UTC) if at < end < at + 7 * _DAY else None

    def last_order_at(self, at: datetime) -> datetime | None:
        """From when on the opening that covers `at` takes no order; None if closed or open all week."""
        closes_at = self.closes_at(at)
        return closes_at and closes_at - self.last_order

    def takes_orders(self, at: datetime) -> bool:
        """Open, and not yet past the last order."""
        if not self.open_at(at):
            return False
        last_at = self.last_order_at(at) if self.last_order else None
        return last_at is None or at < last_at

    def next_order(self, at: datetime) -> datetime | None:
        """The first instant from `at` on that takes orders, None if there is none in LOOK_AHEAD."""
        opening = self.next_opening(at)
        while opening is not None and opening < at + LOOK_AHEAD:
            if self.takes_orders(opening):
                return opening
            opening = self.next_opening(self.closes_at(opening) or at + LOOK_AHEAD)
        return None

    def openings(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Openings that reach into the time from `start` to `end`, in order, touching ones joined."""
        joined: list[tuple[datetime, datetime]] = []
        for opens, closes in self._openings(self._local_date(start) - _DAY, self._local_date(end) + 8 * _DAY):
            if joined and opens <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], closes))
            else:
                joined.append((opens, closes))
        return [(opens, closes) for opens, closes in joined if opens < end and start < closes]

    def _local_date(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def _openings(self, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
        """Openings that begin on a local day from `first` to `last`, in the order in which they begin."""
        for day in _days(first, last):
            for opens, closes in self._spans_of(day):
                end_day = day if closes > opens else day + _DAY
                begin, end = first_instant(day, opens, self.zone), first_instant(end_day, closes, self.zone)
                if begin < end:  # equal when the clock skipped the whole span
                    yield begin, end

    def _spans_of(self, day: date) -> list[tuple[time, time]]:
        found = [span for span in self.specials if _is_on(span, day)]
        own = [span for span in found if not span.repeats_yearly]
        special = [(span.opens, span.closes) for span in own or found]
        if not special:
            return sorted((span.opens, span.closes) for span in self.week if span.weekday == day.weekday())
        if (None, None) in special:
            return []
        return sorted(
            (opens, closes) for opens, closes in special if opens is not None and closes is not None
        )


def first_instant(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """The first instant (UTC) at which the clock of `zone` reads `day` `wall` or later."""
    local = datetime.combine(day, wall)
    instant = local.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == local:
        return instant
    return _end_of_gap(local, zone, before=local.replace(tzinfo=zone, fold=1).astimezone(UTC), after=instant)


def _end_of_gap(local: datetime, zone: ZoneInfo, *, before: datetime, after: datetime) -> datetime:
    """The transition that skipped `local`: on a whole second between the two readings of PEP 495."""
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).replace(tzinfo=None) < local:
            before = middle
        else:
            after = middle
    return after


def _is_on(span: SpecialSpan, day: date) -> bool:
    """29 February only in leap years."""
    if span.repeats_yearly:
        return (span.date.month, span.date.day) == (day.month, day.day)
    return span.date == day


def week_overlap(week: Sequence[WeeklySpan]) -> WeeklySpan | None:
    """A span that begins before an earlier one has ended, also across Sunday night; None if they fit. Spans
    may touch.
    """
    spans = sorted(week, key=_week_minute)
    ends = [_week_minute(span) + _length(span.opens, span.closes) for span in spans]
    latest = max(ends, default=0) - 7 * _DAY_MINUTES
    for span, end in zip(spans, ends, strict=True):
        if _week_minute(span) < latest:
            return span
        latest = max(latest, end)
    return None


def day_overlap(spans: Sequence[tuple[time, time]]) -> tuple[time, time] | None:
    """The same for the spans of one day, of which the last may run into the next."""
    latest = 0
    for opens, closes in sorted(spans):
        if _minute(opens) < latest:
            return opens, closes
        latest = _minute(opens) + _length(opens, closes)
    return None


def _week_minute(span: WeeklySpan) -> int:
    return span.weekday * _DAY_MINUTES + _minute(span.opens)


def _minute(wall: time) -> int:
    return wall.hour * 60 + wall.minute


def _length(opens: time, closes: time) -> int:
    return (_minute(closes) - _minute(opens) - 1) % _DAY_MINUTES + 1


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _DAY
