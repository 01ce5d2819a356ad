"""A proposed swap and the pieces it concerns: what is counted, and how a proposal ends with its order."""

from datetime import datetime
from uuid import UUID

from orders.models import Amendment, Order, OrderLine
from orders.services.moving import Actor


def open_swaps(order: Order) -> list[Amendment]:
    """Of a locked order, those that wait for an answer."""
    return list(order.amendments.filter(state=Amendment.State.PROPOSED).order_by("made_at", "pk"))


def end_with_order(order: Order, *, actor: Actor, now: datetime) -> list[OrderLine]:
    """The order ends; what was proposed on top and is given back, as unsaved lines."""
    swaps = open_swaps(order)
    for swap in swaps:
        end = swap.refuse if actor.kind == "customer" else swap.withdraw
        end(now=now)
        swap.save(update_fields=["state", "settled_at"])
    return [swap_line(swap) for swap in swaps]


def swap_line(amendment: Amendment, *, position: int = 0) -> OrderLine:
    """What is proposed, as an unsaved line of the order."""
    assert amendment.swap is not None
    line = {**amendment.swap, "item_id": UUID(amendment.swap["item_id"])}
    return OrderLine(order_id=amendment.order_id, position=position, **line)


def pieces_of(line: OrderLine, quantity: int) -> OrderLine:
    """So many pieces of the line, as an unsaved one."""
    return OrderLine(
        item_id=line.item_id, name=line.name, quantity=quantity, is_counted=line.is_counted, total_minor=0
    )
