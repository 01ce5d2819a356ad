"""What may be done about a difference without asking a person: never a charge, never a refund.

Whatever is not safe becomes a review, once: the same question with the same figures is not asked again after
somebody has answered it.
"""

from collections.abc import Callable
from uuid import UUID

import structlog

from deliveryapp.transactions import durable
from payments.gateways import Answered, Gateway, NoAnswer, gateway
from payments.models import Payment, PaymentOperation, Refund
from payments.services.adopting import adopt_hold, adopt_refund
from payments.services.following import NotReadable, follow
from payments.services.operations import run_operation
from payments.services.reconciling import differences
from payments.services.reconciling.differences import Difference, Done, Kind, uuid_or_none
from payments.services.reviewing import open_review, was_answered
from payments.services.writing import open_void

log = structlog.get_logger(__name__)
MOST_STRANGERS = 20  # holds of payments we do not have that one run voids; more means a wrong database


class Mender:
    """Of one run: it counts what it releases."""

    def __init__(self, gateway_name: str) -> None:
        self._name = gateway_name
        self._provider: Gateway = gateway(gateway_name)
        self._strangers = 0

    def mend(self, difference: Difference) -> Done:
        """Makes network calls; call it outside transactions."""
        way = _WAYS.get(difference.kind)
        try:
            done = way(self, difference) if way else None
        except NotReadable:
            done = Done.LEFT
        if done is None:
            done = Done.FOLLOWED if self._is_over(difference) else _raise(difference)
        log.warning("reconciled", difference=difference.as_text(), done=done)
        return done

    def follow(self, difference: Difference) -> Done | None:
        """The payment has moved on there, and we had not heard of it."""
        follow(intent_ref=difference.ref, gateway_name=self._name)
        return Done.FOLLOWED if self._is_over(difference) else None

    def _is_over(self, difference: Difference) -> bool:
        """Our rows agree now; when we did nothing, another run or a webhook was quicker."""
        intent, seen, payment = difference.intent, difference.refund_seen, difference.payment
        if intent is not None and payment is not None:
            fresh = Payment.objects.get(pk=payment.pk)
            return differences.of_intent(intent, fresh, gateway=self._name) is None
        if seen is not None and payment is not None:
            refund = Refund.objects.select_related("payment").filter(provider_ref=seen.ref).first()
            return differences.of_refund(seen, refund, payment, gateway=self._name) is None
        return False

    def adopt(self, difference: Difference) -> Done | None:
        """Held or captured for a payment of ours, whose answer never reached us or is forgotten."""
        payment = difference.payment
        if payment is None:
            return None
        if payment.provider_ref is None:
            follow(intent_ref=difference.ref, gateway_name=self._name)
            return Done.ADOPTED if _has(payment.pk, difference.ref) else None
        return self._adopt_instead(difference, payment)

    def _adopt_instead(self, difference: Difference, payment: Payment) -> Done | None:
        """Another hold of the payment: it counts when the one that we know is dead."""
        if payment.state == Payment.State.AUTHORIZED and self._status(payment.provider_ref) == "canceled":
            return _take_in(difference, payment)
        return None

    def _status(self, ref: str | None) -> str:
        """The provider's word for an intent; empty for one it does not have."""
        answer = self._provider.retrieve(ref or "")
        if isinstance(answer, NoAnswer):
            raise NotReadable(f"cannot read {ref}")
        return answer.intent.status if isinstance(answer, Answered) else ""

    def release(self, difference: Difference) -> Done | None:
        """A hold that nobody will capture. Of a payment we have, by a durable operation; else directly."""
        payment = difference.payment
        if payment is None:
            return self._release_a_strangers(difference)
        if payment.state == Payment.State.AUTHORIZED:
            status = self._status(payment.provider_ref)
            if status == "canceled":
                return _take_in(difference, payment)
            if status not in ("requires_capture", "succeeded"):
                return None
        operation_id = open_void(payment_id=payment.pk, ref=difference.ref)
        if operation_id is None:
            return None
        run_operation(operation_id=operation_id)
        return _VOIDED.get(PaymentOperation.objects.get(pk=operation_id).state)

    def _release_a_strangers(self, difference: Difference) -> Done | None:
        """Only with our marks: other programs may use the account as well."""
        intent = difference.intent
        assert intent is not None
        if not (intent.key and uuid_or_none(intent.payment_id) and uuid_or_none(intent.order_id)):
            return None
        if self._strangers >= MOST_STRANGERS:
            return Done.LEFT
        self._strangers += 1
        answer = self._provider.void(intent.ref, key=f"void:orphan:{intent.ref}")
        if isinstance(answer, NoAnswer):
            return Done.LEFT
        return Done.VOIDED if self._status(intent.ref) == "canceled" else None

    def adopt_refund(self, difference: Difference) -> Done | None:
        """Made in the provider's dashboard, or forgotten by us."""
        assert difference.refund_seen is not None
        payment = difference.payment
        if payment is None:
            return None
        return Done.ADOPTED if adopt_refund(seen=difference.refund_seen, gateway_name=self._name) else None

    def settle_refund(self, difference: Difference) -> Done | None:
        """Ours is still open: its operation looks for what the provider has before it asks for anything."""
        refund = difference.refund
        assert refund is not None
        if refund.state != Refund.State.PENDING or refund.operation_id is None:
            return None
        run_operation(operation_id=refund.operation_id)
        return Done.FOLLOWED if self._is_over(difference) else None


_WAYS: dict[Kind, Callable[[Mender, Difference], Done | None]] = {
    Kind.ORPHAN_HOLD: Mender.release,
    Kind.MISSING_HERE: Mender.adopt,
    Kind.STATE_DIFFERS: Mender.follow,
    Kind.AMOUNT_DIFFERS: Mender.follow,
    Kind.FEE_DIFFERS: Mender.follow,
    Kind.REFUND_MISSING_HERE: Mender.adopt_refund,
    Kind.REFUND_DIFFERS: Mender.settle_refund,
}


_VOIDED: dict[str, Done] = {
    PaymentOperation.State.SUCCEEDED: Done.VOIDED,
    PaymentOperation.State.UNKNOWN: Done.LEFT,
    PaymentOperation.State.PENDING: Done.LEFT,
}


def _take_in(difference: Difference, payment: Payment) -> Done | None:
    assert difference.intent is not None
    taken = adopt_hold(payment_id=payment.pk, instead_of=payment.provider_ref, intent=difference.intent)
    return Done.ADOPTED if taken else None


def _has(payment_id: UUID, ref: str) -> bool:
    return Payment.objects.filter(pk=payment_id, provider_ref=ref).exists()


def _raise(difference: Difference) -> Done:
    kind, detail = f"reconcile_{difference.kind}", difference.as_text()
    if was_answered(kind=kind, subject=difference.ref, detail=detail):
        return Done.REVIEWED
    with durable():
        open_review(kind=kind, subject=difference.ref, detail=detail, payment=difference.payment)
    return Done.REVIEW
