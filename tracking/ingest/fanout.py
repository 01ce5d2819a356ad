"""Tell watchers about new positions, at a bearable pace, and only of drivers who carry an order."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import DatabaseError
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from deliveryapp.clock import speed, utc_now
from deliveryapp.positions import Position
from deliveryapp.realtime import message_of
from drivers.facade import TripInfo
from tracking.eta import Eta
from tracking.selectors import trip_eta
from tracking.services import riding
from tracking.services.fanout import PositionFrame, position_frame
from tracking.services.riding import Trips

log = structlog.get_logger(__name__)

FASTEST_FRAME_S = 0.2
ETA_GOOD_FOR_S = 5.0
FASTEST_ETA_S = 0.5
FORGET_AFTER_S = 120.0
SEND_TIMEOUT_S = 5.0


class Fanout:
    """One per event loop; remembers when each driver was last told of, and each order's last estimate."""

    def __init__(self) -> None:
        self._told_at: dict[UUID, float] = {}
        self._etas: dict[UUID, tuple[float, Eta]] = {}
        self._swept_at = time.monotonic()

    async def tell(self, region: str, rows: Sequence[Position]) -> None:
        """A failure is logged: the next position tells it all again."""
        due = [row for row in rows if self._is_due(row.driver_id)]
        if not due:
            return
        now = utc_now()
        try:
            trips = await self._trips(region, [row.driver_id for row in due], now)
            frames = [f for row in due for f in self._frames(trips.get(row.driver_id, ()), row, now)]
            await asyncio.wait_for(_send(frames), SEND_TIMEOUT_S)
        except (RedisError, DatabaseError, PoolTimeout, OSError, TimeoutError) as error:
            log.warning("positions_not_told", region=region, count=len(due), error=str(error))
        self._sweep()

    def _is_due(self, driver_id: UUID) -> bool:
        """At most one frame per second of the city's time, and no faster than anybody can see."""
        now = time.monotonic()
        if now - self._told_at.get(driver_id, -1e9) < max(FASTEST_FRAME_S, 1.0 / speed()):
            return False
        self._told_at[driver_id] = now
        return True

    async def _trips(self, region: str, driver_ids: Sequence[UUID], now: datetime) -> dict[UUID, Trips]:
        known, unknown = await riding.recall(region=region, driver_ids=driver_ids, now=now)
        if not unknown:
            return known
        asked: dict[UUID, Trips] = await database_sync_to_async(riding.ask_database)(list(unknown))
        await riding.store_unless_changed(region=region, trips=asked, seen=unknown, now=now)
        return known | asked

    def _frames(self, trips: Trips, position: Position, now: datetime) -> list[PositionFrame]:
        return [position_frame(trip, position, self._eta(trip, position, now)) for trip in trips]

    def _eta(self, trip: TripInfo, position: Position, now: datetime) -> Eta:
        moment = time.monotonic()
        made_at, eta = self._etas.get(trip.order_id, (-1e9, None))
        if eta is None or moment - made_at >= max(FASTEST_ETA_S, ETA_GOOD_FOR_S / speed()):
            eta = trip_eta(trip, position, now=now)
            self._etas[trip.order_id] = (moment, eta)
        return eta

    def _sweep(self) -> None:
        """Forget drivers and orders that have gone quiet."""
        horizon = time.monotonic() - FORGET_AFTER_S
        if self._swept_at > horizon:
            return
        self._swept_at = time.monotonic()
        self._told_at = {who: at for who, at in self._told_at.items() if at > horizon}
        self._etas = {order: entry for order, entry in self._etas.items() if entry[0] > horizon}


async def _send(frames: Sequence[PositionFrame]) -> None:
    layer = get_channel_layer()
    for frame in frames:
        await layer.group_send(frame.group, message_of(frame.frame, driver_id=frame.driver_id))
