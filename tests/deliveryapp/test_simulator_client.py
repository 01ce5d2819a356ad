"""The simulator's HTTP and socket clients against real loopback servers that break."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from deliveryapp.simulator.client import NoSuchAccount, Problem, Session, Transport, Unreachable, shape
from deliveryapp.simulator.measures import Measures
from deliveryapp.simulator.oplog import OpLog
from deliveryapp.simulator.sockets import Channel, socket_url

ORDER_URL = "/api/v1/orders/0198c0de-0000-7000-8000-000000000001/"
DROP = "drop"

Reply = tuple[int, dict[str, Any]] | str
Script = dict[str, list[Reply]]


class Server:
    """Answers each "METHOD path" with its replies in turn, the last one for ever; DROP closes unanswered."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.seen: list[tuple[str, dict[str, str], str]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode(), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        what = " ".join(request.split(" ")[:2])
        self.seen.append((what, headers, body.decode()))
        replies = self._script[what]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, str):
            raise ConnectionResetError
        content = json.dumps(reply[1]).encode()
        retry = "Retry-After: 0\r\n" if reply[0] in (429, 503) else ""
        writer.write(
            f"HTTP/1.1 {reply[0]} X\r\nContent-Type: application/json\r\n{retry}"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )

    def count(self, what: str) -> int:
        return sum(1 for seen, _, _ in self.seen if seen == what)


@asynccontextmanager
async def platform(script: Script) -> AsyncIterator[tuple[Server, Session]]:
    log_in: Script = {
        "POST /api/v1/auth/token/": [(200, {"access": "a1", "refresh": "r1", "expires_in": 300})],
        "POST /api/v1/auth/token/refresh/": [(200, {"access": "a2", "refresh": "r2", "expires_in": 300})],
    }
    server = Server({**log_in, **script})
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        transport = Transport(base_url=f"http://127.0.0.1:{port}", measures=Measures(), seed=1)
        try:
            yield server, Session(transport, "customer-001@demo.example")
        finally:
            await transport.close()


class TestRequests:
    async def test_a_broken_connection_and_a_5xx_are_sent_again_with_the_same_key(self) -> None:
        script: Script = {"POST /api/v1/orders/": [DROP, (503, {}), (201, {"id": "order-1"})]}
        operation = OpLog().start("key-1")
        async with platform(script) as (server, session):
            answer = await session.call(
                "POST",
                "/api/v1/orders/",
                json={"tip_minor": 100},
                headers={"Idempotency-Key": "key-1"},
                witness=operation,
            )
        assert (answer.status, answer.body) == (201, {"id": "order-1"})
        sent = [(headers["idempotency-key"], body) for what, headers, body in server.seen if "orders" in what]
        assert sent == [("key-1", '{"tip_minor":100}')] * 3
        assert (operation.sends, operation.was_unknown) == (3, True)
        assert session.transport.measures.requests["503"] == 1
        assert session.transport.measures.requests["broken connection"] == 1

    async def test_a_refusal_is_definite(self) -> None:
        refusal = {"code": "restaurant_closed", "detail": "Closed until tomorrow"}
        async with platform({f"GET {ORDER_URL}": [(409, refusal)]}) as (server, session):
            with pytest.raises(Problem) as caught:
                await session.get(ORDER_URL)
            assert (caught.value.status, caught.value.code) == (409, "restaurant_closed")
            assert server.count(f"GET {ORDER_URL}") == 1
            refusals = session.transport.measures.refusals
            assert dict(refusals) == {"409 restaurant_closed: GET /api/v1/orders/{id}/": 1}

    async def test_patience_ends(self) -> None:
        async with platform({f"GET {ORDER_URL}": [(503, {})]}) as (_, session):
            with pytest.raises(Unreachable, match="503"):
                await session.get(ORDER_URL, patience_s=0.0)

    async def test_a_refused_connection_leaves_nothing_unknown(self) -> None:
        async with await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
        operation = OpLog().start("key-1")
        transport = Transport(base_url=f"http://127.0.0.1:{port}", measures=Measures(), seed=1)
        with pytest.raises(Unreachable):
            await transport.send("POST", "/api/v1/orders/", json={}, witness=operation, patience_s=0.0)
        await transport.close()
        assert (operation.sends, operation.was_unknown) == (1, False)


