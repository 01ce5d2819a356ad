"""The ASGI application: one request in, one answer out, or a connection cut by a fault."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .admin import Admin
from .api import Answer, Api, Request
from .card_page import CardPage
from .faults import Faults
from .pages import Pages
from .store import Store
from .webhooks import Webhooks

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_BODY_MOST = 1_000_000
_TICK_S = 0.5


class Sandbox:
    def __init__(self, *, store: Store, faults: Faults, merchant: str) -> None:
        self.webhooks = Webhooks(store, faults)
        self._api = Api(store=store, faults=faults, webhooks=self.webhooks)
        self._pages = Pages(store=store, webhooks=self.webhooks, merchant=merchant)
        self._card_page = CardPage(store=store, webhooks=self.webhooks)
        self.admin = Admin(store, faults, self.webhooks)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _read(receive)
        if body is None:
            answer = Answer(413, b'{"error":{"type":"invalid_request_error","message":"Body too large."}}')
        else:
            answer = await self._answer(_request(scope, body))
        await _respond(scope, receive, send, answer)

    async def _answer(self, request: Request) -> Answer:
        if request.path.startswith("/_sandbox/authenticate/"):
            return self._pages.answer(request)
        if request.path.startswith("/_sandbox/cards/"):
            return self._card_page.answer(request)
        if request.path.startswith("/_sandbox/"):
            return self.admin.answer(request)
        return await self._api.answer(request)

    async def keep_time(self) -> None:
        """A background task: ends holds that nobody captured, settles what was processing."""
        while True:
            self.admin.pass_time()
            await asyncio.sleep(_TICK_S)


def _request(scope: Scope, body: bytes) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    return Request(scope["method"], scope["path"], query, headers, body)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when it is too large."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > _BODY_MOST:
            return None
    return b"".join(parts)


async def _respond(scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
    if answer.cut == "close":
        await _cut(scope, receive)
        return
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.cut == "reset":
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await _cut(scope, receive, reset=True)
        return
    await send({"type": "http.response.body", "body": answer.body})


async def _cut(scope: Scope, receive: Receive, *, reset: bool = False) -> None:
    """Close the connection under the client; with ``reset`` it sees RST after what was already sent."""
    transport: asyncio.Transport = scope["state"]["transport"]
    connection = transport.get_extra_info("socket")
    if reset and connection is not None:
        await asyncio.sleep(0.05)  # let the half answer reach the client before the reset discards it
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
