"""Where drivers are right now: in Redis, per region, gone soon after they fall silent.

`drivers` is a GEO set of everybody seen lately, `seen` says when (server clock, ms), `driver:<id>` holds
the newest position. One script writes a batch, so that an older position never replaces a newer one;
another drops the silent from the GEO set before a search, so that a search finds only those seen within
`SEEN_WITHIN_S`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from deliveryapp.errors import Unavailable
from deliveryapp.geo import Point
from deliveryapp.redis import async_client, client, key

SEEN_WITHIN_S = 30
KEPT_S = 120
BATCH = 500
ASKED_WITHIN = timedelta(minutes=1)
MAX_LATITUDE = 85.05  # the limit of Redis GEO (Web Mercator)

# KEYS: drivers, seen, then a hash per row. ARGV: ttl, then per row id lat lng heading speed accuracy ts seq.
WRITE = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local written = {}
for n = 3, #KEYS do
  local a = 2 + (n - 3) * 8
  local last = redis.call('HMGET', KEYS[n], 'ts', 'seq')
  local ts, seq = tonumber(ARGV[a + 6]), tonumber(ARGV[a + 7])
  local last_ts = tonumber(last[1])
  if not last_ts or ts > last_ts or (ts == last_ts and seq > tonumber(last[2])) then
    redis.call('GEOADD', KEYS[1], ARGV[a + 2], ARGV[a + 1], ARGV[a])
    redis.call('ZADD', KEYS[2], now_ms, ARGV[a])
    redis.call('HSET', KEYS[n], 'lat', ARGV[a + 1], 'lng', ARGV[a + 2], 'heading', ARGV[a + 3],
      'speed', ARGV[a + 4], 'accuracy', ARGV[a + 5], 'ts', ARGV[a + 6], 'seq', ARGV[a + 7], 'seen', now_ms)
    redis.call('EXPIRE', KEYS[n], ARGV[1])
    written[#written + 1] = 1
  else
    written[#written + 1] = 0
  end
end
return written
"""

# KEYS: drivers, seen. ARGV: seconds of silence.
DROP_SILENT = """
local silent = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', redis.call('TIME')[1] * 1000 - ARGV[1] * 1000,
  'LIMIT', 0, 5000)
for first = 1, #silent, 1000 do
  local last = math.min(first + 999, #silent)
  redis.call('ZREM', KEYS[1], unpack(silent, first, last))
  redis.call('ZREM', KEYS[2], unpack(silent, first, last))
end
return #silent
"""


class PositionsUnavailable(Unavailable):
    """Redis does not answer; live positions are unknown."""

    code, title = "positions_unavailable", "Live positions are unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """`at` is the device's clock, `seen_at` ours (None before it was written). Degrees, m/s, metres."""

    driver_id: UUID
    point: Point
    at: datetime
    seq: int = 0
    heading: float | None = None
    speed: float | None = None
    accuracy: float | None = None
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Neighbour:
    driver_id: UUID
    distance_m: float
    point: Point


@dataclass(frozen=True, slots=True)
class Circle:
    center: Point
    radius_m: float


def write_many(*, region: str, rows: Sequence[Position]) -> list[bool]:
    """Store positions, one round trip per 500; False where a newer one is there. Raises
    PositionsUnavailable."""
    script = client().register_script(WRITE)
    written: list[bool] = []
    try:
        for first in range(0, len(rows), BATCH):
            keys, args = _write_call(region, rows[first : first + BATCH])
            written += map(bool, script(keys=keys, args=args))
    except RedisError as error:
        raise PositionsUnavailable(str(error)) from error
    return written


async def awrite_many(*, region: str, rows: Sequence[Position]) -> list[bool]:
    """`write_many` for the event loop."""
    script = async_client().register_script(WRITE)
    written: list[bool] = []
    try:
        for first in range(0, len(rows), BATCH):
            keys, args = _write_call(region, rows[first : first + BATCH])
            written += map(bool, await script(keys=keys, args=args))
    except RedisError as error:
        raise PositionsUnavailable(str(error)) from error
    return written


def nearby(*, region: str, point: Point, radius_m: float) -> list[Neighbour]:
    """Drivers within the circle seen lately, nearest first. Raises PositionsUnavailable."""
    return nearby_many(region=region, circles=[Circle(point, radius_m)])[0]


