"""From an appetite to an order: find a restaurant, fill a cart, ask the price, place it, pay."""

from __future__ import annotations

import asyncio
import random
import uuid
from dataclasses import dataclass
from itertools import chain, repeat
from time import monotonic
from typing import Any
from urllib.parse import urlencode

from deliveryapp.city import Address
from deliveryapp.simulator.carts import NothingToOrder, build_cart
from deliveryapp.simulator.client import Problem, Session, Unreachable
from deliveryapp.simulator.measures import PLACE
from deliveryapp.simulator.oplog import Operation
from deliveryapp.simulator.plans import Fate, OrderPlan
from deliveryapp.simulator.threeds import authenticate
from deliveryapp.simulator.world import SimOrder, World

ATTEMPTS = 8
NEAREST = 12
ACTION_WAIT_S = 60.0
IN_FLIGHT_WAITS_S = (0.3, 0.6, 1.2, 2.5)
RUN_ID = uuid.uuid4().hex[:12]  # keys must be new in every run, also with the same seed


class NotPlaced(Exception):
    """Every restaurant the customer tried refused; says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A priced cart: the body of the placing request and what the quote says it costs."""

    restaurant_id: str
    body: dict[str, Any]


async def place_order(world: World, session: Session, plan: OrderPlan) -> SimOrder:
    """One order of one customer, tried at several restaurants if need be. Raises NotPlaced."""
    rng, reasons = world.rng("order", plan.n), []
    for attempt in range(ATTEMPTS):
        try:
            wish = await _shop(world, session, plan, rng)
            return await _place(world, session, plan, wish, key=f"sim-{RUN_ID}-{plan.n}-{attempt}")
        except NothingToOrder as reason:
            reasons.append(str(reason))
        except Problem as problem:
            reasons.append(problem.code)
        await world.pause(rng.uniform(5, 20))
    raise NotPlaced(", ".join(dict.fromkeys(reasons)))


async def _shop(world: World, session: Session, plan: OrderPlan, rng: random.Random) -> Wish:
    """Look around from a random address and fill a cart. Raises NothingToOrder, Problem."""
    address = rng.choice(world.city.addresses)
    where = {"lat": address.location.lat, "lng": address.location.lng, "open_now": "true", "limit": 50}
    page = await session.get(f"/api/v1/restaurants/?{urlencode(where)}")
    nearby = [row for row in page["results"] if row["open"] and row["id"] in world.restaurants][:NEAREST]
    if not nearby:
        raise NothingToOrder("no open restaurant of the simulation delivers there")
    restaurant = await session.get(f"/api/v1/restaurants/{rng.choice(nearby)['id']}/")
    lines = build_cart(
        restaurant["menu"]["sections"], rng=rng, minimum_minor=restaurant["minimum_order"]["amount_minor"]
    )
    await world.pause(rng.uniform(10, 40))
    body = {
        "restaurant_id": restaurant["id"],
        "lines": lines,
        "delivery": _delivery(world, address),
        "tip_minor": rng.choice((0, 0, 0, 100, 200, 300)),
        "note": "",
        "payment_method": plan.payment_method,
        "allow_duplicate": True,  # two plans may fill the same cart; a double submit repeats its key
    }
    quote = (await session.call("POST", "/api/v1/quotes/", json=body)).body
    return Wish(restaurant["id"], {**body, "expected_total_minor": quote["total"]["amount_minor"]})


def _delivery(world: World, address: Address) -> dict[str, Any]:
    return {
        "street": address.line,
        "city": world.city.name,
        "postcode": address.postcode,
        "lat": address.location.lat,
        "lng": address.location.lng,
        "note": "",
    }


async def _place(world: World, session: Session, plan: OrderPlan, wish: Wish, *, key: str) -> SimOrder:
    """Send it, twice at once when the plan says so. Raises Problem when it was refused for good."""
    operation = world.oplog.start(key, double=plan.double_submit)
    world.placing(wish.restaurant_id, +1)
    try:
        sends = [_submit(session, wish, operation) for _ in range(2 if plan.double_submit else 1)]
        answers = await asyncio.gather(*sends, return_exceptions=True)
        body = _agreed(answers)
        order = SimOrder(plan=plan, session=session, restaurant_id=wish.restaurant_id, order_id=body["id"])
        order.status = body["status"]
        order.mark("acked")
        world.add(order)
    finally:
        world.placing(wish.restaurant_id, -1)
    if plan.fate is Fate.DECLINED:
        order.simulated.add("declined")
    return order


async def _submit(session: Session, wish: Wish, operation: Operation) -> dict[str, Any]:
    """Send with the key until there is a definite answer, however long that takes. Raises Problem."""
    for wait_s in chain(IN_FLIGHT_WAITS_S, repeat(IN_FLIGHT_WAITS_S[-1])):
        try:
            answer = await session.call(
                "POST",
                "/api/v1/orders/",
                json=wish.body,
                headers={"Idempotency-Key": operation.key},
                measure=PLACE,
                witness=operation,
            )
        except Unreachable:
            continue
        except Problem as problem:
            if "in_flight" in problem.code:
                await asyncio.sleep(wait_s)
                continue
            order_id = problem.body.get("order_id")
            operation.refused(problem.code, order_id)
            if order_id is not None:
                return {"id": order_id, "status": "failed"}
            raise
        body: dict[str, Any] = answer.body
        operation.acked(body["id"])
        return body
    raise AssertionError("the waits never end")


def _agreed(answers: list[dict[str, Any] | BaseException]) -> dict[str, Any]:
    """The order the answers speak of; when they differ the op log knows, and the first one is followed."""
    placed = [answer for answer in answers if not isinstance(answer, BaseException)]
    if placed:
        return placed[0]
    raise next(answer for answer in answers if isinstance(answer, BaseException))


async def approve_payment(world: World, order: SimOrder) -> None:
    """Approve the payment on the provider's 3-D Secure page. Raises Problem, NoForm, Unreachable."""
    deadline = monotonic() + ACTION_WAIT_S
    while monotonic() < deadline:
        body = await order.session.get(f"/api/v1/orders/{order.order_id}/")
        if body["status"] != "created":
            return
        if url := body["payment"]["next_action_url"]:
            await world.pause(15)
            await authenticate(world.transport, url)
            return
        await asyncio.sleep(1.0)
