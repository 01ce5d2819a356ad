"""Signing a webhook and sending it: a small HTTP/1.1 client that keeps its connections open.

A general client costs ten times the CPU of the whole API call that caused the webhook.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import ssl
import time
from urllib.parse import urlsplit

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_Place = tuple[str, int, bool]  # host, port, TLS

FAILURES = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ValueError)


def signature(body: bytes, secret: str, *, at: int) -> str:
    """Stripe's scheme: HMAC-SHA256 over ``{timestamp}.{raw body}``."""
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Poster:
    """One connection at a time per host; not shared between tasks."""

    def __init__(self, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._open: dict[_Place, _Connection] = {}

    async def post(self, url: str, body: bytes, *, secret: str) -> int:
        """The status answered; raises one of ``FAILURES`` when there is none."""
        async with asyncio.timeout(self._timeout_s):
            parts = urlsplit(url)
            secure = parts.scheme == "https"
            place = (parts.hostname or "", parts.port or (443 if secure else 80), secure)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            request = _request(target, parts.netloc, body, signature(body, secret, at=int(time.time())))
            if place in self._open:
                # the receiver may have closed an idle connection: then once more, on a new one
                with contextlib.suppress(*FAILURES):
                    return await self._exchange(place, request)
            self._open[place] = await _connect(place)
            return await self._exchange(place, request)

    async def _exchange(self, place: _Place, request: bytes) -> int:
        """After anything but a complete answer the connection is not used again."""
        reader, writer = self._open[place]
        reusable = False
        try:
            writer.write(request)
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
            reusable = await _skip_body(reader, head.lower())
            return int(head.split(b" ", 2)[1])
        finally:
            if not reusable:
                self._drop(place)

    def _drop(self, place: _Place) -> None:
        found = self._open.pop(place, None)
        if found:
            found[1].close()

    def close(self) -> None:
        for place in list(self._open):
            self._drop(place)


def _request(target: str, host: str, body: bytes, signed: str) -> bytes:
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Stripe/1.0 (sandbox)\r\n"
        f"Content-Type: application/json; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        f"Accept: */*\r\nStripe-Signature: {signed}\r\n\r\n"
    )
    return head.encode() + body


async def _connect(place: _Place) -> _Connection:
    host, port, secure = place
    return await asyncio.open_connection(host, port, ssl=ssl.create_default_context() if secure else None)


async def _skip_body(reader: asyncio.StreamReader, head: bytes) -> bool:
    """Reads the answer's body away; True when the connection can be used again."""
    if b"\r\ntransfer-encoding: chunked" in head:
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            await reader.readexactly(size + 2)
        await reader.readuntil(b"\r\n")
    elif b"\r\ncontent-length:" in head:
        length = head.split(b"\r\ncontent-length:", 1)[1].split(b"\r\n", 1)[0]
        await reader.readexactly(int(length))
    elif head.split(b" ", 2)[1] != b"204":
        return False
    return b"\r\nconnection: close" not in head and head.startswith(b"http/1.1")
