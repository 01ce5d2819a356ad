"""The customer's phone: one order over the socket, or by polling, until it is final and settled."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from deliveryapp.simulator.client import PATIENCE_S, Problem, Unreachable
from deliveryapp.simulator.measures import DOOR_TO_DOOR, STATUS_API
from deliveryapp.simulator.sockets import Channel, Frame
from deliveryapp.simulator.world import SimOrder, World, parse_time

POLL_S = (8.0, 16.0)
BLIND_POLL_S = (2.0, 4.0)
SETTLE_S = 60.0
SETTLED = {
    "delivered": frozenset({"captured"}),
    "cancelled": frozenset({"voided", "refunded", "declined"}),
    "failed": frozenset({"declined", "voided", "refunded"}),
}


class OrderScreen:
    """What the phone shows of `order`, kept up by frames; a gap in `seq` asks for the snapshot again."""

    def __init__(self, world: World, order: SimOrder) -> None:
        self._world, self.order = world, order
        self.final = asyncio.Event()
        self._seq = 0
        self.channel = Channel(
            session=order.session,
            live_url=world.options.live_url,
            path=f"/ws/orders/{order.order_id}/",
            seed=world.options.seed,
            on_frame=self.on_frame,
        )

    async def on_frame(self, frame: Frame) -> None:
        match frame["type"]:
            case "snapshot":
                self._seq = frame["seq"]
                self.show_status(frame["order"]["status"])
                self._show_driver(frame["driver"])
            case "status":
                await self._show_change(frame["seq"], frame["status"])
            case "driver":
                self._show_driver(frame["driver"])
            case "position":
                self.order.position_at = parse_time(frame["at"])

    async def _show_change(self, seq: int, status: str) -> None:
        """Show it unless it is old news, as frames may come twice; after a gap ask for the snapshot."""
        if seq <= self._seq:
            return
        gap = seq > self._seq + 1
        self._seq = seq
        self.show_status(status)
        if gap and not self.order.is_final:
            self._world.measures.events["frame_gap"] += 1
            await self.channel.resync()

    def _show_driver(self, driver: dict[str, Any] | None) -> None:
        position = driver["position"] if driver else None
        self.order.position_at = parse_time(position["at"]) if position else None

    def show_status(self, status: str) -> None:
        if not self.order.is_final:
            self.order.status = status
        if self.order.is_final:
            self.order.position_at = None
            self.final.set()


async def watch(world: World, order: SimOrder, rng: random.Random) -> None:
    """Return when the order is final, its payment settled (or the wait for that over) and its body kept."""
    screen = OrderScreen(world, order)
    if order.is_final:
        screen.final.set()
    socket = asyncio.create_task(screen.channel.run())
    try:
        while not screen.final.is_set():
            await _glance(world, screen, rng)
    finally:
        socket.cancel()
    await _settle(order)
    _measure_delivery(world, order)


async def _glance(world: World, screen: OrderScreen, rng: random.Random) -> None:
    """Wait for the end; after a while look at the status over REST, sooner when the socket is down."""
    wait_s = rng.uniform(*(POLL_S if screen.channel.is_open else BLIND_POLL_S))
    try:
        await asyncio.wait_for(screen.final.wait(), wait_s)
    except TimeoutError:
        url = f"/api/v1/orders/{screen.order.order_id}/status/"
        try:
            body = await screen.order.session.get(url, measure=STATUS_API)
        except (Problem, Unreachable):
            world.measures.events["status_failed"] += 1
        else:
            screen.show_status(body["status"])


async def _settle(order: SimOrder) -> None:
    """Read the final order again until its money is where it belongs."""
    deadline = asyncio.get_running_loop().time() + SETTLE_S
    while True:
        body = await read_order(order)
        if body is not None:
            order.final_body, order.status = body, body["status"]
            if body["payment"]["status"] in SETTLED.get(body["status"], ()):
                return
        if asyncio.get_running_loop().time() > deadline:
            return
        await asyncio.sleep(1.5)


async def read_order(order: SimOrder, *, patience_s: float = PATIENCE_S) -> dict[str, Any] | None:
    """The order as its customer reads it now; None when it cannot be read."""
    try:
        body: dict[str, Any] = await order.session.get(
            f"/api/v1/orders/{order.order_id}/", patience_s=patience_s
        )
    except (Problem, Unreachable):
        return None
    return body


def _measure_delivery(world: World, order: SimOrder) -> None:
    body = order.final_body
    if body and body["status"] == "delivered":
        took_s = parse_time(body["delivered_at"]) - parse_time(body["placed_at"])
        world.measures.observe(DOOR_TO_DOOR, took_s * world.options.speed)
