"""`/ws/driver/`: positions up and acknowledged, offers and news of deliveries down."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import structlog
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import DatabaseError
from psycopg_pool import PoolTimeout

from deliveryapp import positions
from deliveryapp.clock import speed, utc_now
from deliveryapp.errors import AppError
from deliveryapp.positions import PositionsUnavailable
from deliveryapp.realtime import access, encode
from deliveryapp.realtime.access import Allowance, Credentials, Refused
from drivers import facade as drivers
from drivers.facade import DriverInfo
from tracking.errors import PointsInvalid
from tracking.ingest.asgi import Receive, Scope, Send
from tracking.ingest.buffer import buffer
from tracking.services.fanout import driver_group
from tracking.services.points import Dropped, Judged, Track, judge, read_points

log = structlog.get_logger(__name__)

FRAMES_PER_S, BURST = 50.0, 100.0
ASK_AGAIN_S = 1.0  # how often an off-shift driver's status is read again while he sends positions
OFFLINE = "offline"
TRY_AGAIN_LATER = 1013


async def driver_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application for one websocket."""
    await receive()  # websocket.connect
    await send({"type": "websocket.accept", "subprotocol": access.chosen_protocol(scope)})
    try:
        credentials = access.credentials_of(scope) or await _first_frame(receive)
        if credentials is not None:
            await _Session(credentials, receive, send).run()
    except Refused as refusal:
        await send({"type": "websocket.close", "code": refusal.code})
    except (DatabaseError, PoolTimeout) as error:
        log.warning("driver_socket_refused", error=str(error))
        await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})


async def _first_frame(receive: Receive) -> Credentials | None:
    """None when the other side left instead. Raises Refused."""
    try:
        message = await asyncio.wait_for(receive(), access.AUTHENTICATE_WITHIN_S)
    except TimeoutError:
        raise Refused(access.UNAUTHENTICATED) from None
    return (
        None if message["type"] == "websocket.disconnect" else access.credentials_in(access.frame_in(message))
    )


class _Session:
    """One driver's open socket."""

    driver: DriverInfo

    def __init__(self, credentials: Credentials, receive: Receive, send: Send) -> None:
        self._credentials, self._receive, self._transmit = credentials, receive, send
        self._track = Track()
        self._asked_at = 0.0
        self._allowance = Allowance(per_s=FRAMES_PER_S, burst=BURST)

    async def run(self) -> None:
        """Until the driver leaves. Raises Refused to end it from our side."""
        await self._admit()
        layer = get_channel_layer()
        channel = await layer.new_channel()
        group = driver_group(self.driver.id)
        await layer.group_add(group, channel)
        try:
            await self._send_snapshot()
            await _until_one_ends(self._listen(), self._forward(layer, channel), self._watch())
        finally:
            await layer.group_discard(group, channel)

    # Who he is -------------------------------------------------------------------------------

    async def _admit(self) -> None:
        """Raises Refused."""
        self.driver, self._track.last = await database_sync_to_async(self._identify)()
        self._asked_at = time.monotonic()

    def _identify(self) -> tuple[DriverInfo, positions.Position | None]:
        try:
            user = self._credentials.user()
        except AppError as error:
            raise Refused(access.close_code(error)) from error
        driver = drivers.driver_of(user_id=user.pk)
        if driver is None:
            raise Refused(access.FORBIDDEN)
        return driver, self._track.last or _last_known(driver)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(access.RECHECK_EVERY_S)
            try:
                await self._admit()
            except (DatabaseError, PoolTimeout) as error:
                log.warning("socket_not_rechecked", error=str(error))

    # Up --------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while (message := await self._receive())["type"] != "websocket.disconnect":
            self._allowance.charge()
            await self._take(access.frame_in(message))

    async def _take(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "position" | "positions":
                await self._take_points(frame)
            case "snapshot":
                await self._send_snapshot()
            case "ping":
                await self._send({"type": "pong"})
            case "authenticate":
                self._credentials = access.credentials_in(frame)
                await self._admit()
            case _:
                raise Refused(access.BAD_FRAME)

    async def _take_points(self, frame: dict[str, Any]) -> None:
        try:
            points = read_points(frame)
        except PointsInvalid:
            raise Refused(access.BAD_FRAME) from None
        last = self._track.last
        judged = judge(points, driver_id=self.driver.id, track=self._track, now=utc_now(), speed=speed())
        if judged.accepted and (reason := await self._not_stored(judged)):
            judged = _all_dropped(judged, reason)
            self._track.last = last
        await self._send({"type": "ack", **judged.as_json()})

    async def _not_stored(self, judged: Judged) -> str:
        """Why the accepted points could not be kept; empty when they were."""
        if not await self._is_on_shift():
            return "offline"
        return "" if await self._store(judged) else "not_stored"

    async def _is_on_shift(self) -> bool:
        """What the database said lately; an app that has just gone online is not kept waiting."""
        if self.driver.status == OFFLINE and time.monotonic() - self._asked_at > ASK_AGAIN_S:
            await self._admit()
        return self.driver.status != OFFLINE

    async def _store(self, judged: Judged) -> bool:
        newest = max(judged.accepted, key=lambda position: (position.at, position.seq))
        return await buffer().add(region=self.driver.region, position=newest)

    # Down ------------------------------------------------------------------------------------

    async def _forward(self, layer: Any, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            if message["kind"] == "shift":
                await self._admit()
            await self._transmit({"type": "websocket.send", "text": message["text"]})

    async def _send_snapshot(self) -> None:
        await self._send(await database_sync_to_async(self._snapshot)())

    def _snapshot(self) -> dict[str, Any]:
        offers = drivers.pending_offers(driver_id=self.driver.id)
        trips = drivers.live_trips(driver_ids=[self.driver.id])[self.driver.id]
        return {
            "type": "snapshot",
            "offers": [offer.as_json() for offer in offers],
            "deliveries": len(trips),
        }

    async def _send(self, frame: dict[str, Any]) -> None:
        await self._transmit({"type": "websocket.send", "text": encode(frame)})


async def _until_one_ends(*works: Coroutine[Any, Any, None]) -> None:
    """Run side by side; when one returns or raises, end the others."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _last_known(driver: DriverInfo) -> positions.Position | None:
    try:
        return positions.get_many(region=driver.region, driver_ids=[driver.id]).get(driver.id)
    except PositionsUnavailable:
        return None


def _all_dropped(judged: Judged, reason: str) -> Judged:
    dropped = [*judged.dropped, *(Dropped(position.seq, reason) for position in judged.accepted)]
    return Judged(seq=judged.seq, dropped=dropped)
