"""Moves that nobody here asked for: a person must hear of them."""

import structlog

from deliveryapp.events import Event
from payments import events
from payments.models import Payment, PaymentOperation
from payments.services.applying import Before
from payments.services.reviewing import open_review

log = structlog.get_logger(__name__)


def alarm_of_a_lost_hold(payment: Payment, before: Before) -> list[Event]:
    """The hold ended without our asking: it expired, or somebody let it go in the provider's dashboard."""
    lost = before.state == Payment.State.AUTHORIZED and payment.state == Payment.State.VOIDED
    if not lost or payment.operations.filter(kind=PaymentOperation.Kind.VOID).exists():
        return []
    log.error("hold_lost", payment_id=str(payment.pk), order_id=str(payment.order_id))
    detail = f"The provider ended the hold {payment.provider_ref} of {payment.authorized_minor} unasked."
    open_review(kind="hold_lost", subject=str(payment.pk), payment=payment, detail=detail)
    return [
        events.PaymentNeedsReview(payment_id=payment.pk, order_id=payment.order_id, reason="the hold is lost")
    ]
