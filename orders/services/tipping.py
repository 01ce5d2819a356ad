"""Changing the tip: within the hold until the driver leaves the kitchen, later by a charge or refund.

Every unit of it is the driver's.
"""

from datetime import datetime, timedelta
from uuid import UUID

from deliveryapp.transactions import durable
from drivers import facade as drivers
from orders import pricing
from orders.errors import IllegalMove, TipNotTaken, TipWindowClosed
from orders.models import Order
from orders.selectors.money import current_tip_minor
from orders.services.moving import lock_order
from payments import facade as payments
from payments.facade import Part, RefundRequest

WINDOW = timedelta(hours=48)
TAKEN = "captured"


def change_tip(*, order_id: UUID, tip_minor: int, now: datetime) -> Order:
    """Make this the tip; repeating it changes nothing.

    Raises TipWindowClosed when the order ended otherwise or too long ago, TipNotTaken when the card refused
    or did not answer, TipInProgress, IllegalMove, IllegalPaymentMove.
    """
    order = Order.objects.get(pk=order_id)
    if order.status in (Order.Status.PLACED, *Order.IN_KITCHEN):
        return _before_capture(order, tip_minor, now)
    in_time = order.delivered_at is not None and now < order.delivered_at + WINDOW
    if order.status == Order.Status.PICKED_UP or in_time:
        _after_capture(order_id, tip_minor, now)
        return Order.objects.get(pk=order_id)
    raise TipWindowClosed


def _before_capture(order: Order, tip_minor: int, now: datetime) -> Order:
    more_minor = tip_minor - order.tip_minor
    paid = payments.payment_of(order_id=order.pk)
    assert paid is not None
    wanted_minor = paid.amount_minor + more_minor
    if more_minor > 0 and not payments.raise_hold(order_id=order.pk, amount_minor=wanted_minor):
        raise TipNotTaken
    with durable():
        locked = lock_order(order.pk)
        if (locked.status, locked.tip_minor) != (order.status, order.tip_minor):
            raise IllegalMove("The order moved on meanwhile.", order_status=locked.status)
        if more_minor:
            payments.change_amount(order_id=order.pk, tip_change_minor=more_minor)
            locked.tip_minor, locked.updated_at = tip_minor, now
            locked.total_minor += more_minor
            locked.payout_minor += more_minor
            locked.save(update_fields=["tip_minor", "total_minor", "payout_minor", "updated_at"])
            drivers.change_payout(order_id=order.pk, payout_minor=locked.payout_minor)
    return locked


def _after_capture(order_id: UUID, tip_minor: int, now: datetime) -> None:
    with durable():
        order = lock_order(order_id)
        more_minor = tip_minor - current_tip_minor(order)
        charge = (
            payments.open_tip(order_id=order_id, amount_minor=more_minor, now=now) if more_minor > 0 else None
        )
    if charge is not None and payments.charge_tip(operation_id=charge) != TAKEN:
        raise TipNotTaken
    if more_minor < 0:
        _give_back(order, -more_minor, now)


def _give_back(order: Order, amount_minor: int, now: datetime) -> None:
    """From the latest charge backwards, the order's own tip last."""
    later = payments.tips_taken(order_id=order.pk)
    own_minor = current_tip_minor(order) - sum(kept_minor for _, kept_minor in later)
    for payment_id, kept_minor in [*later, (None, own_minor)]:
        part_minor = min(amount_minor, kept_minor)
        if part_minor:
            _refund(order, payment_id, part_minor, now)
            amount_minor -= part_minor


def _refund(order: Order, payment_id: UUID | None, amount_minor: int, now: datetime) -> None:
    before = payments.tips_of(order_id=order.pk)
    limit_minor = order.tip_minor if payment_id is None else pricing.MAX_TIP_MINOR
    part = Part("tip", "", amount_minor, limit_minor, "driver")
    request = RefundRequest(
        order_id=order.pk,
        payment_id=payment_id,
        parts=[part],
        reason="tip_lowered",
        key=f"tip:{order.pk}:{before.added_minor}:{before.returned_minor}",
    )
    payments.refund(request, now=now)
