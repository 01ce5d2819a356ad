"""Authorization on the placing path: rows and key first, the call between two commits, the record after."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from deliveryapp.batch import Batch
from deliveryapp.transactions import require_no_transaction
from payments.gateways import Answer, Answered, Declined, Hold, NoAnswer, Refused, gateway
from payments.models import Payment, PaymentOperation
from payments.services.applying import apply, save, state_of_authorization

HELD_FOR = timedelta(seconds=30)  # longer than a call takes, and not long to wait for the sweeper
Kind, State = PaymentOperation.Kind, PaymentOperation.State


@dataclass(frozen=True, slots=True)
class PendingAuthorization:
    """A hold that has been written down and not yet asked for."""

    payment_id: UUID
    operation_id: UUID
    order_id: UUID
    key: str
    gateway: str
    hold: Hold


def open_authorization(
    batch: Batch,
    *,
    order_id: UUID,
    customer_id: UUID,
    amount_minor: int,
    currency: str,
    payment_method: str,
    now: datetime,
) -> PendingAuthorization:
    """Add the payment and its operation to the caller's batch; the caller calls `ask` after the commit."""
    payment = Payment(
        order_id=order_id,
        customer_id=customer_id,
        amount_minor=amount_minor,
        currency=currency,
        payment_method=payment_method,
        created_at=now,
        updated_at=now,
    )
    operation = PaymentOperation(
        payment=payment,
        kind=Kind.AUTHORIZE,
        key=f"auth:{order_id}:1",
        amount_minor=amount_minor,
        attempts=1,
        next_try_at=now + HELD_FOR,
        leased_until=now + HELD_FOR,
    )
    batch.insert(payment, operation)
    return pending_authorization(payment, operation)


def pending_authorization(payment: Payment, operation: PaymentOperation) -> PendingAuthorization:
    return PendingAuthorization(
        payment_id=payment.pk,
        operation_id=operation.pk,
        order_id=payment.order_id,
        key=operation.key,
        gateway=payment.gateway,
        hold=hold_for(payment),
    )


def hold_for(payment: Payment) -> Hold:
    """Must be the same for every try of one key: the provider compares parameters."""
    return Hold(
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        payment_method=payment.payment_method,
        reference=str(payment.order_id),
        return_url=f"{settings.PUBLIC_URL}/orders/{payment.order_id}/",
    )


def ask(pending: PendingAuthorization) -> Answer:
    """Ask the provider for the hold; up to 10 s."""
    require_no_transaction()
    return gateway(pending.gateway).authorize(pending.hold, key=pending.key)


def record_authorization(
    batch: Batch, pending: PendingAuthorization, answer: Answer, *, now: datetime
) -> Payment:
    """Add what came of the first ask to the batch; StaleWrite there means a webhook was quicker."""
    payment = Payment(
        id=pending.payment_id,
        order_id=pending.order_id,
        amount_minor=pending.hold.amount_minor,
        currency=pending.hold.currency,
    )
    match answer:
        case NoAnswer(detail):
            _leave_open(batch, pending, detail, now)
        case Refused(code, _):
            save(batch, payment, apply(payment, Declined(code=code)), was=(Payment.State.PENDING, 0), now=now)
            _close(batch, pending, State.DECLINED, now)
        case Answered() | Declined():
            save(batch, payment, apply(payment, answer), was=(Payment.State.PENDING, 0), now=now)
            _close(batch, pending, state_of_authorization(payment), now)
    return payment


def _leave_open(batch: Batch, pending: PendingAuthorization, detail: str, now: datetime) -> None:
    batch.update(
        PaymentOperation.objects.filter(pk=pending.operation_id),
        state=State.UNKNOWN,
        error=detail[:300],
        leased_until=None,
        next_try_at=now + timedelta(seconds=1),
    )


def _close(batch: Batch, pending: PendingAuthorization, state: str, now: datetime) -> None:
    open_still = state in PaymentOperation.OPEN
    batch.update(
        PaymentOperation.objects.filter(pk=pending.operation_id),
        state=state,
        leased_until=None,
        settled_at=None if open_still else Now(),
        next_try_at=now + timedelta(seconds=5),
    )
