"""The one place where the provider's view becomes ours.

The API path, the sweeper and the webhooks all end here, under the payment row's lock or its conditional
update. States only move forward, so late, repeated and reordered news change nothing.
"""

from datetime import datetime

from deliveryapp.batch import Batch
from deliveryapp.events import Event
from deliveryapp.outbox import publish
from payments import events
from payments.gateways import Answered, Declined, Intent
from payments.models import Payment, PaymentOperation

State = Payment.State


def apply(payment: Payment, answer: Answered | Declined) -> list[Event]:
    """Move the payment (in memory) to where the provider says it is; the events of the moves, in order."""
    if isinstance(answer, Declined):
        payment.provider_ref = payment.provider_ref or answer.ref or None
        return _decline(payment, answer.code)
    payment.provider_ref = answer.intent.ref
    return _follow(payment, answer.intent)


def _follow(payment: Payment, intent: Intent) -> list[Event]:
    match intent.status:
        case "requires_action":
            return _require_action(payment, intent)
        case "requires_capture":
            return _authorize(payment, intent)
        case "requires_payment_method" if intent.decline_code:  # without an error it has not been tried yet
            return _decline(payment, intent.decline_code)
        case "canceled":
            return _void(payment)
        case "succeeded":
            return _authorize(payment, intent) + _capture(payment, intent) + _refund(payment, intent)
    return []


def _require_action(payment: Payment, intent: Intent) -> list[Event]:
    if payment.state != State.PENDING:
        return []
    payment.require_action(url=intent.next_action_url)
    return [events.PaymentActionRequired(payment_id=payment.pk, order_id=payment.order_id)]


def _authorize(payment: Payment, intent: Intent) -> list[Event]:
    if payment.state not in Payment.UNSETTLED:
        return []
    payment.authorize(capture_before=intent.capture_before)
    return [
        events.PaymentAuthorized(
            payment_id=payment.pk,
            order_id=payment.order_id,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        )
    ]


def _decline(payment: Payment, code: str) -> list[Event]:
    if payment.state not in Payment.UNSETTLED:
        return []
    payment.decline(code=code)
    return [
        events.PaymentDeclined(
            payment_id=payment.pk, order_id=payment.order_id, decline_code=payment.decline_code
        )
    ]


def _void(payment: Payment) -> list[Event]:
    if payment.state not in (*Payment.UNSETTLED, State.AUTHORIZED):
        return []
    payment.void()
    return [events.PaymentVoided(payment_id=payment.pk, order_id=payment.order_id)]


def _capture(payment: Payment, intent: Intent) -> list[Event]:
    if payment.state != State.AUTHORIZED:
        return []
    payment.capture(amount_minor=intent.received_minor)
    return [
        events.PaymentCaptured(
            payment_id=payment.pk,
            order_id=payment.order_id,
            amount_minor=intent.received_minor,
            currency=payment.currency,
        )
    ]


def _refund(payment: Payment, intent: Intent) -> list[Event]:
    more_minor = intent.refunded_minor - payment.refunded_minor
    if more_minor <= 0:
        return []
    payment.refund(refunded_minor=intent.refunded_minor)
    return [
        events.PaymentRefunded(
            payment_id=payment.pk,
            order_id=payment.order_id,
            amount_minor=more_minor,
            currency=payment.currency,
        )
    ]


def save(
    batch: Batch, payment: Payment, happened: list[Event], *, was: tuple[str, int], now: datetime
) -> None:
    """Add the moved payment and its events to the batch, on condition that the row is still as it `was`
    (state, seq)."""
    payment.seq = was[1] + len(happened)
    batch.update(
        Payment.objects.filter(pk=payment.pk, state=was[0], seq=was[1]),
        state=payment.state,
        seq=payment.seq,
        provider_ref=payment.provider_ref,
        captured_minor=payment.captured_minor,
        refunded_minor=payment.refunded_minor,
        capture_before=payment.capture_before,
        decline_code=payment.decline_code,
        next_action_url=payment.next_action_url,
        updated_at=now,
    )
    for number, event in enumerate(happened, start=was[1] + 1):
        publish(event, seq=number, now=now, batch=batch)


def state_of_authorization(payment: Payment) -> str:
    """What the authorize operation has come to, read off the payment."""
    if payment.state == State.PENDING:
        return PaymentOperation.State.PENDING
    return (
        PaymentOperation.State.DECLINED
        if payment.state == State.DECLINED
        else PaymentOperation.State.SUCCEEDED
    )
