"""A tip that is raised after the order was captured: a charge of its own, taken at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Sum

from deliveryapp.batch import Batch
from deliveryapp.ids import new_id
from deliveryapp.transactions import require_transaction
from payments.errors import TipInProgress
from payments.gateways import CREDIT_ONLY
from payments.gateways.configured import preferred
from payments.models import Payment, PaymentOperation, Refund
from payments.services.authorizing import add_authorization
from payments.services.operations import run_operation
from payments.services.writing import open_operation

State = Payment.State
PATIENCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Tips:
    """What was added to an order's tip after its capture, and what went back of tips, in minor units."""

    added_minor: int
    returned_minor: int


def tips_of(*, order_id: UUID) -> Tips:
    added = Payment.objects.filter(order_id=order_id, purpose=Payment.Purpose.TIP)
    returned = Refund.objects.filter(payment__order_id=order_id).exclude(state=Refund.State.FAILED)
    parts = [part for refund in returned for part in refund.parts if part["kind"] == "tip"]
    return Tips(
        added_minor=added.aggregate(sum=Sum("captured_minor"))["sum"] or 0,
        returned_minor=sum(part["amount_minor"] for part in parts),
    )


def open_tip(*, order_id: UUID, amount_minor: int, now: datetime) -> UUID:
    """Write the charge down in the caller's transaction, under the order's lock; the operation to run.

    Raises TipInProgress while an earlier one is not settled.
    """
    require_transaction()
    if Payment.objects.filter(
        order_id=order_id, purpose=Payment.Purpose.TIP, state__in=Payment.UNSETTLED
    ).exists():
        raise TipInProgress
    order = Payment.objects.get(order_id=order_id, purpose=Payment.Purpose.ORDER)
    tip = Payment(
        id=new_id(),
        purpose=Payment.Purpose.TIP,
        order_id=order_id,
        customer_id=order.customer_id,
        restaurant_id=order.restaurant_id,
        driver_id=order.driver_id,
        amount_minor=amount_minor,
        driver_minor=amount_minor,
        currency=order.currency,
        gateway=preferred() if order.gateway == CREDIT_ONLY else order.gateway,
        payment_method=order.payment_method,
        provider_customer=order.provider_customer,
        created_at=now,
        updated_at=now,
    )
    batch = Batch()
    pending = add_authorization(batch, tip, now=now)
    pending.operation.attempts, pending.operation.leased_until = 0, None
    batch.execute()
    return pending.operation.pk


def charge_tip(*, operation_id: UUID) -> str:
    """Ask for it; the state of the charge afterwards. What is left open the sweep brings to its end."""
    run_operation(operation_id=operation_id)
    tip = Payment.objects.get(operations=operation_id)
    if tip.state == State.REQUIRES_ACTION:
        _give_up(tip)
    return str(tip.state)


def drop_waiting_tips(*, now: datetime, limit: int = 20) -> None:
    """A tip is not worth a visit to the bank: give up those whose bank wants to see the customer."""
    waiting = Payment.objects.filter(
        purpose=Payment.Purpose.TIP, state=State.REQUIRES_ACTION, created_at__lt=now - PATIENCE
    )
    for tip in waiting[:limit]:
        _give_up(tip)


def _give_up(tip: Payment) -> None:
    operation_id = open_operation(payment_id=tip.pk, kind=PaymentOperation.Kind.VOID)
    if operation_id is not None:
        run_operation(operation_id=operation_id)
