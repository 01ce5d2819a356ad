"""Run one durable operation: claim it, ask the provider with its key, record the answer."""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db.models import F, Q
from django.db.models.functions import Now

from deliveryapp.batch import Batch
from deliveryapp.clock import utc_now
from deliveryapp.events import Event
from deliveryapp.ids import new_id
from deliveryapp.transactions import durable, require_no_transaction
from payments import events
from payments.gateways import Answer, Answered, Declined, NoAnswer, Refused, gateway
from payments.models import Payment, PaymentOperation
from payments.services.applying import apply, save
from payments.services.authorizing import hold_for

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 12
Kind, State = PaymentOperation.Kind, PaymentOperation.State

TARGETS: dict[str, tuple[str, ...]] = {
    Kind.AUTHORIZE: (
        Payment.State.REQUIRES_ACTION,
        Payment.State.AUTHORIZED,
        Payment.State.CAPTURED,
        Payment.State.VOIDED,
        Payment.State.REFUNDED,
    ),
    Kind.CAPTURE: (Payment.State.CAPTURED, Payment.State.REFUNDED),
    Kind.VOID: (Payment.State.VOIDED,),
    Kind.REFUND: (Payment.State.REFUNDED,),
}


def sweep(*, limit: int = 50) -> int:
    """Ask again for every operation whose outcome is open and whose time has come."""
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    due = PaymentOperation.objects.filter(free, state__in=PaymentOperation.OPEN, next_try_at__lte=Now())
    ids = list(due.order_by("next_try_at").values_list("pk", flat=True)[:limit])
    return sum(run_operation(operation_id=operation_id) for operation_id in ids)


def run_operation(*, operation_id: UUID) -> bool:
    """True when the operation is settled (now or before). Makes network calls; call it outside
    transactions.
    """
    require_no_transaction()
    operation = _claim(operation_id)
    if operation is None:
        return (
            PaymentOperation.objects.filter(pk=operation_id).exclude(state__in=PaymentOperation.OPEN).exists()
        )
    answer = _ask(operation)
    if isinstance(answer, Refused) and operation.payment.provider_ref:
        answer = _look(operation, answer)
    return _record(operation, answer)


def _claim(operation_id: UUID) -> PaymentOperation | None:
    token = new_id()
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    claimed = PaymentOperation.objects.filter(free, pk=operation_id, state__in=PaymentOperation.OPEN).update(
        leased_until=Now() + LEASE, lease_token=token, attempts=F("attempts") + 1
    )
    if not claimed:
        return None
    return PaymentOperation.objects.select_related("payment").get(pk=operation_id)


def _ask(operation: PaymentOperation) -> Answer:
    payment = operation.payment
    provider = gateway(payment.gateway)
    ref = payment.provider_ref
    if operation.kind == Kind.AUTHORIZE:
        return provider.retrieve(ref) if ref else provider.authorize(hold_for(payment), key=operation.key)
    if not ref:
        return Refused(code="no_reference", detail="the provider never told us its id")
    if operation.kind == Kind.CAPTURE:
        return provider.capture(ref, amount_minor=operation.amount_minor, key=operation.key)
    if operation.kind == Kind.VOID:
        return provider.void(ref, key=operation.key)
    return provider.refund(ref, amount_minor=operation.amount_minor, key=operation.key)


def _look(operation: PaymentOperation, refused: Refused) -> Answer:
    """Refused can mean "done before": the object itself tells."""
    seen = gateway(operation.payment.gateway).retrieve(operation.payment.provider_ref or "")
    return seen if isinstance(seen, Answered | NoAnswer) else refused


def _record(operation: PaymentOperation, answer: Answer) -> bool:
    now = utc_now()
    with durable():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=operation.payment_id)
        was = (payment.state, payment.seq)
        happened: list[Event] = []
        if isinstance(answer, Answered | Declined):
            happened = apply(payment, answer)
        state, error = _state_after(operation, payment, answer)
        if state == State.FAILED:
            happened.append(_failure(operation, payment, error))
        batch = Batch()
        save(batch, payment, happened, was=was, now=now)
        batch.update(
            PaymentOperation.objects.filter(pk=operation.pk, lease_token=operation.lease_token),
            state=state,
            error=error[:300],
            leased_until=None,
            settled_at=None if state in PaymentOperation.OPEN else now,
            next_try_at=now + _pause(operation.attempts),
        )
        batch.execute()
    return state not in PaymentOperation.OPEN


def _state_after(operation: PaymentOperation, payment: Payment, answer: Answer) -> tuple[str, str]:
    if isinstance(answer, NoAnswer):
        if operation.attempts < MAX_ATTEMPTS:
            return State.UNKNOWN, answer.detail
        return State.FAILED, f"no answer after {operation.attempts} tries: {answer.detail}"
    if payment.state in TARGETS[operation.kind]:
        return State.SUCCEEDED, ""
    if payment.state == Payment.State.DECLINED:
        return State.DECLINED, payment.decline_code
    if isinstance(answer, Refused):
        return State.FAILED, f"{answer.code}: {answer.detail}"
    return State.UNKNOWN, "not there yet"


def _failure(operation: PaymentOperation, payment: Payment, reason: str) -> Event:
    log.error("payment_operation_failed", kind=operation.kind, order_id=str(payment.order_id), reason=reason)
    ids = {"payment_id": payment.pk, "order_id": payment.order_id}
    if operation.kind == Kind.CAPTURE:
        return events.PaymentCaptureFailed(**ids, reason=reason[:200])
    return events.PaymentNeedsReview(**ids, reason=f"{operation.kind}: {reason}"[:200])


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=min(2.0**attempts, 300))
