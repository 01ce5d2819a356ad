"""People with their apps: requests by HTTP, news by socket, patience with a machine that is busy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar
from uuid import UUID, uuid4

import httpx
from websockets.sync.client import ClientConnection, connect

from deliveryapp.simulator.sockets import socket_url
from tests.cast import KITCHEN_AT, PASSWORD, Kitchen, cart
from tests.live import LiveStack, poll

PATIENCE_S = 60.0
LOOK_EVERY_S = 0.2
SEEN_FOR_S = 10.0  # a driver who was not heard of for 30 s is not asked any more

Frame = dict[str, Any]
T = TypeVar("T")


def eventually(read: Callable[[], T], expected: T, *, timeout_s: float = PATIENCE_S) -> None:
    """Read until it is as expected; at the deadline show the difference."""
    deadline = time.monotonic() + timeout_s
    while (found := read()) != expected and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    assert found == expected


class Socket:
    """An open socket; `heard` keeps every frame it has read."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.heard: list[Frame] = []

    def say(self, frame: Frame) -> None:
        self._connection.send(json.dumps(frame))

    def until(self, **facts: object) -> Frame:
        """The next frame with these values."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                text = self._connection.recv(timeout=deadline - time.monotonic())
            except TimeoutError:
                raise AssertionError(f"no frame with {facts} among {self.heard}") from None
            frame: Frame = json.loads(text)
            self.heard.append(frame)
            if facts.items() <= frame.items():
                return frame

    def statuses(self) -> list[str]:
        """What a screen shows one after the other: the snapshot's, then every newer one."""
        shown, seq = [], 0
        for frame in self.heard:
            if frame["type"] in ("snapshot", "status") and frame["seq"] > seq:
                seq = frame["seq"]
                shown.append(frame["order"]["status"] if frame["type"] == "snapshot" else frame["status"])
        return shown


class App:
    """What one person holds in his hand."""

    def __init__(self, stack: LiveStack, email: str, opened: ExitStack) -> None:
        self._stack, self._opened = stack, opened
        self.http = opened.enter_context(
            httpx.Client(base_url=stack.base_url, timeout=PATIENCE_S, trust_env=False)
        )
        self.token = self.must(self.post("/api/v1/auth/token/", {"email": email, "password": PASSWORD}))[
            "access"
        ]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    def get(self, path: str) -> dict[str, Any]:
        return self.must(self.http.get(path))

    def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        return self.http.post(path, json=body or {}, headers=headers)

    def must(self, answer: httpx.Response, status: int = 200) -> dict[str, Any]:
        assert answer.status_code == status, (answer.status_code, answer.text)
        document: dict[str, Any] = answer.json()
        return document

    def listen(self, path: str) -> Socket:
        """A socket that has said who it is; it is closed with the app."""
        url = socket_url(self._stack.live_url, path)
        connection = connect(url, compression=None, proxy=None, open_timeout=PATIENCE_S, max_queue=None)
        socket = Socket(self._opened.enter_context(connection))
        socket.say({"type": "authenticate", "token": self.token})
        return socket


class Customer(App):
    """Orders two soups from one kitchen."""

    kitchen: Kitchen

    def place(self, key: str | None = None, **changes: Any) -> httpx.Response:
        body = cart(self.kitchen, **changes)
        return self.post("/api/v1/orders/", body, **{"Idempotency-Key": key or str(uuid4())})

    def order(self, order_id: UUID) -> dict[str, Any]:
        return self.get(f"/api/v1/orders/{order_id}/")

    def orders(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.get("/api/v1/orders/?limit=100")["results"]
        return listed

    def cancel(self, order_id: UUID) -> dict[str, Any]:
        answer = self.post(f"/api/v1/orders/{order_id}/cancel/", {"reason": "changed my mind"})
        return self.must(answer)

    def watch(self, order_id: UUID) -> Socket:
        return self.listen(f"/ws/orders/{order_id}/")


class Cook(App):
    """Owns one kitchen."""

    kitchen: Kitchen

    def act(self, order_id: UUID, verb: str, body: dict[str, Any] | None = None) -> httpx.Response:
        return self.post(f"/api/v1/restaurants/{self.kitchen.restaurant.pk}/orders/{order_id}/{verb}/", body)

    def confirm(self, order_id: UUID) -> dict[str, Any]:
        return self.must(self.act(order_id, "confirm", {"prep_minutes": 15}))

    def cook(self, order_id: UUID) -> None:
        self.must(self.act(order_id, "preparing"))
        self.must(self.act(order_id, "ready"))

    def orders(self, state: str) -> list[str]:
        """The ids of what is on the board, or was."""
        path = f"/api/v1/restaurants/{self.kitchen.restaurant.pk}/orders/?state={state}"
        return [order["id"] for order in self.get(path)["results"]]

    def watch(self) -> Socket:
        return self.listen(f"/ws/restaurants/{self.kitchen.restaurant.pk}/")


class Rider(App):
    """Waits at the kitchen when she is on shift."""

    _seen_at_s = -SEEN_FOR_S

    def go_online(self) -> None:
        lat, lng = KITCHEN_AT
        self.must(self.post("/api/v1/driver/online/", {"lat": lat, "lng": lng}))
        self._seen_at_s = time.monotonic()

    def status(self) -> str:
        return str(self.get("/api/v1/driver/me/")["status"])

    def deliveries(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.get("/api/v1/driver/deliveries/")["results"]
        return listed

    def act(self, order_id: UUID, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.must(self.post(f"/api/v1/driver/deliveries/{order_id}/{verb}/", body))

    def accept(self, offer_id: str) -> bool:
        """False when it has expired: it lives for seconds, and the next one comes."""
        answer = self.post(f"/api/v1/driver/offers/{offer_id}/accept/")
        if answer.status_code == 409 and answer.json()["code"] == "offer_expired":
            return False
        self.must(answer)
        return True

    def take(self, order_id: UUID) -> None:
        """Stay on shift until the order has been offered and accepted."""
        poll(lambda: self._took(order_id), what=f"an offer for {order_id}", timeout_s=PATIENCE_S)

    def _took(self, order_id: UUID) -> bool:
        if time.monotonic() - self._seen_at_s > SEEN_FOR_S:
            self.go_online()
        offers = self.get("/api/v1/driver/offers/")["results"]
        return any(self.accept(offer["id"]) for offer in offers if offer["order_id"] == str(order_id))

    def watch(self) -> Socket:
        return self.listen("/ws/driver/")
