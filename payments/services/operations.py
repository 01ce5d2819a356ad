"""Run one durable operation: claim it, ask the provider with its key, record the answer."""

import random
from datetime import timedelta
from uuid import UUID

import structlog
from django.db.models import F, Q
from django.db.models.functions import Now

from deliveryapp.batch import Batch, StaleWrite
from deliveryapp.clock import utc_now
from deliveryapp.events import Event
from deliveryapp.failpoints import failpoint
from deliveryapp.ids import new_id
from deliveryapp.transactions import durable, require_no_transaction
from payments import events
from payments.gateways import Answer, Answered, Declined, NoAnswer, Refused
from payments.models import Payment, PaymentOperation
from payments.services.alarming import alarm_of_a_lost_hold
from payments.services.applying import Before, apply, save, take_over
from payments.services.asking import ask
from payments.services.outcomes import Outcome, judge
from payments.services.refunding import settle_refund
from payments.services.reviewing import open_review
from payments.services.writing import new_operation

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=40)  # longer than the three calls that one run may make
ALARM_AT = 12  # tries without an answer after which a person is told; the tries go on
LONGEST_PAUSE_S, JITTER = 300, 0.25
Kind, State = PaymentOperation.Kind, PaymentOperation.State
Money = Payment.State


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
    failpoint("payments", operation.kind, "before_send")
    answer = ask(operation)
    failpoint("payments", operation.kind, "after_answer")
    try:
        _record(operation, answer)
        failpoint("payments", operation.kind, "recorded")
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


def _record(operation: PaymentOperation, answer: Answer) -> None:
    now = utc_now()
    with durable():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=operation.payment_id)
        before, batch = Before.of(payment), Batch()
        happened = _apply(batch, operation, payment, answer)
        happened += alarm_of_a_lost_hold(payment, before)
        outcome = judge(operation, payment, answer)
        if operation.kind == Kind.REFUND:
            settle_refund(operation, payment, answer, outcome, now=now)
        silent_for_long = operation.attempts == ALARM_AT and not _is_unsent(answer)
        if outcome.needs_review or (outcome.state == State.UNKNOWN and silent_for_long):
            happened.append(_alarm(operation, payment, outcome.reason))
        save(batch, payment, happened, before=before, now=now)
        _settle(batch, operation, outcome, answer)
        batch.execute()


def _apply(batch: Batch, operation: PaymentOperation, payment: Payment, answer: Answer) -> list[Event]:
    """Move the payment as the answer says, unless the answer is about a hold that is not its present one."""
    if operation.kind == Kind.REAUTHORIZE:
        return _replace(batch, operation, payment, answer)
    if operation.kind == Kind.VOID and operation.target_ref != payment.provider_ref:
        return []
    return apply(payment, answer) if isinstance(answer, Answered | Declined) else []


def _replace(batch: Batch, operation: PaymentOperation, payment: Payment, answer: Answer) -> list[Event]:
    """The new hold takes the old one's place; whichever of the two is left over is voided."""
    if not isinstance(answer, Answered) or answer.intent.ref == payment.provider_ref:
        return []
    usable = payment.state == Money.AUTHORIZED and answer.intent.status == "requires_capture"
    left_over = payment.provider_ref if usable else answer.intent.ref
    assert left_over is not None
    batch.insert(new_operation(payment, Kind.VOID, payment.authorized_minor, target_ref=left_over))
    return take_over(payment, answer.intent) if usable else []


def _settle(batch: Batch, operation: PaymentOperation, outcome: Outcome, answer: Answer) -> None:
    now = utc_now()
    unsent = _is_unsent(answer)
    waits = unsent and outcome.state == State.UNKNOWN  # nothing was asked: it is as unknown as it was before
    state = operation.state if waits else outcome.state
    batch.update(
        PaymentOperation.objects.filter(pk=operation.pk, lease_token=operation.lease_token),
        state=state,
        error=outcome.reason[:300],
        answer=_told(answer),
        was_unknown=operation.was_unknown or state == State.UNKNOWN,
        resolved_by=_resolved_by(operation, outcome, answer),
        attempts=operation.attempts - 1 if unsent else operation.attempts,
        leased_until=None,
        settled_at=None if outcome.state in PaymentOperation.OPEN else now,
        next_try_at=now + _pause(operation, answer),
    )


def _is_unsent(answer: Answer) -> bool:
    return isinstance(answer, NoAnswer) and not answer.sent


def _resolved_by(operation: PaymentOperation, outcome: Outcome, answer: Answer) -> str:
    """How an outcome that had been unknown became known."""
    if not operation.was_unknown or outcome.state in PaymentOperation.OPEN:
        return ""
    found = isinstance(answer, Answered | Declined) and answer.found
    return PaymentOperation.ResolvedBy.LOOKING if found else PaymentOperation.ResolvedBy.SAME_KEY


def _told(answer: Answer) -> dict[str, str] | None:
    """What the provider said, for people who look into it later."""
    match answer:
        case Answered(intent=intent, refund=refund):
            return {
                "ref": refund.ref if refund else intent.ref,
                "status": refund.status if refund else intent.status,
            }
        case Declined(code=code, ref=ref):
            return {"ref": ref, "status": code}
        case Refused(code, _):
            return {"ref": "", "status": code}
    return None


def _alarm(operation: PaymentOperation, payment: Payment, reason: str) -> Event:
    log.error("payment_operation_stuck", kind=operation.kind, order_id=str(payment.order_id), reason=reason)
    open_review(kind=f"{operation.kind}_stuck", subject=str(operation.pk), payment=payment, detail=reason)
    ids = {"payment_id": payment.pk, "order_id": payment.order_id}
    if operation.kind == Kind.CAPTURE:
        return events.PaymentCaptureFailed(**ids, reason=reason[:200])
    return events.PaymentNeedsReview(**ids, reason=f"{operation.kind}: {reason}"[:200])


def _pause(operation: PaymentOperation, answer: Answer) -> timedelta:
    """Doubling up to five minutes, or as long as the gateway is left to rest; spread so that those who failed
    together do not come back together.
    """
    if isinstance(answer, NoAnswer) and answer.retry_after_s:
        return timedelta(seconds=answer.retry_after_s + random.uniform(0.1, 1))
    base_s = min(2 ** min(operation.attempts, 9), LONGEST_PAUSE_S)
    return timedelta(seconds=base_s * random.uniform(1 - JITTER, 1 + JITTER))
