"""Kitchens: a restaurant sees its orders over a socket (or by polling), answers, cooks, calls them ready."""

from __future__ import annotations

import asyncio
from time import time
from typing import Any

from deliveryapp.simulator.client import NoSuchAccount, Problem, Session, Unreachable
from deliveryapp.simulator.measures import SEEN
from deliveryapp.simulator.plans import Fate
from deliveryapp.simulator.sockets import Channel, Frame
from deliveryapp.simulator.world import SimOrder, World, parse_time, seconds_since

POLL_S = (30.0, 50.0)
BLIND_POLL_S = (2.0, 4.0)
LATE_SHARE = 0.08
REJECTIONS = ("too_busy", "closing_early", "item_unavailable", "kitchen_problem", "other")
COOKED = frozenset({"placed", "confirmed", "preparing"})

BoardOrder = dict[str, Any]


class Kitchen:
    """One restaurant. Each order on its board has a cook, who does the next step of its state."""

    def __init__(self, world: World, session: Session, restaurant_id: str) -> None:
        self._world, self._session, self._id = world, session, restaurant_id
        self._url = f"/api/v1/restaurants/{restaurant_id}/orders/"
        self._rng = world.rng("kitchen", restaurant_id)
        self._board: dict[str, BoardOrder] = {}
        self._cooks = asyncio.TaskGroup()
        self._cooking: set[str] = set()
        self._channel = Channel(
            session=session,
            live_url=world.options.live_url,
            path=f"/ws/restaurants/{restaurant_id}/",
            seed=world.options.seed,
            on_frame=self._on_frame,
        )

    async def run(self) -> None:
        """Serve until cancelled."""
        async with self._cooks:
            self._cooks.create_task(self._channel.run())
            while True:
                await self._poll()
                await asyncio.sleep(self._rng.uniform(*(POLL_S if self._channel.is_open else BLIND_POLL_S)))

    async def _on_frame(self, frame: Frame) -> None:
        if frame["type"] == "snapshot":
            for order in frame["orders"]:
                self._see(order)
        elif frame["type"] == "order":
            self._see(frame["order"])

    async def _poll(self) -> None:
        """Read the board; an order that was known before and is no longer active has ended without us."""
        known = set(self._board)
        try:
            orders = await self._active()
        except (Problem, Unreachable):
            self._world.measures.events["board_poll_failed"] += 1
            return
        for order in orders:
            self._see(order)
        for order_id in known - {order["id"] for order in orders}:
            self._board.pop(order_id, None)

    async def _active(self) -> list[BoardOrder]:
        orders, url = [], f"{self._url}?state=active&limit=100"
        while url:
            page = await self._session.get(url)
            orders += page["results"]
            url = page["next"]
        return orders

    def _see(self, order: BoardOrder) -> None:
        """Take news of an order, unless it is older than what is known; hire a cook for a new one."""
        order_id, known = order["id"], self._board.get(order["id"])
        if known is not None and known["seq"] > order["seq"]:
            return
        self._board[order_id] = order
        if order["status"] in COOKED and order_id not in self._cooking:
            self._cooking.add(order_id)
            self._cooks.create_task(self._cook(order_id, new=order["status"] == "placed"))

    def _status(self, order_id: str) -> str:
        return str(self._board[order_id]["status"]) if order_id in self._board else "gone"

    async def _cook(self, order_id: str, *, new: bool) -> None:
        seen_s = seconds_since(self._board[order_id]["placed_at"])
        order = await self._world.order(order_id, self._id)
        try:
            if new and order is not None:
                self._world.measures.observe(SEEN, seen_s)
            if self._board[order_id]["acknowledged_at"] is None:
                await self._world.pause(self._rng.uniform(2, 8))
                self._cooks.create_task(self._acknowledge(order_id))
            while (status := self._status(order_id)) in COOKED:
                await self._step(order_id, status, order)
        finally:
            self._cooking.discard(order_id)

    async def _acknowledge(self, order_id: str) -> None:
        """A press on the alarm, beside the work; the answer is not waited for."""
        await self._act(order_id, "acknowledge")

    async def _step(self, order_id: str, status: str, order: SimOrder | None) -> None:
        match status:
            case "placed":
                await self._answer(order_id, order)
            case "confirmed":
                await self._world.pause(self._rng.uniform(10, 60))
                await self._act(order_id, "preparing")
            case "preparing":
                await self._prepare(order_id)
                await self._act(order_id, "ready")

    async def _answer(self, order_id: str, order: SimOrder | None) -> None:
        """Confirm, unless the seed has this order rejected or left lying until it times out."""
        fate = order.plan.fate if order else Fate.NORMAL
        await self._world.pause(self._rng.uniform(15, 60))
        if order and fate is Fate.NO_ANSWER:
            order.simulated.add("no_answer")
            while self._status(order_id) == "placed":
                await self._world.pause(30)
        elif order and fate is Fate.REJECT:
            order.simulated.add("reject")
            if await self._act(order_id, "reject", {"reason": self._rng.choice(REJECTIONS), "detail": ""}):
                order.simulated.add("rejected")
        else:
            minutes = round(self._rng.triangular(6, 20, 10))
            if await self._act(order_id, "confirm", {"prep_minutes": minutes}) and order:
                order.mark("confirmed")

    async def _prepare(self, order_id: str) -> None:
        """Cook until the promised time; a few are early, some late, by minutes of the city."""
        ready_at = self._board[order_id]["ready_at"]
        left_s = max(0.0, parse_time(ready_at) - time()) if ready_at else 0.0
        late = self._rng.random() < LATE_SHARE
        await asyncio.sleep(left_s)
        await self._world.pause(self._rng.uniform(180, 480) if late else self._rng.uniform(0, 60))

    async def _act(self, order_id: str, action: str, body: dict[str, Any] | None = None) -> bool:
        """One button of the board, and whether it worked; if not, the board is read again."""
        if order_id not in self._board:
            return False
        try:
            self._see(await self._session.post(f"{self._url}{order_id}/{action}/", body))
        except (Problem, Unreachable):
            await asyncio.sleep(1.0)
            await self._poll()
            return False
        return True


async def kitchen_restaurants(world: World, session: Session) -> list[str]:
    """The restaurants of an account; none when there is no such account. Raises Unreachable."""
    try:
        me = await session.get("/api/v1/me/")
    except NoSuchAccount:
        return []
    return [restaurant["id"] for restaurant in me["roles"]["restaurants"] or []]
