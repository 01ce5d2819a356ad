"""Run one durable operation: claim it, ask the provider with its key, record the answer."""

from datetime import timedelta
from uuid import UUID

import structlog
from django.db.models import F, Q
from django.db.models.functions import Now

from deliveryapp.batch import Batch, StaleWrite
from deliveryapp.clock import utc_now
from deliveryapp.events import Event
from deliveryapp.ids import new_id
from deliveryapp.transactions import durable, require_no_transaction
from payments import events
from payments.gateways import NOT_FOUND, Answer, Answered, Declined, Gateway, NoAnswer, Refused, gateway
from payments.models import Payment, PaymentOperation
from payments.services.applying import apply, save
from payments.services.authorizing import hold_for

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=40)  # a refund asks up to three times, each time up to 10 s
ALARM_AT = 12  # tries without an answer after which a person is told; the tries go on
LOOK_AFTER = 3  # silent tries of a hold, after which its traces are looked for as well
ASK_FOR = timedelta(minutes=5)  # later nobody asks for a hold any more: it is only looked for
NEVER_AFTER = ASK_FOR + timedelta(minutes=1)  # by now the last question has had its effect, or never will
CLOCK_SKEW = timedelta(minutes=1)
Kind, State = PaymentOperation.Kind, PaymentOperation.State
Money = Payment.State

HELD = (Money.REQUIRES_ACTION, Money.AUTHORIZED, Money.CAPTURED, Money.VOIDED, Money.REFUNDED)
REACHED: dict[str, tuple[str, ...]] = {
    Kind.AUTHORIZE: HELD,
    Kind.CAPTURE: (Money.CAPTURED, Money.REFUNDED),
    Kind.VOID: (Money.VOIDED,),
    Kind.REFUND: (Money.REFUNDED,),
}
OUT_OF_REACH: dict[str, tuple[str, ...]] = {
    Kind.CAPTURE: (Money.DECLINED, Money.VOIDED),
    Kind.VOID: (Money.DECLINED, Money.CAPTURED, Money.REFUNDED),
}


def sweep(*, limit: int = 50) -> int:
    """Ask again for every operation whose outcome is open and whose time has come; how many there were."""
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    due = PaymentOperation.objects.filter(free, state__in=PaymentOperation.OPEN, next_try_at__lte=Now())
    ids = list(due.order_by("next_try_at").values_list("pk", flat=True)[:limit])
    for operation_id in ids:
        run_operation(operation_id=operation_id)
    return len(ids)


def run_operation(*, operation_id: UUID) -> None:
    """Ask the provider for one open operation, unless somebody else is asking; the payment's row says what
    came of it. Makes network calls; call it outside transactions.
    """
    require_no_transaction()
    operation = _claim(operation_id)
    if operation is None:
        return
    answer = _ask(operation)
    if isinstance(answer, Refused) and operation.payment.provider_ref:
        answer = _look(operation, answer)
    try:
        _record(operation, answer)
    except StaleWrite:  # rolled back; whoever holds the lease now asks with the same key
        log.warning("operation_overslept", operation_id=str(operation_id))


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
        return provider.retrieve(ref) if ref else _authorize(operation, provider)
    if not ref:
        return Refused(code="no_reference", detail="the provider never told us its id")
    if operation.kind == Kind.CAPTURE:
        return provider.capture(ref, amount_minor=operation.amount_minor, key=operation.key)
    if operation.kind == Kind.VOID:
        return provider.void(ref, key=operation.key)
    return provider.refund(ref, amount_minor=operation.amount_minor, key=operation.key)


def _authorize(operation: PaymentOperation, provider: Gateway) -> Answer:
    """Ask with the one key; when that meets silence, look for what it may have done.

    A key can stay silent for good (a stored 500 is repeated for a day), and after a day it is forgotten and
    would hold the money a second time.
    """
    age = utc_now() - operation.created_at
    answer: Answer = NoAnswer("not asked any more")
    if age < ASK_FOR:
        answer = provider.authorize(hold_for(operation.payment), key=operation.key)
        if isinstance(answer, Refused):
            return Declined(code=answer.code)
    if not isinstance(answer, NoAnswer) or operation.attempts < LOOK_AFTER:
        return answer
    found = provider.find(str(operation.payment.order_id), since=operation.created_at - CLOCK_SKEW)
    if isinstance(found, Refused) and found.code == NOT_FOUND:
        return Declined(code="no_answer") if age > NEVER_AFTER else answer
    return found if isinstance(found, Answered) else answer


def _look(operation: PaymentOperation, refused: Refused) -> Answer:
    """Refused can mean "done before": the object itself tells."""
    seen = gateway(operation.payment.gateway).retrieve(operation.payment.provider_ref or "")
    return seen if isinstance(seen, Answered | NoAnswer) else refused


def _record(operation: PaymentOperation, answer: Answer) -> None:
    now = utc_now()
    with durable():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=operation.payment_id)
        was = (payment.state, payment.seq)
        happened: list[Event] = []
        if isinstance(answer, Answered | Declined):
            happened = apply(payment, answer)
        state, error = _state_after(operation, payment, answer)
        if state == State.FAILED or (state == State.UNKNOWN and operation.attempts == ALARM_AT):
            happened.append(_alarm(operation, payment, error))
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


def _state_after(operation: PaymentOperation, payment: Payment, answer: Answer) -> tuple[str, str]:
    """What the operation has come to, and why. No answer is never an end: the same key is asked again."""
    if payment.state in REACHED[operation.kind]:
        return State.SUCCEEDED, ""
    if isinstance(answer, NoAnswer):
        return State.UNKNOWN, answer.detail
    if isinstance(answer, Refused):
        return State.FAILED, f"{answer.code}: {answer.detail}"
    if operation.kind == Kind.AUTHORIZE and payment.state == Money.DECLINED:
        return State.DECLINED, payment.decline_code
    if payment.state in OUT_OF_REACH.get(operation.kind, ()):
        return State.FAILED, f"the payment is {payment.state}"
    return State.UNKNOWN, "not there yet"


def _alarm(operation: PaymentOperation, payment: Payment, reason: str) -> Event:
    log.error("payment_operation_stuck", kind=operation.kind, order_id=str(payment.order_id), reason=reason)
    ids = {"payment_id": payment.pk, "order_id": payment.order_id}
    if operation.kind == Kind.CAPTURE:
        return events.PaymentCaptureFailed(**ids, reason=reason[:200])
    return events.PaymentNeedsReview(**ids, reason=f"{operation.kind}: {reason}"[:200])


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=min(2 ** min(attempts, 9), 300))
