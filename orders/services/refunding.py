"""Support gives money back: by line, by fee or tip, or an amount out of goodwill (F5, F12)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from deliveryapp.money import share_bp
from orders import pricing
from orders.errors import NothingChosen, OrderNotFound
from orders.models import Order, OrderLine
from payments import facade as payments
from payments.facade import Part, RefundInfo

FEES = ("delivery_fee", "service_fee", "tip")
WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class LineRefund:
    """`quantity` of a line; None for all of it."""

    line_id: UUID
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What is paid back: lines, whole fees (of FEES), and an amount on top. `borne_by` is who pays for the
    food: platform or restaurant; a tip is always the driver's, and everything else the platform's.
    """

    lines: Sequence[LineRefund] = ()
    fees: Sequence[str] = ()
    amount_minor: int = 0
    borne_by: str = "platform"
    to_credit: bool = False
    reason: str = ""


def refund_order(*, order_id: UUID, user_id: UUID, wish: RefundWish, key: str, now: datetime) -> RefundInfo:
    """Raises OrderNotFound, NothingChosen, NothingToRefund, RefundTooLarge, RefundKeyReused."""
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise OrderNotFound
    parts = [part for part in _parts(order, wish) if part.amount_minor]
    if not parts:
        raise NothingChosen
    request = payments.RefundRequest(
        order_id=order_id,
        parts=parts,
        reason=wish.reason,
        key=f"support:{order_id}:{key}",
        requested_by=user_id,
        to_credit=wish.to_credit,
    )
    return payments.refund(request, now=now)


def _parts(order: Order, wish: RefundWish) -> list[Part]:
    lines = {line.pk: line for line in order.lines.all()}
    discounts_minor = _discounts(order, lines.values())
    kept_bp = _restaurants_share_bp(order)
    parts = []
    for chosen in wish.lines:
        if chosen.line_id not in lines:
            raise NothingChosen("This line is not part of the order.")
        line, discount_minor = lines[chosen.line_id], discounts_minor[chosen.line_id]
        parts += _line_parts(line, discount_minor, chosen.quantity, wish.borne_by, kept_bp)
    for fee in wish.fees:
        cost_minor = _paid_for_fee(order, fee)
        bearer = "driver" if fee == "tip" else "platform"
        parts.append(Part(kind=fee, ref="", amount_minor=cost_minor, limit_minor=cost_minor, borne_by=bearer))
    if wish.amount_minor:
        goodwill = Part("goodwill", "", wish.amount_minor, order.total_minor, wish.borne_by)
        parts.append(goodwill)
    return parts


def _paid_for_fee(order: Order, fee: str) -> int:
    cost_minor: int = getattr(order, f"{fee}_minor")
    return cost_minor - order.delivery_discount_minor if fee == "delivery_fee" else cost_minor


def _discounts(order: Order, lines: Iterable[OrderLine]) -> dict[UUID, int]:
    """What the order's discount took off each line."""
    in_order = sorted(lines, key=attrgetter("position"))
    parts = pricing.spread(order.food_discount_minor, [line.total_minor for line in in_order])
    return {line.pk: part for line, part in zip(in_order, parts, strict=True)}


def _line_parts(
    line: OrderLine, discount_minor: int, quantity: int | None, borne_by: str, kept_bp: int
) -> list[Part]:
    """What the customer paid for it comes back. A restaurant bears no more than it got for the line: the
    commission goes back with it, and to us what we had paid of its price.
    """
    count = line.quantity if quantity is None else min(quantity, line.quantity)
    price_minor = line.total_minor * count // line.quantity
    paid_minor = line.total_minor - discount_minor
    amount_minor = paid_minor * count // line.quantity
    got_minor = share_bp(price_minor, kept_bp) if borne_by == "restaurant" else 0
    own_minor = min(got_minor, amount_minor)
    ours = Part("line", str(line.pk), amount_minor - own_minor, paid_minor)
    theirs = Part("line", str(line.pk), own_minor, paid_minor, "restaurant", got_minor - own_minor)
    return [part for part in (theirs, ours) if part.amount_minor]


def _restaurants_share_bp(order: Order) -> int:
    """What the restaurant got of each unit of food on its menu, in ten-thousandths."""
    paid = payments.payment_of(order_id=order.pk)
    assert paid is not None
    return paid.restaurant_minor * WHOLE_BP // order.subtotal_minor
