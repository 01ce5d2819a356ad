"""What happened to money. Public."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from deliveryapp.events import Event, event


@dataclass(frozen=True, slots=True, kw_only=True)
class _PaymentEvent(Event):
    topic: ClassVar[str] = "payments.process"
    source: ClassVar[str] = "payments"
    subject_field: ClassVar[str] = "payment_id"
    payment_id: UUID
    order_id: UUID


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAuthorized(_PaymentEvent):
    amount_minor: int
    currency: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentReauthorized(_PaymentEvent):
    """The hold was raised to this amount, or another hold took its place."""

    amount_minor: int
    currency: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentActionRequired(_PaymentEvent):
    """The customer's bank wants to see the customer (3-D Secure)."""


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDeclined(_PaymentEvent):
    decline_code: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCaptured(_PaymentEvent):
    amount_minor: int
    currency: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCaptureFailed(_PaymentEvent):
    reason: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentVoided(_PaymentEvent):
    pass


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRefunded(_PaymentEvent):
    amount_minor: int
    currency: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class CreditGranted(_PaymentEvent):
    """The customer got credit: instead of a refund, or out of goodwill."""

    amount_minor: int
    currency: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentNeedsReview(_PaymentEvent):
    reason: str
