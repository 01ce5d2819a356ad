"""Customers: orders come at random times; each is placed, watched and sometimes cancelled."""

from __future__ import annotations

import asyncio
import random
from time import monotonic

from deliveryapp.simulator.client import NoSuchAccount, Problem, Session, Unreachable
from deliveryapp.simulator.placing import NotPlaced, approve_payment, place_order
from deliveryapp.simulator.plans import Fate, OrderPlan, plan_orders
from deliveryapp.simulator.threeds import NoForm
from deliveryapp.simulator.watching import watch
from deliveryapp.simulator.world import SimOrder, World


class Customers:
    """All simulated customers; `newest_before` is each one's newest order when the run began."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sessions = [world.session("customer", number) for number in range(world.options.customers)]
        self.newest_before: dict[Session, str | None] = {}
        self._first: dict[Session, asyncio.Lock] = {session: asyncio.Lock() for session in self.sessions}

    async def run(self) -> None:
        """Return when every order is final."""
        world, options = self._world, self._world.options
        arrivals = world.rng("arrivals")
        plans = plan_orders(
            seed=options.seed,
            customers=len(self.sessions),
            shares=options.shares,
            double_share=options.double_share,
            orders=options.orders,
        )
        async with asyncio.TaskGroup() as group:
            for plan in plans:
                await asyncio.sleep(arrivals.expovariate(options.rate))
                if options.duration_s is not None and monotonic() - world.started > options.duration_s:
                    break
                group.create_task(self._order(plan))
            world.placing_is_over = True

    async def _order(self, plan: OrderPlan) -> None:
        world, session = self._world, self.sessions[plan.customer]
        rng = world.rng("customer", plan.n)
        try:
            await self._remember_newest(session)
            order = await place_order(world, session, plan)
        except (NotPlaced, NoSuchAccount, Unreachable, Problem) as reason:
            world.unplaced[plan.n] = str(reason)
            return
        if plan.fate is Fate.CANCEL:
            await _cancel(world, order, rng)
        elif plan.fate is Fate.THREE_DS:
            await _authenticate(world, order)
        await watch(world, order, rng)

    async def _remember_newest(self, session: Session) -> None:
        async with self._first[session]:
            if session not in self.newest_before:
                page = await session.get("/api/v1/orders/?limit=1")
                self.newest_before[session] = page["results"][0]["id"] if page["results"] else None


async def _cancel(world: World, order: SimOrder, rng: random.Random) -> None:
    """Change one's mind; too late is the kitchen's luck."""
    await world.pause(rng.uniform(2, 6))
    order.simulated.add("cancel")
    try:
        await order.session.call(
            "POST",
            f"/api/v1/orders/{order.order_id}/cancel/",
            json={"reason": "changed_mind"},
            headers={"Idempotency-Key": f"cancel-{order.order_id}"},
        )
    except (Problem, Unreachable):
        world.measures.events["cancel_refused"] += 1


async def _authenticate(world: World, order: SimOrder) -> None:
    try:
        await approve_payment(world, order)
    except (Problem, Unreachable, NoForm):
        world.measures.events["authentication_failed"] += 1
