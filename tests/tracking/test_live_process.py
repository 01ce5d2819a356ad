"""The live process as it runs in production: uvicorn, real sockets, a real end (F9, F21)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import orjson
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from deliveryapp import positions
from tests.drivers.stage import KITCHEN, REGION, Rider, rider_online
from tests.live import LiveStack, live_stack, poll
from tests.tracking.stage import on_the_road, rider_says, token_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@contextmanager
def opened(stack: LiveStack, path: str, user: Any) -> Iterator[ClientConnection]:
    with connect(stack.live_url.replace("http", "ws") + path, proxy=None) as socket:
        say(socket, {"type": "authenticate", "token": token_of(user)})
        yield socket


def say(socket: ClientConnection, frame: dict[str, Any]) -> None:
    socket.send(orjson.dumps(frame).decode())


def hear_until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while (frame := orjson.loads(socket.recv(timeout=5)))["type"] != kind:
        pass
    return frame


def close_code(socket: ClientConnection) -> int | None:
    try:
        while True:
            socket.recv(timeout=5)
    except ConnectionClosed as closed:
        return closed.rcvd and closed.rcvd.code


def seq_of(rider: Rider) -> int:
    return positions.get_many(region=REGION, driver_ids=[rider.id])[rider.id].seq


def test_ada_follows_cleo_through_the_real_process(ada, bo, dov, kitchen, sandbox):
    cleo = rider_online("Cleo", KITCHEN)
    order_id = on_the_road(ada, bo, kitchen, cleo)
    with live_stack(["live"], speed=1) as stack:
        with (
            opened(stack, f"/ws/orders/{order_id}/", ada) as ours,
            opened(stack, "/ws/driver/", cleo.user) as phone,
        ):
            assert hear_until(ours, "snapshot")["driver"]["name"] == "Cleo"
            say(phone, {"type": "position", "lat": 60.1701, "lng": 24.94, "seq": 1})
            assert hear_until(phone, "ack")["accepted"] == 1
            assert hear_until(ours, "position")["lat"] == 60.1701

            posted = httpx.post(
                f"{stack.live_url}/api/v1/driver/positions/",
                json={"points": [{"lat": 60.1702, "lng": 24.94, "seq": 2}]},
                headers={"Authorization": f"Bearer {token_of(cleo.user)}"},
            )
            assert (posted.status_code, posted.json()["accepted"]) == (200, 1)
            assert seq_of(cleo) == 2

            rider_says(cleo, order_id, "delivered")  # pushed from this process, through Redis
            assert hear_until(ours, "status")["status"] == "delivered"

        for path, user, code in (
            (f"/ws/orders/{order_id}/", dov, 4404),
            ("/ws/driver/", dov, 4403),
        ):
            with opened(stack, path, user) as socket:
                assert close_code(socket) == code

        with opened(stack, "/ws/driver/", cleo.user) as phone:
            hear_until(phone, "snapshot")
            say(phone, {"type": "position", "lat": 60.1703, "lng": 24.94, "seq": 3})
            hear_until(phone, "ack")
            before = stack.supervisor.restarts("live")
            stack.signal("live", signal.SIGTERM)
            assert close_code(phone) in {1001, 1012}
        assert seq_of(cleo) == 3
        poll(lambda: stack.supervisor.restarts("live") > before, what="the end of the live process")
