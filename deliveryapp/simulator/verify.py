"""After the run: read everything again through the public API and hold it against what was promised."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from deliveryapp.simulator.client import Problem, Session, Transport, Unreachable
from deliveryapp.simulator.customers import Customers
from deliveryapp.simulator.endings import Ending, MoneyCheck, check_money, ending
from deliveryapp.simulator.oplog import OpSummary
from deliveryapp.simulator.report import Facts
from deliveryapp.simulator.watching import read_order
from deliveryapp.simulator.world import FINAL, SimOrder, World

READERS = 6
PATIENCE_S = 20.0


async def verify(world: World, customers: Customers) -> Facts:
    """The facts of the closing table and every finding that makes the run unclean. Raises Unreachable."""
    orders = list(world.orders.values())
    await _read_again(orders)
    bodies = [order.final_body for order in orders if order.final_body]
    endings = [ending(order.final_body, order.simulated) for order in orders if order.final_body]
    money = await _money(world, bodies)
    operations = world.oplog.summary()
    findings = [
        *(
            f"order {order.order_id} was acknowledged and cannot be read"
            for order in orders
            if not order.final_body
        ),
        *(f"order {number} was never placed: {why}" for number, why in sorted(world.unplaced.items())),
        *_ending_findings(endings),
        *_placing_findings(operations),
        *await _list_findings(customers, orders),
        *(money.findings if money else _payment_findings(bodies)),
    ]
    states = Counter(order.status for order in orders)
    delivered = states["delivered"] / max(1, len(orders) + len(world.unplaced))
    if delivered < world.options.min_delivered:
        findings.append(f"{delivered:.1%} delivered, below the minimum of {world.options.min_delivered:.1%}")
    return Facts.of(world, endings=endings, operations=operations, money=money, findings=findings)


def interrupted(world: World) -> Facts:
    """The facts of a run that somebody stopped: nothing is read again, the servers may be stopping too."""
    ends = [ending(order.final_body, order.simulated) for order in world.orders.values() if order.final_body]
    finding = f"stopped before the end: {sum(1 for _ in world.open_orders())} orders were not final"
    return Facts.of(world, endings=ends, operations=world.oplog.summary(), money=None, findings=[finding])


async def _read_again(orders: Sequence[SimOrder]) -> None:
    """The last word on every order; one that cannot be read loses its body."""
    gate = asyncio.Semaphore(READERS)

    async def read(order: SimOrder) -> None:
        async with gate:
            order.final_body = await read_order(order, patience_s=PATIENCE_S)
        if order.final_body is not None:
            order.status = order.final_body["status"]

    await asyncio.gather(*(read(order) for order in orders))


def _ending_findings(endings: Sequence[Ending]) -> list[str]:
    findings = []
    for end in endings:
        if end.status not in FINAL:
            findings.append(f"order {end.number} ({end.order_id}) is not final: {end.status}")
        elif not end.explained:
            findings.append(
                f"order {end.number} ({end.order_id}) ended in a way nobody simulated: {end.label}"
            )
    return findings


def _placing_findings(operations: OpSummary) -> list[str]:
    return [
        *(f"key {key}: more than one order, or a refusal after an order" for key in operations.broken),
        *(f"key {key}: the outcome is still unknown" for key in operations.unresolved),
    ]


def _payment_findings(bodies: Sequence[dict[str, Any]]) -> list[str]:
    """Without the payment server's log: what the platform itself says of the money."""
    return [
        f"order {body['number']} ({body['id']}) is delivered, but its payment is {body['payment']['status']}"
        for body in bodies
        if body["status"] == "delivered" and body["payment"]["status"] != "captured"
    ]


async def _list_findings(customers: Customers, orders: Sequence[SimOrder]) -> list[str]:
    """Each customer's list holds exactly the orders that were acknowledged to this customer in this run."""
    findings = []
    for session, newest in customers.newest_before.items():
        acked = {order.order_id for order in orders if order.session is session}
        try:
            listed = await _listed_since(session, newest)
        except (Problem, Unreachable) as reason:
            findings.append(f"{session.email}: the list of orders cannot be read: {reason}")
            continue
        findings += [
            f"{session.email}: order {order_id} is not in the list" for order_id in sorted(acked - listed)
        ]
        findings += [
            f"{session.email}: nobody was told of order {order_id}" for order_id in sorted(listed - acked)
        ]
    return findings


async def _listed_since(session: Session, newest: str | None) -> set[str]:
    """The ids of the customer's orders down to `newest`, the newest one of before the run."""
    listed: set[str] = set()
    url: str | None = "/api/v1/orders/?limit=50"
    while url:
        page = await session.get(url, patience_s=PATIENCE_S)
        for row in page["results"]:
            if row["id"] == newest:
                return listed
            listed.add(row["id"])
        url = page["next"]
    return listed


async def _money(world: World, bodies: Sequence[dict[str, Any]]) -> MoneyCheck | None:
    if world.options.sandbox_url is None:
        return None
    return check_money(bodies, await read_effects(world.transport, world.options.sandbox_url))


async def read_effects(transport: Transport, sandbox_url: str) -> list[dict[str, Any]]:
    """The effect log of the sandbox payment server, page by page. Raises Unreachable."""
    effects: list[dict[str, Any]] = []
    more, after = True, 0
    while more:
        url = f"{sandbox_url.rstrip('/')}/_sandbox/effects?after={after}"
        page = (await transport.send("GET", url, patience_s=PATIENCE_S)).body
        effects += page["effects"]
        more, after = page["has_more"], page["next"]
    return effects
