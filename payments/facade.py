"""What other apps may ask of payments. Public."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deliveryapp.batch import Batch
from payments import selectors, services
from payments.gateways import Answer as ProviderAnswer
from payments.gateways.browsers import CardForm, card_form
from payments.models import Payment, Refund
from payments.selectors import circuits, credit_of, gateway_names, goodwill_of
from payments.services import (
    ChosenGateway,
    Part,
    PaymentSource,
    PendingAuthorization,
    RefundRequest,
    Shares,
    Tips,
    amend_amount,
    ask,
    capture,
    change_amount,
    charge_tip,
    choose_gateway,
    grant_goodwill,
    headroom_minor,
    open_authorization,
    open_tip,
    pay_kitchen,
    raise_hold,
    release,
    source_of,
    tips_of,
)

__all__ = [
    "CardForm",
    "ChosenGateway",
    "EarningInfo",
    "LedgerLine",
    "Part",
    "PaymentInfo",
    "PaymentSource",
    "PendingAuthorization",
    "ProviderAnswer",
    "RefundInfo",
    "RefundRequest",
    "Shares",
    "Tips",
    "amend_amount",
    "ask",
    "capture",
    "card_form",
    "change_amount",
    "charge_tip",
    "choose_gateway",
    "circuits",
    "credit_of",
    "earnings",
    "gateway_names",
    "goodwill_of",
    "grant_goodwill",
    "headroom_minor",
    "ledger_of",
    "lock_payment",
    "open_authorization",
    "open_tip",
    "pay_kitchen",
    "payment_of",
    "payments_of",
    "raise_hold",
    "record_authorization",
    "refund",
    "refunds_of",
    "release",
    "settle_authorization",
    "source_of",
    "tips_of",
    "tips_taken",
]


@dataclass(frozen=True, slots=True)
class PaymentInfo:
    """`status`: pending, requires_action, authorized, declined, captured, partially_refunded, voided or
    refunded."""

    status: str
    amount_minor: int
    currency: str
    captured_minor: int
    refunded_minor: int
    credit_minor: int
    restaurant_minor: int
    decline_code: str
    next_action_url: str

    @property
    def is_held(self) -> bool:
        return self.status in (Payment.State.AUTHORIZED, *Payment.TAKEN)

    @property
    def is_refused(self) -> bool:
        return self.status in (Payment.State.DECLINED, Payment.State.VOIDED)


@dataclass(frozen=True, slots=True)
class RefundInfo:
    """`status`: pending, succeeded or failed; `destination`: card or credit."""

    id: UUID
    status: str
    destination: str
    amount_minor: int
    currency: str
    parts: list[dict[str, Any]]
    reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One side of a posting; positive is a debit."""

    kind: str
    account: str
    party_id: UUID | None
    amount_minor: int
    currency: str
    at: datetime


@dataclass(frozen=True, slots=True)
class EarningInfo:
    """What one order brought somebody, by kind of posting; what was taken back is negative."""

    order_id: UUID | None
    kind: str
    amount_minor: int
    currency: str
    at: datetime


def refund(request: RefundRequest, *, now: datetime) -> RefundInfo:
    """Give money back once per key; what the provider leaves open the sweep brings to its end.

    Raises NothingToRefund, RefundTooLarge, RefundKeyReused.
    """
    row = services.open_refund(request, now=now)
    if row.operation_id is not None:
        services.run_operation(operation_id=row.operation_id)
        row.refresh_from_db()
    return _refund(row)


def refunds_of(*, order_id: UUID) -> list[RefundInfo]:
    return [_refund(row) for row in selectors.refunds_of(order_id=order_id)]


def tips_taken(*, order_id: UUID) -> list[tuple[UUID, int]]:
    """(payment, what is kept of it in minor units) of tips charged after the capture, newest first."""
    return [(tip.pk, tip.kept_minor) for tip in selectors.tips_taken(order_id=order_id)]


def ledger_of(*, order_id: UUID) -> list[LedgerLine]:
    """Every posting of an order, oldest first; adds up to zero."""
    return [
        LedgerLine(row.kind, row.account, row.party_id, row.amount_minor, row.currency, row.created_at)
        for row in selectors.ledger_of_order(order_id=order_id)
    ]


def earnings(*, account: str, party_id: UUID, since: datetime, until: datetime) -> list[EarningInfo]:
    """Of a `restaurant` or a `driver` in [since, until), oldest first."""
    rows = selectors.ledger_of_party(account=account, party_id=party_id, since=since, until=until)
    return [
        EarningInfo(row["order_id"], row["kind"], -row["amount_minor"], row["currency"], row["at"])
        for row in rows
    ]


def _refund(row: Refund) -> RefundInfo:
    return RefundInfo(
        id=row.pk,
        status=row.state,
        destination=row.destination,
        amount_minor=row.amount_minor,
        currency=row.payment.currency,
        parts=row.parts,
        reason=row.reason,
        created_at=row.created_at,
    )


def lock_payment(pending: PendingAuthorization) -> None:
    """Take the payment's row lock, after the order's, as `deliveryapp.transactions` says."""
    selectors.lock_payment(payment_id=pending.payment.pk)


def record_authorization(
    batch: Batch, pending: PendingAuthorization, answer: ProviderAnswer, *, now: datetime
) -> PaymentInfo:
    """Add the outcome of `ask` to the batch; executing it raises StaleWrite when a webhook was quicker."""
    return _info(services.record_authorization(batch, pending, answer, now=now))


def settle_authorization(*, order_id: UUID) -> PaymentInfo:
    """Ask the provider what became of a hold whose outcome is open."""
    services.settle_authorization(order_id=order_id)
    info = payment_of(order_id=order_id)
    assert info is not None
    return info


def payment_of(*, order_id: UUID) -> PaymentInfo | None:
    return payments_of(order_ids=[order_id]).get(order_id)


def payments_of(*, order_ids: Iterable[UUID]) -> dict[UUID, PaymentInfo]:
    return {key: _info(row) for key, row in selectors.payments_of(order_ids=order_ids).items()}


def _info(payment: Payment) -> PaymentInfo:
    return PaymentInfo(
        status=str(payment.state),
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        captured_minor=payment.captured_minor,
        refunded_minor=payment.refunded_minor,
        credit_minor=payment.credit_minor,
        restaurant_minor=payment.restaurant_minor,
        decline_code=payment.decline_code,
        next_action_url=payment.next_action_url,
    )
