"""Craft: the hours in which a part of the menu is served, as wall times of the restaurant's zone. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypedDict
from zoneinfo import ZoneInfo

from restaurants.hours import Schedule, WeeklySpan, first_instant

EVERY_DAY = tuple(range(7))


class WindowJson(TypedDict):
    """As rows keep it: weekdays from 0 (Monday), `HH:MM`; not after `starts` is on the next day."""

    weekdays: list[int]
    starts: str
    ends: str


@dataclass(frozen=True, slots=True)
class Serving:
    """Whether something is served; `next_at` is set only while it is not, None also if that is never."""

    is_on: bool
    next_at: datetime | None = None


ALWAYS = Serving(is_on=True)


def serving(windows: Sequence[WindowJson], *, zone: ZoneInfo, at: datetime) -> Serving:
    """What is without windows is always served. Nights on which the clocks change are as in `hours`."""
    if not windows:
        return ALWAYS
    schedule = Schedule(zone=zone, week=tuple(span for window in windows for span in _spans(window)))
    if schedule.open_at(at):
        return ALWAYS
    return Serving(is_on=False, next_at=schedule.next_opening(at))


def end_of_day(*, zone: ZoneInfo, at: datetime) -> datetime:
    """The instant (UTC) at which the restaurant's next calendar day begins."""
    return first_instant(at.astimezone(zone).date() + timedelta(days=1), time(0), zone)


def _spans(window: WindowJson) -> list[WeeklySpan]:
    starts, ends = time.fromisoformat(window["starts"]), time.fromisoformat(window["ends"])
    return [WeeklySpan(weekday, starts, ends) for weekday in window["weekdays"]]
