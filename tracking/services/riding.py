"""Who rides what, beside the positions in Redis: so that a stream of positions asks the database almost
nothing.

`riding` is a hash per region: driver id -> `{"at": seconds, "trips": [...]}`. Event handlers write it from
the database's truth; an entry that is missing or older than GOOD_FOR_S is read from there again, and only
stored if nobody changed it meanwhile.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import structlog
from redis.exceptions import RedisError

from deliveryapp.geo import Point
from deliveryapp.redis import async_client, client, key
from drivers import facade as drivers
from drivers.facade import TripInfo

log = structlog.get_logger(__name__)

GOOD_FOR_S = 30
Trips = tuple[TripInfo, ...]

# KEYS: riding. ARGV: driver id, what was read (empty for nothing), what to store.
STORE_UNLESS_CHANGED = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') == ARGV[2] then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  return 1
end
return 0
"""


def remember(*, region: str, driver_id: UUID, now: datetime) -> None:
    """After something changed for this driver: store what he is riding now."""
    trips = drivers.live_trips(driver_ids=[driver_id])[driver_id]
    try:
        client().hset(key("riding", region), str(driver_id), _encode(trips, now))
    except RedisError as error:
        log.warning("riding_not_stored", driver_id=str(driver_id), error=str(error))


async def recall(
    *, region: str, driver_ids: Sequence[UUID], now: datetime
) -> tuple[dict[UUID, Trips], "Unknown"]:
    """What is stored and fresh, and what must be asked of the database. Raises RedisError."""
    known: dict[UUID, Trips] = {}
    unknown: Unknown = {}
    fields = [str(driver_id) for driver_id in driver_ids]
    for driver_id, stored in zip(driver_ids, await _stored(region, fields), strict=True):
        entry = orjson.loads(stored) if stored else None
        if entry is not None and now.timestamp() - entry["at"] <= GOOD_FOR_S:
            known[driver_id] = tuple(_decode(trip) for trip in entry["trips"])
        else:
            unknown[driver_id] = stored or b""
    return known, unknown


Unknown = dict[UUID, bytes]
"""Driver id -> what Redis said about him, empty for nothing."""


def ask_database(driver_ids: Collection[UUID]) -> dict[UUID, Trips]:
    return drivers.live_trips(driver_ids=driver_ids)


async def store_unless_changed(
    *, region: str, trips: dict[UUID, Trips], seen: Unknown, now: datetime
) -> None:
    """Raises RedisError."""
    pipe = async_client().pipeline(transaction=False)
    for driver_id, found in trips.items():
        pipe.eval(
            STORE_UNLESS_CHANGED,
            1,
            key("riding", region),
            str(driver_id),
            seen[driver_id],
            _encode(found, now),
        )
    await pipe.execute()


async def _stored(region: str, fields: Sequence[str]) -> list[bytes | None]:
    answer: Any = await async_client().hmget(key("riding", region), list(fields))
    return list(answer)


def _encode(trips: Trips, now: datetime) -> bytes:
    return orjson.dumps({"at": now.timestamp(), "trips": [_plain(trip) for trip in trips]})


def _plain(trip: TripInfo) -> dict[str, Any]:
    return {
        "order_id": str(trip.order_id),
        "pickup": [trip.pickup.lat, trip.pickup.lng],
        "dropoff": [trip.dropoff.lat, trip.dropoff.lng],
        "ready_at": trip.ready_at.isoformat(),
        "picked_up": trip.picked_up,
        "vehicle": trip.vehicle,
    }


def _decode(plain: dict[str, Any]) -> TripInfo:
    return TripInfo(
        order_id=UUID(plain["order_id"]),
        pickup=Point(*plain["pickup"]),
        dropoff=Point(*plain["dropoff"]),
        ready_at=datetime.fromisoformat(plain["ready_at"]),
        picked_up=plain["picked_up"],
        vehicle=plain["vehicle"],
    )
