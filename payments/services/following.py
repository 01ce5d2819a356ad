"""Ask the provider how a payment stands and follow it: for webhooks, and for what waits on the customer's
bank.
"""

from uuid import UUID

import structlog
from django.db.models import Case, Value, When
from django.db.models.functions import Now

from deliveryapp.batch import Batch
from deliveryapp.clock import utc_now
from deliveryapp.transactions import durable, require_no_transaction
from payments.gateways import Answered, NoAnswer, gateway
from payments.models import Payment, PaymentOperation
from payments.services.alarming import alarm_of_a_lost_hold
from payments.services.applying import Before, apply, save, state_of_authorization

BY_WEBHOOK = PaymentOperation.ResolvedBy.WEBHOOK
log = structlog.get_logger(__name__)


class NotReadable(Exception):
    """The provider did not tell; ask again later."""


def follow(*, intent_ref: str, gateway_name: str) -> None:
    """Raises NotReadable. Safe to repeat, in any order with everything else."""
    require_no_transaction()
    answer = gateway(gateway_name).retrieve(intent_ref)
    if isinstance(answer, NoAnswer):
        raise NotReadable(f"cannot read {intent_ref}")
    if not isinstance(answer, Answered):  # somebody else's object; asking again would say the same
        log.warning("intent_unknown_to_provider", intent_ref=intent_ref)
        return
    now = utc_now()
    with durable():
        payment = _payment_of(gateway_name, intent_ref, answer.intent.payment_id)
        if payment is None:
            return
        before = Before.of(payment)
        happened = apply(payment, answer)
        if not before.differs_from(payment):
            return
        happened += alarm_of_a_lost_hold(payment, before)
        batch = Batch()
        save(batch, payment, happened, before=before, now=now)
        batch.execute()
        _settle_authorization(payment)


def _payment_of(gateway_name: str, intent_ref: str, payment_id: str) -> Payment | None:
    """By the provider's id, or by the id we gave it when its first answer never reached us. A hold that
    another one replaced is nobody's any more, and no gateway speaks for what is held at another.
    """
    locked = Payment.objects.select_for_update(no_key=True).filter(gateway=gateway_name)
    found = locked.filter(provider_ref=intent_ref).first()
    ours = _uuid_or_none(payment_id)
    if found is None and ours is not None:
        found = locked.filter(pk=ours, provider_ref=None).first()
    return found


def _uuid_or_none(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None


def _settle_authorization(payment: Payment) -> None:
    state = state_of_authorization(payment)
    if state not in PaymentOperation.OPEN:
        PaymentOperation.objects.filter(
            payment=payment, kind=PaymentOperation.Kind.AUTHORIZE, state__in=PaymentOperation.OPEN
        ).update(
            state=state,
            resolved_by=Case(When(was_unknown=True, then=Value(BY_WEBHOOK)), default=Value("")),
            settled_at=Now(),
            leased_until=None,
        )
