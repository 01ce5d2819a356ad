"""A socket that lets in whom the gate lets in, says first how things stand, then forwards what is pushed.

Frames are JSON objects with a `type`. The channel's dispatch is the lean one: the library's own makes a hop
to a thread for every message to close idle database connections; here each database call does that itself.
"""

import asyncio
from typing import Any

import structlog
from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import DatabaseError
from psycopg_pool import PoolTimeout

from deliveryapp.errors import AppError
from deliveryapp.models import User
from deliveryapp.realtime import access
from deliveryapp.realtime.access import Allowance, Credentials, Refused
from deliveryapp.realtime.frames import Frame, encode

log = structlog.get_logger(__name__)

FRAMES_PER_S, BURST = 20.0, 40.0
SEND_WITHIN_S = 10.0
TRY_AGAIN_LATER = 1013  # RFC 6455 registry


class GatedConsumer(AsyncJsonWebsocketConsumer):
    """Subclasses say who may enter (`gate`), what they listen to (`topics`) and how it stands (`snapshot`).

    These three run in a thread with database access. `topics` is subscribed before `snapshot` is read, so
    that nothing falls in between; a frame may therefore repeat what the snapshot says.
    """

    def gate(self, user: User) -> None:
        """Raises an AppError to refuse; asked on entry and every minute."""
        raise NotImplementedError

    def topics(self) -> list[str]:
        """Names of channel-layer groups."""
        raise NotImplementedError

    def snapshot(self) -> Frame:
        """The first frame, and the answer to a `snapshot` frame."""
        raise NotImplementedError

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups: list[str] = []
        self.user: User | None = None
        self._credentials: Credentials | None = None
        self._watch: asyncio.Task[None] | None = None
        self._closed = False
        self._allowance = Allowance(per_s=FRAMES_PER_S, burst=BURST)

    # Coming and going ------------------------------------------------------------------------

    async def dispatch(self, message: dict[str, Any]) -> None:
        await getattr(self, get_handler_name(message))(message)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        await self.accept(subprotocol=access.chosen_protocol(self.scope))
        try:
            credentials = access.credentials_of(self.scope)
        except Refused as refusal:
            await self.close(refusal.code)
            return
        if credentials is not None:
            await self._enter(credentials)
        else:
            self._watch = asyncio.create_task(self._close_unless_authenticated())

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        for topic in self.groups:
            await self.channel_layer.group_discard(topic, self.channel_name)
        self.groups = []
        await super().websocket_disconnect(message)

    async def _enter(self, credentials: Credentials) -> None:
        if self._watch is not None:
            self._watch.cancel()
        try:
            if not await self._admit(credentials):
                return
            self.groups = self.topics()
            for topic in self.groups:
                await self.channel_layer.group_add(topic, self.channel_name)
            await self._send_snapshot()
        except (DatabaseError, PoolTimeout) as error:
            log.warning("socket_refused", error=str(error))
            await self.close(TRY_AGAIN_LATER)
            return
        self._watch = asyncio.create_task(self._recheck_forever())

    async def _admit(self, credentials: Credentials) -> bool:
        """Authenticate and ask the gate; on refusal the socket is closed."""
        try:
            user = await database_sync_to_async(credentials.user)()
            if self.user is not None and user.pk != self.user.pk:
                raise Refused(access.UNAUTHENTICATED)
            await database_sync_to_async(self.gate)(user)
        except AppError as error:
            await self.close(access.close_code(error))
            return False
        except Refused as refusal:
            await self.close(refusal.code)
            return False
        self.user, self._credentials = user, credentials
        return True

    async def _close_unless_authenticated(self) -> None:
        await asyncio.sleep(access.AUTHENTICATE_WITHIN_S)
        await self.close(access.UNAUTHENTICATED)

    async def _recheck_forever(self) -> None:
        """Log-out, an expired token or a lost role end the socket within a minute."""
        while not self._closed:
            await asyncio.sleep(access.RECHECK_EVERY_S)
            await self._recheck()

    async def _recheck(self) -> None:
        try:
            if self._credentials is not None:
                await self._admit(self._credentials)
        except (DatabaseError, PoolTimeout) as error:
            log.warning("socket_not_rechecked", error=str(error))

    # Frames from the client ------------------------------------------------------------------

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        try:
            self._allowance.charge()
            await self._take(access.frame_in(message))
        except Refused as refusal:
            await self.close(refusal.code)

    async def _take(self, frame: Frame) -> None:
        match frame["type"]:
            case "authenticate" if self.user is None:
                await self._enter(access.credentials_in(frame))
            case "authenticate":
                await self._admit(access.credentials_in(frame))
            case _ if self.user is None:
                raise Refused(access.UNAUTHENTICATED)
            case "snapshot":
                await self._send_snapshot()
            case "ping":
                await self.send_json({"type": "pong"})
            case _:
                raise Refused(access.BAD_FRAME)

    # Frames to the client --------------------------------------------------------------------

    async def realtime_frame(self, message: dict[str, Any]) -> None:
        """Somebody pushed to one of our topics."""
        await self.send(text_data=message["text"])

    async def _send_snapshot(self) -> None:
        await self.send_json(await database_sync_to_async(self.snapshot)())

    async def send_json(self, content: Any, close: bool = False) -> None:
        await self.send(text_data=encode(content), close=close)

    async def send(
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False
    ) -> None:
        """A reader who does not take a frame within seconds is let go; he would hold up memory for all."""
        if self._closed:
            return
        try:
            await asyncio.wait_for(super().send(text_data, bytes_data, close), SEND_WITHIN_S)
        except TimeoutError:
            await self.close(access.TOO_MANY)

    async def close(self, code: int | None = None, reason: str | None = None) -> None:
        if not self._closed:
            self._closed = True
            await super().close(code, reason)
