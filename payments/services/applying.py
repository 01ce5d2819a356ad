"""The one place where the provider's view becomes ours.

The API path, the sweeper and the webhooks all end here, under the payment row's lock or its conditional
update. States only move forward, so late, repeated and reordered news change nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from deliveryapp.batch import Batch
from deliveryapp.events import Event
from deliveryapp.outbox import publish
from payments import events
from payments.gateways import Answered, Declined, Intent
from payments.models import Payment, PaymentOperation
from payments.services import credit, ledger

State = Payment.State


@dataclass(frozen=True, slots=True)
class Before:
    """A payment as its row was read: the condition of its next write."""

    state: str
    seq: int
    standing: ledger.Standing

    @classmethod
    def of(cls, payment: Payment) -> Self:
        return cls(payment.state, payment.seq, ledger.Standing.of(payment))

    def differs_from(self, payment: Payment) -> bool:
        return self.state != payment.state or self.standing != ledger.Standing.of(payment)


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
            return _authorize(payment, intent) + _reauthorize(payment, intent)
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
    payment.authorize(amount_minor=intent.authorized_minor, capture_before=intent.capture_before)
    return [
        events.PaymentAuthorized(
            payment_id=payment.pk,
            order_id=payment.order_id,
            amount_minor=payment.authorized_minor,
            currency=payment.currency,
        )
    ]


def _reauthorize(payment: Payment, intent: Intent) -> list[Event]:
    """The hold was raised. Holds never shrink, so the smaller figure is the older one."""
    if payment.state != State.AUTHORIZED or intent.authorized_minor <= payment.authorized_minor:
        return []
    return take_over(payment, intent)


def take_over(payment: Payment, intent: Intent) -> list[Event]:
    """From now on this is the payment's hold."""
    payment.provider_ref = intent.ref
    payment.reauthorize(amount_minor=intent.authorized_minor, capture_before=intent.capture_before)
    return [
        events.PaymentReauthorized(
            payment_id=payment.pk,
            order_id=payment.order_id,
            amount_minor=payment.authorized_minor,
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
    payment.fee_minor = max(payment.fee_minor, intent.fee_minor)
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


def save(batch: Batch, payment: Payment, happened: list[Event], *, before: Before, now: datetime) -> None:
    """Add the moved payment, its events and its postings to the batch, on condition that the row is still as
    it was `before`."""
    payment.seq = before.seq + len(happened)
    batch.update(
        Payment.objects.filter(pk=payment.pk, state=before.state, seq=before.seq),
        state=payment.state,
        seq=payment.seq,
        provider_ref=payment.provider_ref,
        authorized_minor=payment.authorized_minor,
        captured_minor=payment.captured_minor,
        refunded_minor=payment.refunded_minor,
        fee_minor=payment.fee_minor,
        capture_before=payment.capture_before,
        decline_code=payment.decline_code,
        next_action_url=payment.next_action_url,
        updated_at=now,
    )
    batch.insert(*ledger.postings(payment, before.standing, now=now))
    credit.give_back(batch, payment, before.standing)
    for number, event in enumerate(happened, start=before.seq + 1):
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
