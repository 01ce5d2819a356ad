"""The walk over both sides of a period."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q

from deliveryapp.transactions import require_no_transaction
from payments.gateways import NOT_FOUND, Answer, Answered, Gateway, Intent, RefundSeen, Refused, gateway
from payments.models import Payment, PaymentOperation, Refund
from payments.services.following import NotReadable
from payments.services.reconciling import differences, reading
from payments.services.reconciling.differences import Difference
from payments.services.reconciling.mending import Mender
from payments.services.reconciling.reading import MOVING, UNDER_WAY, Period, patiently

SLICE = timedelta(hours=1)


@dataclass(slots=True)
class Reconciliation:
    """One run. `mend`: also do what is safe about each difference, and ask a person about the rest.

    `compared` and `under_way` count objects: what has an operation that may still end by itself, or moved
    within the last minute, is left to the next run.
    """

    gateway_name: str
    period: Period
    mend: bool
    now: datetime
    compared: int = 0
    under_way: int = 0

    def differences(self) -> Iterator[Difference]:
        """One by one, as they are found and mended. Raises NotReadable when the provider stays silent.

        Makes network calls; call it outside transactions.
        """
        require_no_transaction()
        provider, mender = gateway(self.gateway_name), Mender(self.gateway_name)
        for part in self.period.slices(SLICE):
            for found in self._of_slice(provider, part):
                yield replace(found, done=mender.mend(found)) if self.mend else found

    def _of_slice(self, provider: Gateway, part: Period) -> Iterator[Difference]:
        seen: set[str] = set()
        for intents in reading.intents(provider, part):
            seen.update(intent.ref for intent in intents)
            yield from self._of_intents(intents)
        for refunds in reading.refunds(provider, part):
            seen.update(refund.ref for refund in refunds)
            yield from self._of_refunds(refunds)
        yield from self._missing_there(provider, part, seen)
        yield from self._refunds_missing_there(provider, part, seen)

    def _of_intents(self, intents: Sequence[Intent]) -> Iterator[Difference]:
        ours = reading.payments_of(intents, gateway=self.gateway_name, now=self.now)
        for intent in intents:
            payment = ours.get(intent.ref)
            if self._counts(getattr(payment, "is_under_way", False)):
                yield from _present(differences.of_intent(intent, payment, gateway=self.gateway_name))

    def _of_refunds(self, seen: Sequence[RefundSeen]) -> Iterator[Difference]:
        refs = Q(provider_ref__in=[row.ref for row in seen])
        keys = Q(operation__key__in=[row.key for row in seen if row.key])
        ours = list(Refund.objects.filter(refs | keys).select_related("payment", "operation"))
        by_ref = {refund.provider_ref: refund for refund in ours if refund.provider_ref}
        by_key = {refund.operation.key: refund for refund in ours if refund.operation}
        intents = [row.intent_ref for row in seen]
        named = Payment.objects.filter(gateway=self.gateway_name, provider_ref__in=intents)
        payments = {payment.provider_ref: payment for payment in named}
        for row in seen:
            refund = by_ref.get(row.ref) or by_key.get(row.key)
            if self._counts(refund is not None and self._is_moving(refund)):
                payment = payments.get(row.intent_ref)
                yield from _present(differences.of_refund(row, refund, payment, gateway=self.gateway_name))

    def _is_moving(self, refund: Refund) -> bool:
        if refund.settled_at is not None:
            return refund.settled_at > self.now - MOVING
        operation = refund.operation
        return bool(
            operation
            and operation.state in PaymentOperation.OPEN
            and operation.created_at > self.now - UNDER_WAY
        )

    def _missing_there(self, provider: Gateway, part: Period, seen: set[str]) -> Iterator[Difference]:
        for page in reading.held_or_taken(part, gateway=self.gateway_name, now=self.now):
            for payment in page:
                assert payment.provider_ref is not None
                if payment.provider_ref in seen or not self._counts(getattr(payment, "is_under_way", False)):
                    continue
                if _is_missing(patiently(partial(provider.retrieve, payment.provider_ref))):
                    yield differences.missing_there(payment, gateway=self.gateway_name)

    def _refunds_missing_there(self, provider: Gateway, part: Period, seen: set[str]) -> Iterator[Difference]:
        for page in reading.returned(part, gateway=self.gateway_name):
            for refund in page:
                assert refund.provider_ref is not None
                if refund.provider_ref in seen or not self._counts(self._is_moving(refund)):
                    continue
                if _is_missing(patiently(partial(provider.retrieve_refund, refund.provider_ref))):
                    yield differences.refund_missing_there(refund, gateway=self.gateway_name)

    def _counts(self, moves: bool) -> bool:
        self.compared += not moves
        self.under_way += moves
        return not moves


def _present(found: Difference | None) -> Iterator[Difference]:
    if found is not None:
        yield found


def _is_missing(answer: Answer | RefundSeen) -> bool:
    """Raises NotReadable when the provider did not say."""
    if isinstance(answer, Answered | RefundSeen):
        return False
    if isinstance(answer, Refused) and answer.code in (NOT_FOUND, "resource_missing"):
        return True
    raise NotReadable(str(answer))
