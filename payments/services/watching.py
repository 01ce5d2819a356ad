"""Holds end at `capture_before`: look after those whose order takes longer."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings

from deliveryapp.transactions import durable
from payments.gateways import CREDIT_ONLY
from payments.models import ManualReview, Payment, PaymentOperation
from payments.services.following import NotReadable, follow
from payments.services.operations import run_operation
from payments.services.reviewing import open_review
from payments.services.writing import open_operation

log = structlog.get_logger(__name__)
Kind, State = PaymentOperation.Kind, PaymentOperation.State
REVIEW = "hold_expiring"
LOOKED_AT = 1_000


def watch_holds(*, now: datetime, limit: int = 50) -> int:
    """Replace each hold that ends soon by a new one, and look at those that should have ended; how many there
    were. The most urgent first. Makes network calls; call it outside transactions.
    """
    worked = 0
    for payment in _ending(now):
        if worked == limit:
            break
        assert payment.capture_before is not None
        if payment.capture_before <= now:
            _look(payment)
        elif _is_due(payment, now):
            _replace(payment.pk)
        else:
            continue
        worked += 1
    return worked


def _ending(now: datetime) -> list[Payment]:
    """Of payments still to be captured, as many as one run looks at; without those that wait for a person."""
    asked = ManualReview.objects.filter(kind=REVIEW, resolved_at=None, payment_id__isnull=False)
    horizon = now + timedelta(hours=settings.HOLD_RENEWED_BEFORE_H)
    ending = Payment.objects.filter(state=Payment.State.AUTHORIZED, capture_before__lt=horizon)
    ending = ending.exclude(gateway=CREDIT_ONLY).exclude(pk__in=asked.values("payment_id"))
    return list(ending.order_by("capture_before")[:LOOKED_AT])


def _is_due(payment: Payment, now: datetime) -> bool:
    """In the second half of the hold's life: where issuers grant a day only, it is not replaced at once."""
    assert payment.capture_before is not None
    made = payment.operations.filter(kind__in=(Kind.AUTHORIZE, Kind.REAUTHORIZE), state=State.SUCCEEDED)
    made_at = made.order_by("-settled_at").values_list("settled_at", flat=True).first()
    return payment.capture_before - now < now - (made_at or payment.created_at)


def _look(payment: Payment) -> None:
    """The provider's message about the end got lost, or the end is a little later there."""
    assert payment.provider_ref is not None
    try:
        follow(intent_ref=payment.provider_ref, gateway_name=payment.gateway)
    except NotReadable as error:
        log.warning("hold_waits", payment_id=str(payment.pk), reason=str(error))


def _replace(payment_id: UUID) -> None:
    payment = Payment.objects.get(pk=payment_id)
    operation_id = open_operation(
        payment_id=payment_id, kind=Kind.REAUTHORIZE, amount_minor=payment.authorized_minor
    )
    if operation_id is None:
        return
    run_operation(operation_id=operation_id)
    operation = PaymentOperation.objects.get(pk=operation_id)
    if operation.kind == Kind.REAUTHORIZE and operation.state in (State.FAILED, State.DECLINED):
        _ask_a_person(payment, operation)


def _ask_a_person(payment: Payment, operation: PaymentOperation) -> None:
    log.error("hold_expiring", payment_id=str(payment.pk), order_id=str(payment.order_id))
    detail = (
        f"The hold {payment.provider_ref} of {payment.authorized_minor} {payment.currency} ends at "
        f"{payment.capture_before}, and the card refuses another one: {operation.error}"
    )
    with durable():
        open_review(kind=REVIEW, subject=str(payment.pk), payment=payment, detail=detail)
