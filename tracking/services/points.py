"""Points as devices send them, and which of them to believe. Pure.

A frame that is no list of points is refused whole; a single bad point is dropped with its reason, and the
driver's app learns both from the acknowledgement.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from deliveryapp.geo import Point, haversine_m
from deliveryapp.positions import MAX_LATITUDE, Position
from tracking.errors import PointsInvalid

MAX_POINTS = 100
MAX_SPEED_M_S = 60.0
MAX_ACCURACY_M = 500.0
OLDEST = timedelta(days=1)
JUMPS_BELIEVED_AT = 3  # not these were the mistake then, but the point before them
MAX_NUMBER = 1e15  # integers of JSON have no bound of their own
MILLISECONDS_FROM = 1e11  # a timestamp above is in milliseconds, below in seconds


@dataclass(slots=True)
class Track:
    """What is known of a driver's way so far."""

    last: Position | None = None
    jumps: int = 0


@dataclass(frozen=True, slots=True)
class Dropped:
    """`reason`: invalid, inaccurate, too_old, not_newer or jump."""

    seq: int
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {"seq": self.seq, "reason": self.reason}


@dataclass(slots=True)
class Judged:
    seq: int = 0
    accepted: list[Position] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """`seq` is the highest seen: the app may forget everything up to it."""
        return {
            "seq": self.seq,
            "accepted": len(self.accepted),
            "dropped": [point.as_json() for point in self.dropped],
        }


def read_points(body: object) -> list[Mapping[str, Any]]:
    """The points of a `positions` body, or the one point that the body is. Raises PointsInvalid."""
    match body:
        case {"points": list(points)}:
            pass
        case {"lat": _, "lng": _}:
            points = [body]
        case _:
            raise PointsInvalid
    if not 1 <= len(points) <= MAX_POINTS or not all(isinstance(point, dict) for point in points):
        raise PointsInvalid
    return points


def judge(
    points: Sequence[Mapping[str, Any]], *, driver_id: UUID, track: Track, now: datetime, speed: float
) -> Judged:
    """Believe or drop each point, oldest first; `track` moves along. `speed`: city seconds per real one."""
    judged = Judged(seq=max(_seq(point) for point in points))
    for point in sorted(points, key=lambda point: _moment(point, now) or now):
        position, reason = _read(point, driver_id, now)
        if position is not None:
            reason = _doubt(position, track, speed)
        if position is None or reason:
            judged.dropped.append(Dropped(_seq(point), reason))
        else:
            track.last, track.jumps = position, 0
            judged.accepted.append(position)
    return judged


def _read(point: Mapping[str, Any], driver_id: UUID, now: datetime) -> tuple[Position | None, str]:
    lat, lng = _number(point.get("lat")), _number(point.get("lng"))
    at, accuracy = _moment(point, now), _number(point.get("accuracy"))
    if lat is None or lng is None or abs(lat) > MAX_LATITUDE or abs(lng) > 180 or at is None:
        return None, "invalid"
    if accuracy is not None and accuracy > MAX_ACCURACY_M:
        return None, "inaccurate"
    if at < now - OLDEST:
        return None, "too_old"
    heading, pace = _number(point.get("heading")), _number(point.get("speed"))
    return Position(
        driver_id=driver_id,
        point=Point(lat, lng),
        at=min(at, now),  # a fast clock must not make its points win over all later ones
        seq=_seq(point),
        heading=heading % 360 if heading is not None else None,
        speed=max(0.0, pace) if pace is not None else None,
        accuracy=max(0.0, accuracy) if accuracy is not None else None,
    ), ""


def _doubt(position: Position, track: Track, speed: float) -> str:
    """Why not to believe a well-formed point; empty if there is no reason."""
    last = track.last
    if last is None:
        return ""
    if (position.at, position.seq) <= (last.at, last.seq):
        return "not_newer"
    elapsed_s = max(1.0, (position.at - last.at).total_seconds()) * speed
    if haversine_m(last.point, position.point) <= MAX_SPEED_M_S * elapsed_s:
        return ""
    track.jumps += 1
    return "jump" if track.jumps < JUMPS_BELIEVED_AT else ""


def _seq(point: Mapping[str, Any]) -> int:
    value = point.get("seq")
    return value if type(value) is int and 0 <= value < 2**53 else 0


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MAX_NUMBER:
        return None
    return float(value) if math.isfinite(value) else None


def _moment(point: Mapping[str, Any], now: datetime) -> datetime | None:
    """`ts`: ISO 8601, or seconds or milliseconds since 1970; now when absent, None when unreadable."""
    match point.get("ts"):
        case None:
            return now
        case str(text):
            return _iso(text)
        case value if (stamp := _number(value)) is not None and stamp >= 0:
            return datetime.fromtimestamp(min(stamp / 1000 if stamp > MILLISECONDS_FROM else stamp, 4e9), UTC)
    return None


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
