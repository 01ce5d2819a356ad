"""OpenStreetMap `opening_hours` to weekly rows: the opening_hours library evaluated over one plain week."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from opening_hours import OpeningHours, ParserError, State

from deliveryapp.city.cut.elements import WeeklyRow

_MONDAY = datetime.combine(date(2024, 4, 15), time())  # a week without public holidays or clock change
_DAY = timedelta(days=1)
# "2017 Jul 1 - 2017 Aug 8 Sa off": a season that is over, which the library takes for a yearly one
_DATED_RULE = re.compile(r";[^;]*\b(?:19|20)\d\d [A-Z][^;]*")
_LOST_SEPARATOR = re.compile(r"(?<=\d) (?=(?:Mo|Tu|We|Th|Fr|Sa|Su)\b)")


def weekly_hours(text: str) -> list[WeeklyRow]:
    """Rows (weekday, opens, closes), Monday = 0, "HH:MM"; closes <= opens means the next day.

    Empty for what cannot be read as definite weekly hours. A span belongs to the day it begins on; what runs
    through several days ("24/7") is cut at midnight into whole days "00:00" to "00:00".
    """
    spans = _merged(_spans(text))
    # the week is read with a day on either side, so that a span over Sunday night is seen whole, once
    return sorted(
        (piece_start.weekday(), f"{piece_start:%H:%M}", f"{piece_end:%H:%M}")
        for start, end in spans
        for piece_start, piece_end in _days(start, end)
        if _MONDAY <= piece_start < _MONDAY + 7 * _DAY
    )


def _spans(text: str) -> list[tuple[datetime, datetime]]:
    try:
        rules = OpeningHours(_LOST_SEPARATOR.sub("; ", _DATED_RULE.sub("", text)))
    except ParserError:
        return []
    read = rules.intervals(_MONDAY - _DAY, _MONDAY + 8 * _DAY)
    return [
        (start.replace(tzinfo=None), (end or _MONDAY + 8 * _DAY).replace(tzinfo=None))
        for start, end, state, _ in read
        if state == State.OPEN
    ]


def _merged(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Joins spans that touch, as when only the comment changes between them."""
    joined: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if joined and joined[-1][1] >= start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _days(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """A span of up to 24 hours as it is; a longer one cut at each midnight."""
    if end - start <= _DAY:
        return [(start, end)]
    pieces = []
    while start < end:
        midnight = datetime.combine(start.date(), time()) + _DAY
        pieces.append((start, min(midnight, end)))
        start = midnight
    return pieces
