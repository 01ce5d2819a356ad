"""Support gives money back: by line, by fee or tip, or an amount out of goodwill (F5, F12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deliveryapp.money import share_bp
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
    kept_bp = _restaurants_share_bp(order)
    parts = []
    for chosen in wish.lines:
        if chosen.line_id not in lines:
            raise NothingChosen("This line is not part of the order.")
        parts += _line_parts(lines[chosen.line_id], chosen.quantity, wish.borne_by, kept_bp)
    for fee in wish.fees:
        cost_minor = getattr(order, f"{fee}_minor")
        bearer = "driver" if fee == "tip" else "platform"
        parts.append(Part(kind=fee, ref="", amount_minor=cost_minor, limit_minor=cost_minor, borne_by=bearer))
    if wish.amount_minor:
        goodwill = Part("goodwill", "", wish.amount_minor, order.total_minor, wish.borne_by)
        parts.append(goodwill)
    return parts


def _line_parts(line: OrderLine, quantity: int | None, borne_by: str, kept_bp: int) -> list[Part]:
    """A restaurant bears no more than it got for the line: the commission on it goes back with it."""
    count = line.quantity if quantity is None else min(quantity, line.quantity)
    amount_minor = line.total_minor * count // line.quantity
    own_minor = share_bp(amount_minor, kept_bp) if borne_by == "restaurant" else 0
    shares = {"restaurant": own_minor, "platform": amount_minor - own_minor}
    return [
        Part("line", str(line.pk), minor, line.total_minor, bearer)
        for bearer, minor in shares.items()
        if minor
    ]


def _restaurants_share_bp(order: Order) -> int:
    """What the restaurant got of each unit of food, in ten-thousandths."""
    paid = payments.payment_of(order_id=order.pk)
    assert paid is not None
    return paid.restaurant_minor * WHOLE_BP // order.subtotal_minor
