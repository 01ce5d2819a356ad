"""Giving money back: reserved under the payment's lock, asked of the provider once, borne by somebody (R9).

The books follow in two postings: what the provider gave back (`refund`, with the payment's own move) and who
bears it (`refund_borne`, with the refund's). Between the two the money is in the account `refunds`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from deliveryapp.outbox import publish
from deliveryapp.transactions import durable
from payments import events
from payments.errors import NothingToRefund, RefundKeyReused, RefundTooLarge
from payments.gateways import Answer, Answered
from payments.models import LedgerEntry, Payment, PaymentOperation, Refund
from payments.services import credit, ledger
from payments.services.outcomes import Outcome
from payments.services.writing import new_operation

Account, Operation = LedgerEntry.Account, PaymentOperation.State
Destination, State = Refund.Destination, Refund.State


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an order that is paid back: `ref` names it (a line's id, the fee), `limit_minor` is what it
    cost, `borne_by` is platform, restaurant or driver. `returned_minor` comes back to the platform from its
    bearer on top: of a price that the platform had paid in part.
    """

    kind: str
    ref: str
    amount_minor: int
    limit_minor: int
    borne_by: str = "platform"
    returned_minor: int = 0


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """`key`: the same request never pays twice. `to_credit`: the customer prefers credit. `payment_id`: of a
    tip given later instead of the order itself.
    """

    order_id: UUID
    parts: Sequence[Part]
    reason: str
    key: str
    requested_by: UUID | None = None
    to_credit: bool = False
    payment_id: UUID | None = None

    @property
    def amount_minor(self) -> int:
        return sum(part.amount_minor for part in self.parts)


def open_refund(request: RefundRequest, *, now: datetime) -> Refund:
    """Reserve it; a repetition of the key finds the first one. The caller then runs its operation.

    Raises NothingToRefund before the capture, RefundTooLarge when it, or a part of it, is more than is left,
    RefundKeyReused when the key asked for another amount.
    """
    with durable():
        payment = _locked(request)
        if payment is None or payment.state not in Payment.TAKEN:
            raise NothingToRefund
        earlier = list(payment.refunds.exclude(state=State.FAILED))
        found = Refund.objects.filter(request_key=request.key).first()
        if found is not None:
            return _same(found, request)
        _require_left(payment, earlier, request)
        return _grant(payment, request, now) if request.to_credit else _reserve(payment, request)


def _locked(request: RefundRequest) -> Payment | None:
    payments = Payment.objects.select_for_update(no_key=True).filter(order_id=request.order_id)
    if request.payment_id is None:
        return payments.filter(purpose=Payment.Purpose.ORDER).first()
    return payments.filter(pk=request.payment_id).first()


def _same(found: Refund, request: RefundRequest) -> Refund:
    if (found.amount_minor, found.payment.order_id) != (request.amount_minor, request.order_id):
        raise RefundKeyReused
    return found


def left_to_refund(payment: Payment, earlier: Sequence[Refund]) -> tuple[int, int]:
    """(to the card, in all) in minor units, given the refunds that have not failed."""
    to_card = sum(each.amount_minor for each in earlier if each.destination == Destination.CARD)
    in_all = sum(each.amount_minor for each in earlier)
    return payment.captured_minor - to_card, payment.captured_minor + payment.credit_minor - in_all


def _require_left(payment: Payment, earlier: Sequence[Refund], request: RefundRequest) -> None:
    to_card, in_all = left_to_refund(payment, earlier)
    left = in_all if request.to_credit else min(to_card, in_all)
    if not 0 < request.amount_minor <= left:
        raise RefundTooLarge(left_minor=left, currency=payment.currency)
    given = Counter[tuple[str, str]]()
    for each in earlier:
        for part in each.parts:
            given[part["kind"], part["ref"]] += part["amount_minor"]
    for part in request.parts:
        given[part.kind, part.ref] += part.amount_minor
        if part.amount_minor <= 0 or given[part.kind, part.ref] > part.limit_minor:
            detail = f"More than the {part.kind} cost."
            raise RefundTooLarge(detail, part=part.ref, limit_minor=part.limit_minor)


def _reserve(payment: Payment, request: RefundRequest) -> Refund:
    operation = new_operation(payment, PaymentOperation.Kind.REFUND, request.amount_minor)
    operation.save(force_insert=True)
    return _create(payment, request, operation=operation)


def _grant(payment: Payment, request: RefundRequest, now: datetime) -> Refund:
    """Credit is ours to give: no provider is asked."""
    refund = _create(payment, request, destination=Destination.CREDIT, state=State.SUCCEEDED, settled_at=now)
    credit.grant(payment, amount_minor=refund.amount_minor)
    bear(payment, refund, (Account.CREDIT, payment.customer_id), now)
    payment.seq += 1
    payment.save(update_fields=["seq"])
    granted = events.CreditGranted(
        payment_id=payment.pk,
        order_id=payment.order_id,
        amount_minor=refund.amount_minor,
        currency=payment.currency,
    )
    publish(granted, seq=payment.seq, now=now)
    return refund


def _create(payment: Payment, request: RefundRequest, **fields: object) -> Refund:
    parts = [asdict(part) for part in request.parts]
    for part in parts:
        part.pop("limit_minor")
    return Refund.objects.create(
        payment=payment,
        request_key=request.key,
        amount_minor=request.amount_minor,
        parts=parts,
        reason=request.reason[:60],
        requested_by=request.requested_by,
        **fields,
    )


def settle_refund(
    operation: PaymentOperation, payment: Payment, answer: Answer, outcome: Outcome, *, now: datetime
) -> None:
    """Bring the refund row and the books to where its operation has come to, under the payment's lock."""
    refund = Refund.objects.get(operation=operation)
    if outcome.state in PaymentOperation.OPEN or refund.state != State.PENDING:
        return
    done = outcome.state == Operation.SUCCEEDED
    refund.state = State.SUCCEEDED if done else State.FAILED
    seen = answer.refund if isinstance(answer, Answered) else None
    refund.provider_ref, refund.settled_at = seen.ref if seen else None, now
    refund.save(update_fields=["state", "provider_ref", "settled_at"])
    if done:
        bear(payment, refund, (Account.REFUNDS, None), now)


def bear(payment: Payment, refund: Refund, source: tuple[str, UUID | None], now: datetime) -> None:
    """Charge the bearers for what went out of `source`."""
    share = Counter[str]()
    for part in refund.parts:
        returned_minor = part.get("returned_minor", 0)
        share[part["borne_by"]] += part["amount_minor"] + returned_minor
        share["platform"] -= returned_minor
    sides: list[ledger.Side] = [(*source, -refund.amount_minor)]
    parties = {
        "platform": (Account.PLATFORM, None),
        "restaurant": (Account.RESTAURANT, payment.restaurant_id),
        "driver": (Account.DRIVER, payment.driver_id),
    }
    sides += [(*parties[bearer], amount_minor) for bearer, amount_minor in share.items()]
    LedgerEntry.objects.bulk_create(
        ledger.entries(
            kind="refund_borne", reference=f"refund:{refund.pk}", sides=sides, payment=payment, now=now
        )
    )