def nearby_many(*, region: str, circles: Sequence[Circle]) -> list[list[Neighbour]]:
    """`nearby` for each circle in one round trip."""
    drivers, seen = key("drivers", region), key("seen", region)
    pipe = client().pipeline(transaction=False)
    pipe.eval(DROP_SILENT, 2, drivers, seen, str(SEEN_WITHIN_S))
    for circle in circles:
        pipe.geosearch(
            drivers,
            longitude=circle.center.lng,
            latitude=circle.center.lat,
            radius=circle.radius_m,
            unit="m",
            sort="ASC",
            withdist=True,
            withcoord=True,
        )
    try:
        answers = pipe.execute()[1:]
    except RedisError as error:
        raise PositionsUnavailable(str(error)) from error
    return [[_neighbour(found) for found in answer] for answer in answers]


def get_many(*, region: str, driver_ids: Collection[UUID]) -> dict[UUID, Position]:
    """The newest position of each; those silent for two minutes are absent. Raises PositionsUnavailable."""
    ids = list(driver_ids)
    pipe = client().pipeline(transaction=False)
    for driver_id in ids:
        pipe.hgetall(_hash(region, driver_id))
    try:
        answers: list[Mapping[bytes, bytes]] = pipe.execute() if ids else []
    except RedisError as error:
        raise PositionsUnavailable(str(error)) from error
    return {i: _read(i, answer) for i, answer in zip(ids, answers, strict=True) if answer}


def heard_without_gap_since(*, region: str, now: datetime) -> datetime:
    """Since when this store holds what it was told, as far as the asker could see by asking again and again:
    from now on after it lost its memory, or after nobody asked for a minute. Raises PositionsUnavailable.
    """
    listening = key("listening", region)
    try:
        known: Any = client().get(listening)
        since = _since(known, now)
        client().set(listening, _stamp(since, now))
    except RedisError as error:
        raise PositionsUnavailable(str(error)) from error
    return since


def _since(known: bytes | None, now: datetime) -> datetime:
    if known is None:
        return now
    since, asked_at = (datetime.fromtimestamp(float(part), UTC) for part in known.decode().split())
    return since if now - asked_at <= ASKED_WITHIN else now


def _stamp(since: datetime, asked_at: datetime) -> str:
    return f"{since.timestamp()} {asked_at.timestamp()}"


def forget(*, region: str, driver_id: UUID) -> None:
    """He left: no search finds him and nobody sees where he was. Raises PositionsUnavailable."""
    pipe = client().pipeline(transaction=False)
    pipe.zrem(key("drivers", region), str(driver_id))
    pipe.zrem(key("seen", region), str(driver_id))
    pipe.delete(_hash(region, driver_id))
    try:
        pipe.execute()
    except RedisError as error:
        raise PositionsUnavailable(str(error)) from error


def _hash(region: str, driver_id: UUID) -> str:
    return key(f"driver:{driver_id}", region)


def _write_call(region: str, rows: Sequence[Position]) -> tuple[list[str], list[str]]:
    keys = [key("drivers", region), key("seen", region), *(_hash(region, row.driver_id) for row in rows)]
    args = [str(KEPT_S)]
    for row in rows:
        args += (
            str(row.driver_id),
            repr(max(-MAX_LATITUDE, min(MAX_LATITUDE, row.point.lat))),
            repr(row.point.lng),
            _text(row.heading),
            _text(row.speed),
            _text(row.accuracy),
            str(int(row.at.timestamp() * 1000)),
            str(row.seq),
        )
    return keys, args


def _text(value: float | None) -> str:
    return "" if value is None else repr(value)


def _neighbour(found: Any) -> Neighbour:
    member, distance_m, (lng, lat) = found
    return Neighbour(UUID(member.decode()), float(distance_m), Point(float(lat), float(lng)))


def _read(driver_id: UUID, fields: Mapping[bytes, bytes]) -> Position:
    return Position(
        driver_id=driver_id,
        point=Point(float(fields[b"lat"]), float(fields[b"lng"])),
        at=_moment(fields[b"ts"]),
        seq=int(fields[b"seq"]),
        heading=_number(fields[b"heading"]),
        speed=_number(fields[b"speed"]),
        accuracy=_number(fields[b"accuracy"]),
        seen_at=_moment(fields[b"seen"]),
    )


def _number(text: bytes) -> float | None:
    return float(text) if text else None


def _moment(milliseconds: bytes) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
