"""What the kitchen could not make: pieces are taken off the order, or swapped for what the customer accepts.

The order's lock decides between the kitchen, the customer and the clock. The price is reckoned anew by the
rules and terms of the order's day; it never exceeds what is held, and only what is left is captured.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import Max, Sum

from deliveryapp.batch import Batch
from deliveryapp.clock import scaled
from deliveryapp.errors import AppError
from deliveryapp.transactions import durable
from orders import pricing
from orders.errors import (
    AmendmentNotFound,
    AmendmentSettled,
    IllegalMove,
    LastLine,
    LineInQuestion,
    LineNotFound,
    SwapTooDear,
)
from orders.events import OrderAmended
from orders.models import Amendment, Kind, Order, OrderLine
from orders.services import stock
from orders.services.cancelling import cancel_as_customer, cancel_locked
from orders.services.moving import SYSTEM, Actor, lock_order, move
from orders.services.notifying import ask_to_tell
from orders.services.swaps import open_swaps, pieces_of, swap_line
from payments import facade as payments
from restaurants import facade as restaurants
from restaurants.facade import CartLine, PricedLine

log = structlog.get_logger(__name__)
State = Amendment.State
ACCEPT, REMOVE, CANCEL = "accept", "remove", "cancel"
ANSWERS = (ACCEPT, REMOVE, CANCEL)
BECOMES = {ACCEPT: State.ACCEPTED, REMOVE: State.REMOVED, CANCEL: State.REFUSED}
AMOUNTS = (
    "subtotal_minor",
    "service_fee_minor",
    "tax_minor",
    "included_tax_minor",
    "discount_minor",
    "total_minor",
)
AT_LEAST = timedelta(seconds=30)  # to read and answer, when the city's time runs fast


def remove_pieces(
    *,
    order_id: UUID,
    user_id: UUID,
    line_id: UUID,
    quantity: int | None = None,
    is_sold_out: bool = False,
    now: datetime,
) -> Order:
    """Take `quantity` pieces of a line off, None for all of them; `is_sold_out` takes the dish off the menu
    for today.

    Raises IllegalMove, LineNotFound, LineInQuestion and LastLine.
    """
    with durable():
        order = _lock(order_id)
        line, count = _line(order, line_id, quantity)
        if count == line.quantity and order.lines.count() == 1:
            raise LastLine
        removed = Amendment(order=order, state=State.REMOVED, settled_at=now)
        _note(removed, line, count, user_id, now)
        removed.save(force_insert=True)
        batch = Batch()
        stock.put_back(batch, [_take_off(line, count)])
        _tell(order, removed, Actor("restaurant", user_id), now, batch)
        if is_sold_out:
            restaurants.end_for_today(restaurant_id=order.restaurant_id, item_id=line.item_id, now=now)
        ask_to_tell(order, Kind.ITEM_REMOVED, now=now, occurrence=str(removed.pk))
    return order


def propose_swap(
    *,
    order_id: UUID,
    user_id: UUID,
    line_id: UUID,
    swap: CartLine,
    quantity: int | None = None,
    is_sold_out: bool = False,
    now: datetime,
) -> Order:
    """Ask the customer whether `swap` may come instead of so many pieces of a line; its pieces are taken from
    the stock until the answer.

    Raises IllegalMove, LineNotFound, LineInQuestion, SwapTooDear, what `restaurants.facade.price_line` does,
    and ItemOutOfStock.
    """
    restaurant_id = Order.objects.values_list("restaurant_id", flat=True).get(pk=order_id)
    priced = restaurants.price_line(restaurant_id=restaurant_id, line=swap, now=now)
    with durable():
        order = _lock(order_id)
        line, count = _line(order, line_id, quantity)
        proposed = Amendment(order=order, swap=_as_json(priced), expires_at=now + answer_within())
        _note(proposed, line, count, user_id, now)
        _require_held(order, [*open_swaps(order), proposed])
        proposed.save(force_insert=True)
        batch = Batch()
        stock.take(batch, [swap_line(proposed)])
        _tell(order, proposed, Actor("restaurant", user_id), now, batch)
        if is_sold_out:
            restaurants.end_for_today(restaurant_id=restaurant_id, item_id=line.item_id, now=now)
        ask_to_tell(order, Kind.SWAP_PROPOSED, now=now, occurrence=str(proposed.pk))
    return order


def answer_swap(*, order_id: UUID, user_id: UUID, amendment_id: UUID, answer: str, now: datetime) -> None:
    """The customer accepts, has the pieces taken off, or cancels the order; the same answer again changes
    nothing. An answer counts as long as the clock has not decided.

    Raises AmendmentNotFound, AmendmentSettled, SwapTooDear.
    """
    with durable():
        order = lock_order(order_id)
        amendment = order.amendments.filter(pk=amendment_id).first()
        if amendment is None:
            raise AmendmentNotFound
        if not amendment.is_open:
            if amendment.swap and amendment.state == BECOMES[answer]:
                return
            raise AmendmentSettled(state=amendment.state)
        if answer == CANCEL:
            cancel_as_customer(order_id=order_id, user_id=user_id, reason="item_unavailable", now=now)
        elif answer == ACCEPT:
            _swap(order, amendment, Actor("customer", user_id), now)
        else:
            amendment.remove(now=now)
            _remove(order, amendment, Actor("customer", user_id), now)


def time_out_swaps(*, now: datetime, limit: int = 50) -> int:
    """Take off what nobody answered for; how many proposals were due."""
    due = Amendment.objects.filter(state=State.PROPOSED, expires_at__lte=now).order_by("expires_at")
    found = list(due.values_list("order_id", "pk")[:limit])
    for order_id, amendment_id in found:
        try:
            _time_out(order_id, amendment_id, now)
        except AppError as error:
            log.exception("swap_not_timed_out", order_id=str(order_id), code=error.code)
    return len(found)


def answer_within() -> timedelta:
    return scaled(timedelta(seconds=settings.SWAP_ANSWER_S), floor=AT_LEAST)


def _time_out(order_id: UUID, amendment_id: UUID, now: datetime) -> None:
    with durable():
        order = lock_order(order_id)
        amendment = order.amendments.get(pk=amendment_id)
        if not amendment.is_open:
            return
        amendment.expire(now=now)
        _remove(order, amendment, SYSTEM, now)
        if order.status in Order.AMENDABLE:
            ask_to_tell(order, Kind.ITEM_REMOVED, now=now, occurrence=str(amendment.pk))


def _swap(order: Order, amendment: Amendment, actor: Actor, now: datetime) -> None:
    _require_held(order, [amendment])
    line = order.lines.get(pk=amendment.line_id)
    batch, position = Batch(), line.position
    stock.put_back(batch, [_take_off(line, amendment.quantity)])
    if amendment.quantity < line.quantity:
        position = order.lines.aggregate(last=Max("position"))["last"] + 1
    swap_line(amendment, position=position).save(force_insert=True)
    amendment.accept(now=now)
    amendment.save(update_fields=["state", "settled_at"])
    _tell(order, amendment, actor, now, batch)


def _remove(order: Order, amendment: Amendment, actor: Actor, now: datetime) -> None:
    """Take the pieces off that no swap comes for, its state being set; when nothing is left, the kitchen
    gives the order up.
    """
    line = order.lines.get(pk=amendment.line_id)
    if amendment.quantity == line.quantity and order.lines.count() == 1:
        was_placed = order.status == Order.Status.PLACED
        code = "rejected_by_restaurant" if was_placed else "cancelled_by_restaurant"
        cancel_locked(order, code=code, actor=SYSTEM, detail="item_unavailable", now=now)
        return
    amendment.save(update_fields=["state", "settled_at"])
    batch = Batch()
    stock.put_back(batch, [_take_off(line, amendment.quantity), swap_line(amendment)])
    _tell(order, amendment, actor, now, batch)


def _lock(order_id: UUID) -> Order:
    order = lock_order(order_id)
    if order.status not in Order.AMENDABLE:
        raise IllegalMove(f"The order is {order.status}.", order_status=order.status)
    return order


def _line(order: Order, line_id: UUID, quantity: int | None) -> tuple[OrderLine, int]:
    """The line, and how many of its pieces are meant."""
    line = order.lines.filter(pk=line_id).first()
    if line is None:
        raise LineNotFound
    if any(swap.line_id == line_id for swap in open_swaps(order)):
        raise LineInQuestion
    return line, line.quantity if quantity is None else min(quantity, line.quantity)


def _note(amendment: Amendment, line: OrderLine, count: int, user_id: UUID, now: datetime) -> None:
    """Which pieces it is about, as they were called and priced."""
    amendment.line_id, amendment.name, amendment.quantity = line.pk, line.name, count
    amendment.amount_minor = line.total_minor // line.quantity * count
    amendment.made_by, amendment.made_at = user_id, now


def _take_off(line: OrderLine, count: int) -> OrderLine:
    """The pieces as an unsaved line; the row shrinks, or goes."""
    pieces = pieces_of(line, count)
    if count == line.quantity:
        OrderLine.objects.filter(pk=line.pk).delete()
        return pieces
    left = line.quantity - count
    OrderLine.objects.filter(pk=line.pk).update(
        quantity=left, total_minor=line.total_minor // line.quantity * left
    )
    return pieces


def _require_held(order: Order, swaps: list[Amendment]) -> None:
    """All of them accepted would still be within what is held."""
    more_minor = sum(max(0, swap_line(swap).total_minor - swap.amount_minor) for swap in swaps)
    dearest = pricing.repriced(order, subtotal_minor=order.subtotal_minor + more_minor)
    headroom_minor = payments.headroom_minor(order_id=order.pk)
    if dearest.total_minor - order.total_minor > headroom_minor:
        food_minor = headroom_minor * pricing.WHOLE_BP // (pricing.WHOLE_BP + pricing.SERVICE_FEE_BP)
        most_minor = swaps[-1].amount_minor + food_minor
        raise SwapTooDear(most_minor=most_minor, currency=order.currency)


def _tell(order: Order, amendment: Amendment, actor: Actor, now: datetime, batch: Batch) -> None:
    """Price what is in the bag now, and write the move, the event and the batch."""
    _reprice(order, amendment, now)
    move(
        order,
        order.amend,
        OrderAmended,
        actor=actor,
        now=now,
        reason=_said(amendment),
        batch=batch,
        facts={
            "amendment_id": amendment.pk,
            "change": str(amendment.state),
            "total_minor": order.total_minor,
            "currency": order.currency,
        },
        also=AMOUNTS,
    )
    batch.execute()


def _reprice(order: Order, amendment: Amendment, now: datetime) -> None:
    subtotal_minor = order.lines.aggregate(sum=Sum("total_minor"))["sum"]
    was_total_minor, was_share_minor = order.total_minor, _restaurants_share(order)
    for name, amount_minor in asdict(pricing.repriced(order, subtotal_minor=subtotal_minor)).items():
        setattr(order, name, amount_minor)
    if order.total_minor != was_total_minor:
        payments.amend_amount(
            order_id=order.pk,
            change_minor=order.total_minor - was_total_minor,
            restaurant_change_minor=_restaurants_share(order) - was_share_minor,
            reference=f"amendment:{amendment.pk}",
            now=now,
        )


def _restaurants_share(order: Order) -> int:
    return pricing.restaurants_share(
        subtotal_minor=order.subtotal_minor,
        commission_bp=order.commission_bp,
        discount=pricing.discount_of(order),
    )


def _said(amendment: Amendment) -> str:
    pieces = f"{amendment.quantity} × {amendment.name}"
    if amendment.swap is None:
        return f"item_removed: {pieces}"
    swap = f"{amendment.swap['quantity']} × {amendment.swap['name']}"
    return f"swap_{amendment.state}: {pieces} → {swap}"


def _as_json(priced: PricedLine) -> dict[str, object]:
    """As `OrderLine` keeps a line."""
    return {
        "item_id": str(priced.item_id),
        "name": priced.name,
        "quantity": priced.quantity,
        "unit_price_minor": priced.unit_price_minor,
        "options": [
            {"group": option.group, "name": option.name, "price_delta_minor": option.price_delta_minor}
            for option in priced.options
        ],
        "note": priced.note,
        "total_minor": priced.total_minor,
        "is_counted": priced.is_counted,
    }
