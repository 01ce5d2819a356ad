"""Take into our books what the provider has and we do not: a hold that replaced the one we know, a refund
that was made in the provider's dashboard. Money does not move here.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Q, Sum

from deliveryapp.batch import Batch
from deliveryapp.clock import utc_now
from deliveryapp.transactions import durable, require_no_transaction
from payments.gateways import Answered, Intent, NoAnswer, RefundSeen, gateway
from payments.models import LedgerEntry, Payment, Refund
from payments.services.applying import Before, apply, save, take_over
from payments.services.following import NotReadable
from payments.services.refunding import bear

State, Destination = Refund.State, Refund.Destination


def adopt_hold(*, payment_id: UUID, instead_of: str | None, intent: Intent) -> bool:
    """From now on this is the payment's hold, or its capture; `instead_of` is the dead one. False when the
    payment has moved meanwhile.
    """
    now = utc_now()
    with durable():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
        if payment.state != Payment.State.AUTHORIZED or payment.provider_ref != instead_of:
            return False
        before, batch = Before.of(payment), Batch()
        happened = take_over(payment, intent) + apply(payment, Answered(intent))
        save(batch, payment, happened, before=before, now=now)
        batch.execute()
        return True


def adopt_refund(*, seen: RefundSeen, gateway_name: str) -> bool:
    """A refund row for what the provider gave back without us, at the platform's expense.

    False when it is ours, or does not fit what the provider says of its payment. Raises NotReadable.
    """
    require_no_transaction()
    answer = gateway(gateway_name).retrieve(seen.intent_ref)
    if isinstance(answer, NoAnswer):
        raise NotReadable(f"cannot read {seen.intent_ref}")
    if not isinstance(answer, Answered):
        return False
    now = utc_now()
    with durable():
        locked = Payment.objects.select_for_update(no_key=True)
        payment = locked.filter(gateway=gateway_name, provider_ref=seen.intent_ref).first()
        if payment is None or _is_known(seen):
            return False
        before, batch = Before.of(payment), Batch()
        happened = apply(payment, answer)
        if not _fits(payment, seen):
            return False
        save(batch, payment, happened, before=before, now=now)
        batch.execute()
        _write_down(payment, seen, now)
        return True


def _is_known(seen: RefundSeen) -> bool:
    same = Q(provider_ref=seen.ref)
    if seen.key:
        same |= Q(operation__key=seen.key)
    return Refund.objects.filter(same).exists()


def _fits(payment: Payment, seen: RefundSeen) -> bool:
    """Together the refunds are not more than the provider says went back."""
    known = payment.refunds.filter(destination=Destination.CARD, state=State.SUCCEEDED)
    known_minor: int = known.aggregate(sum=Sum("amount_minor"))["sum"] or 0
    return known_minor + seen.amount_minor <= payment.refunded_minor


def _write_down(payment: Payment, seen: RefundSeen, now: datetime) -> None:
    part = {"kind": "goodwill", "ref": seen.ref, "amount_minor": seen.amount_minor, "borne_by": "platform"}
    refund = Refund.objects.create(
        payment=payment,
        request_key=f"provider:{seen.ref}",
        amount_minor=seen.amount_minor,
        parts=[part],
        reason="made_at_the_provider",
        provider_ref=seen.ref,
        state=State.SUCCEEDED,
        settled_at=now,
    )
    bear(payment, refund, (LedgerEntry.Account.REFUNDS, None), now)