class TestSession:
    async def test_logs_in_once_when_first_needed(self) -> None:
        async with platform({f"GET {ORDER_URL}": [(200, {"id": "order-1"})]}) as (server, session):
            assert server.seen == []
            await asyncio.gather(*(session.get(ORDER_URL) for _ in range(5)))
            assert server.count("POST /api/v1/auth/token/") == 1
            assert {headers.get("authorization") for what, headers, _ in server.seen if "orders" in what} == {
                "Bearer a1"
            }

    async def test_a_refused_token_is_renewed_and_the_request_repeated(self) -> None:
        script: Script = {f"GET {ORDER_URL}": [(401, {}), (200, {"id": "order-1"})]}
        async with platform(script) as (server, session):
            assert await session.get(ORDER_URL) == {"id": "order-1"}
            assert [headers["authorization"] for what, headers, _ in server.seen if "orders" in what] == [
                "Bearer a1",
                "Bearer a2",
            ]

    async def test_a_revoked_refresh_token_means_a_new_log_in(self) -> None:
        script: Script = {
            f"GET {ORDER_URL}": [(401, {}), (200, {"id": "order-1"})],
            "POST /api/v1/auth/token/refresh/": [(401, {"code": "token_invalid"})],
        }
        async with platform(script) as (server, session):
            assert await session.get(ORDER_URL) == {"id": "order-1"}
            assert server.count("POST /api/v1/auth/token/") == 2

    async def test_an_unknown_account(self) -> None:
        script: Script = {"POST /api/v1/auth/token/": [(401, {"code": "bad_credentials"})]}
        async with platform(script) as (_, session):
            with pytest.raises(NoSuchAccount, match=r"customer-001@.*401 bad_credentials"):
                await session.token()


Handler = Callable[[ServerConnection], Any]


@asynccontextmanager
async def channel(handler: Handler) -> AsyncIterator[tuple[Channel, asyncio.Queue[dict[str, Any]]]]:
    """A channel that is kept open to `handler`, and the frames it hands on."""
    frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with platform({}) as (_, session), serve(handler, "127.0.0.1", 0) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        live = f"http://127.0.0.1:{port}"
        found = Channel(session=session, live_url=live, path="/ws/x/", seed=1, on_frame=frames.put)
        running = asyncio.create_task(found.run())
        try:
            async with asyncio.timeout(10):
                yield found, frames
        finally:
            running.cancel()
            await asyncio.wait({running})


class TestChannel:
    async def test_authenticates_first_and_comes_back_after_the_server_went_away(self) -> None:
        hellos: list[dict[str, Any]] = []

        async def handler(socket: ServerConnection) -> None:
            hellos.append(json.loads(await socket.recv()))
            await socket.send(json.dumps({"type": "snapshot", "seq": len(hellos)}))
            await socket.close(1012)

        async with channel(handler) as (_, frames):
            assert [(await frames.get())["seq"] for _ in range(3)] == [1, 2, 3]
        assert hellos[:3] == [{"type": "authenticate", "token": "a1"}] * 3

    async def test_renews_a_token_that_the_socket_refuses(self) -> None:
        async def handler(socket: ServerConnection) -> None:
            hello = json.loads(await socket.recv())
            if hello["token"] == "a1":
                await socket.close(4401)
                return
            await socket.send(json.dumps({"type": "snapshot", "token": hello["token"]}))
            await socket.wait_closed()

        async with channel(handler) as (_, frames):
            assert (await frames.get())["token"] == "a2"

    @pytest.mark.parametrize("code", [4403, 4404])
    async def test_gives_up_where_it_has_no_business(self, code: int) -> None:
        visits = []

        async def handler(socket: ServerConnection) -> None:
            visits.append(await socket.recv())
            await socket.close(code)

        async with channel(handler) as (found, _):
            while found.refused is None:
                await asyncio.sleep(0.01)
        assert (found.refused, len(visits)) == (code, 1)

    async def test_sends_only_while_open_and_resyncs_by_a_new_snapshot(self) -> None:
        async def handler(socket: ServerConnection) -> None:
            await socket.recv()
            await socket.send(json.dumps({"type": "snapshot"}))
            async for frame in socket:
                await socket.send(json.dumps({"type": "echo", "of": json.loads(frame)}))

        async with channel(handler) as (found, frames):
            assert await found.send({"type": "position"}) is False
            assert (await frames.get())["type"] == "snapshot"
            assert await found.send({"type": "position"}) is True
            assert await frames.get() == {"type": "echo", "of": {"type": "position"}}
            await found.resync()
            assert (await frames.get())["type"] == "snapshot"


@pytest.mark.parametrize(
    ("live_url", "address"),
    [
        ("http://127.0.0.1:8001", "ws://127.0.0.1:8001/ws/x/"),
        ("https://live.example", "wss://live.example/ws/x/"),
    ],
)
def test_socket_addresses(live_url: str, address: str) -> None:
    assert socket_url(live_url, "/ws/x/") == address


def test_urls_are_counted_by_their_shape() -> None:
    assert shape(f"http://127.0.0.1:8000{ORDER_URL}?state=active") == "/api/v1/orders/{id}/"
