"""One socket kept open through restarts: reconnects with backoff, authenticates, hands every frame on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from deliveryapp.simulator.client import Session, Unreachable
from deliveryapp.simulator.plans import stream

Frame = dict[str, Any]
UNAUTHENTICATED, GONE = 4401, frozenset({4403, 4404})
_silent = logging.getLogger("deliveryapp.simulator.sockets")


class Channel:
    """A socket at `path` for the account of `session`; `on_frame` runs for every frame, one at a time.

    `run()` returns only when the server refuses for good (`refused` holds the close code); a broken socket
    comes back by itself, and the server then sends its snapshot first.
    """

    def __init__(
        self,
        *,
        session: Session,
        live_url: str,
        path: str,
        seed: int,
        on_frame: Callable[[Frame], Awaitable[None]],
    ) -> None:
        self._session, self._url, self._on_frame = session, socket_url(live_url, path), on_frame
        self._rng = stream(seed, "socket", path, session.email)
        self._socket: ClientConnection | None = None
        self._heard = False
        self.refused: int | None = None

    @property
    def is_open(self) -> bool:
        return self._socket is not None

    async def run(self) -> None:
        failures, refused_token = 0, None
        while self.refused is None:
            self._heard = False
            try:
                token = await self._session.token(refused=refused_token)
                refused_token = None
                await self._live(token)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else None
                refused_token = token if code == UNAUTHENTICATED else None
                self.refused = code if code in GONE else None
            except (OSError, InvalidHandshake, InvalidMessage, Unreachable):
                self._heard = False
            failures = 0 if self._heard else failures + 1
            self._session.transport.measures.events["socket_reconnect"] += 1
            await asyncio.sleep(min(5.0, 0.2 * 2 ** min(failures, 6)) * (0.5 + self._rng.random() / 2))

    async def _live(self, token: str) -> None:
        """One connection from hello to its end, which is always an exception."""
        async with connect(
            self._url, compression=None, proxy=None, open_timeout=10, ping_timeout=30, logger=_silent
        ) as socket:
            await socket.send(orjson.dumps({"type": "authenticate", "token": token}).decode())
            try:
                while True:
                    frame = orjson.loads(await socket.recv(decode=False))
                    self._socket, self._heard = socket, True
                    await self._on_frame(frame)
            finally:
                self._socket = None

    async def send(self, frame: Frame) -> bool:
        """Send when the socket is open; whether it was."""
        if self._socket is None:
            return False
        try:
            await self._socket.send(orjson.dumps(frame).decode())
        except ConnectionClosed:
            return False
        return True

    async def resync(self) -> None:
        """Drop the connection: the next one begins with a snapshot."""
        if self._socket is not None:
            await self._socket.close()


def socket_url(live_url: str, path: str) -> str:
    """The ws(s):// address of `path` on the server at `live_url` (http or https)."""
    parts = urlsplit(live_url)
    return urlunsplit(("wss" if parts.scheme == "https" else "ws", parts.netloc, path, "", ""))
