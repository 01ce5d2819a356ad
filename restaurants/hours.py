"""Opening hours as craft: is it open, when does it open, when does it close. Pure; no Django.

Hours are wall times in the restaurant's own zone. A clock that is put forward or back makes some wall
times missing or double, so every wall time is first turned into the one instant at which the wall clock
*first* reads it or a later time. Spans that touch on the wall then touch in time on every night of the
year, without gap or overlap, and a day that a zone skipped is never open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LOOK_AHEAD = timedelta(days=60)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class WeeklySpan:
    """Weekday 0 is Monday. `closes` <= `opens` ends on the next day; 00:00 to 00:00 is the whole day."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class SpecialSpan:
    """Replaces the weekly spans of `date`; without times that day is closed. Several may share a day."""

    date: date
    opens: time | None = None
    closes: time | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """When one place is open. Instants go in aware and come out in UTC."""

    zone: ZoneInfo
    week: tuple[WeeklySpan, ...]
    specials: tuple[SpecialSpan, ...] = ()

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
        special = [(span.opens, span.closes) for span in self.specials if span.date == day]
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


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _DAY
