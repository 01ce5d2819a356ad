"""What other apps may ask of payments. Public."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deliveryapp.batch import Batch
from payments import selectors, services
from payments.gateways import Answer as ProviderAnswer
from payments.models import Payment
from payments.services import (
    Part,
    PendingAuthorization,
    Shares,
    ask,
    capture,
    change_amount,
    open_authorization,
    raise_hold,
    release,
)

__all__ = [
    "Part",
    "PaymentInfo",
    "PendingAuthorization",
    "ProviderAnswer",
    "Shares",
    "ask",
    "capture",
    "change_amount",
    "lock_payment",
    "open_authorization",
    "payment_of",
    "payments_of",
    "raise_hold",
    "record_authorization",
    "release",
    "settle_authorization",
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
    decline_code: str
    next_action_url: str

    @property
    def is_held(self) -> bool:
        return self.status in (Payment.State.AUTHORIZED, *Payment.TAKEN)

    @property
    def is_refused(self) -> bool:
        return self.status in (Payment.State.DECLINED, Payment.State.VOIDED)


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
        decline_code=payment.decline_code,
        next_action_url=payment.next_action_url,
    )
