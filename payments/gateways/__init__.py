"""Adapters to payment providers: one call each, no database, every answer classified."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Intent:
    """The provider's view of one payment. `status` uses Stripe's words."""

    ref: str
    status: str
    received_minor: int
    refunded_minor: int
    order_id: str = ""
    capture_before: datetime | None = None
    next_action_url: str = ""
    decline_code: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """The provider did what was asked, or did it before; this is the result."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class Declined:
    """The issuer said no; asking again with the same key says the same."""

    code: str
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """The request was wrong for the object's state; look at the object to learn more."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Time-out, 5xx, 429 or in flight: it may or may not have happened."""

    detail: str


NOT_FOUND = "not_found"
Answer = Answered | Declined | Refused | NoAnswer


@dataclass(frozen=True, slots=True)
class Hold:
    """What to authorize. `reference` ends up in the provider's metadata as order_id."""

    amount_minor: int
    currency: str
    payment_method: str
    reference: str
    return_url: str


class Gateway(Protocol):
    """A call may take up to 10 s (`find` more) and never raises for what a provider can answer."""

    def authorize(self, hold: Hold, *, key: str) -> Answer: ...

    def capture(self, ref: str, *, amount_minor: int, key: str) -> Answer: ...

    def void(self, ref: str, *, key: str) -> Answer: ...

    def refund(self, ref: str, *, amount_minor: int, key: str) -> Answer: ...

    def retrieve(self, ref: str) -> Answer: ...

    def find(self, reference: str, *, since: datetime) -> Answer:
        """The hold with this reference, made since then; Refused with NOT_FOUND when there is none."""
        ...


@cache
def gateway(name: str) -> Gateway:
    from payments.gateways.stripe_gateway import StripeGateway

    return {"stripe": StripeGateway}[name]()
