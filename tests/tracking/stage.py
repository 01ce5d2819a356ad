"""Sockets and orders for the watchers' tests: real events, real Redis, handlers called as the worker calls
them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.urls import path

from deliveryapp import identity
from deliveryapp.models import User
from tests.cast import Kitchen, cart
from tests.drivers.stage import Rider, app_of, tick
from tests.worker import drain
from tracking import ingest
from tracking.consumers import websocket_urlpatterns

LIVE = URLRouter([*websocket_urlpatterns, path("ws/driver/", ingest.driver_socket)])
SITE = "http://testserver"


def in_thread(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """For asynchronous tests: what touches the database runs in a thread."""
    return sync_to_async(work)(*args, **kwargs)


def token_of(user: User) -> str:
    return identity.issue(user=user).access


class Socket:
    """The other end of a websocket."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self._communicator = communicator

    async def say(self, frame: object) -> None:
        await self._communicator.send_to(text_data=orjson.dumps(frame).decode())

    async def say_raw(self, text: str | None = None, data: bytes | None = None) -> None:
        await self._communicator.send_to(text_data=text, bytes_data=data)

    async def hear(self, timeout_s: float = 5) -> dict[str, Any]:
        """The next frame."""
        message = await self._communicator.receive_output(timeout_s)
        assert message["type"] == "websocket.send", message
        return orjson.loads(message["text"])

    async def hear_until(self, kind: str) -> dict[str, Any]:
        """Skip to the next frame of this type."""
        while (frame := await self.hear())["type"] != kind:
            pass
        return frame

    async def hear_each(self, *kinds: str) -> list[dict[str, Any]]:
        """The first frame of each of these types, in whatever order they come."""
        found: dict[str, dict[str, Any]] = {}
        while len(found) < len(kinds):
            frame = await self.hear()
            if frame["type"] in kinds:
                found.setdefault(frame["type"], frame)
        return [found[kind] for kind in kinds]

    async def close_code(self, timeout_s: float = 5) -> int:
        """Skip to the end."""
        while (message := await self._communicator.receive_output(timeout_s))["type"] != "websocket.close":
            pass
        return message["code"]

    async def is_silent(self, for_s: float = 0.3) -> bool:
        """Neither a frame nor the end."""
        return await self._communicator.receive_nothing(timeout=for_s)


@contextlib.asynccontextmanager
async def socket(
    route: str,
    *,
    user: User | None = None,
    subprotocols: list[str] | None = None,
    headers: dict[str, str] | None = None,
    app: Any = LIVE,
) -> AsyncIterator[Socket]:
    """Open a socket; with a user it says who it is in the first frame."""
    lines = [
        (name.encode(), value.encode()) for name, value in {"host": "testserver", **(headers or {})}.items()
    ]
    communicator = WebsocketCommunicator(app, route, headers=lines, subprotocols=subprotocols)
    accepted, chosen = await communicator.connect(timeout=5)
    assert accepted
    opened = Socket(communicator)
    opened.subprotocol = chosen  # type: ignore[attr-defined]
    if user is not None:
        await opened.say({"type": "authenticate", "token": await in_thread(token_of, user)})
    try:
        yield opened
    finally:
        with contextlib.suppress(asyncio.CancelledError):  # the application of a test that failed is gone
            await communicator.disconnect(timeout=5)


# Orders --------------------------------------------------------------------------------------


def place(ada: User, kitchen: Kitchen) -> UUID:
    answer = app_of(ada).post(
        "/api/v1/orders/", cart(kitchen), format="json", HTTP_IDEMPOTENCY_KEY=str(uuid4())
    )
    assert answer.status_code == 201, answer.content
    drain()
    return UUID(answer.json()["id"])


def kitchen_says(
    bo: User, kitchen: Kitchen, order_id: UUID, verb: str, body: dict[str, Any] | None = None
) -> None:
    path_ = f"/api/v1/restaurants/{kitchen.restaurant.pk}/orders/{order_id}/{verb}/"
    answer = app_of(bo).post(path_, body or {}, format="json")
    assert answer.status_code == 200, answer.content
    drain()


def confirm(bo: User, kitchen: Kitchen, order_id: UUID) -> None:
    kitchen_says(bo, kitchen, order_id, "confirm", {"prep_minutes": 15})


def find_driver(rider: Rider) -> None:
    """The dispatcher asks him and he accepts."""
    tick()
    drain()
    rider.accept_the_offer()
    drain()


def on_the_road(ada: User, bo: User, kitchen: Kitchen, rider: Rider) -> UUID:
    """An order that is cooked and in the driver's bag."""
    order_id = place(ada, kitchen)
    confirm(bo, kitchen, order_id)
    find_driver(rider)
    for verb in ("preparing", "ready"):
        kitchen_says(bo, kitchen, order_id, verb)
    rider_says(rider, order_id, "picked-up")
    return order_id


def rider_says(rider: Rider, order_id: UUID, verb: str, body: dict[str, Any] | None = None) -> None:
    answer = rider.post(f"deliveries/{order_id}/{verb}/", body)
    assert answer.status_code == 200, answer.content
    drain()


async def eventually(condition: Callable[[], bool], what: str, timeout_s: float = 5) -> None:
    for _ in range(int(timeout_s / 0.02)):
        if await in_thread(condition):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"waited {timeout_s} s for {what}")
