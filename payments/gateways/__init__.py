"""Adapters to payment providers: one call each, no database, every answer classified."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Intent:
    """The provider's view of one payment. `status` uses Stripe's words."""

    ref: str
    status: str
    authorized_minor: int
    received_minor: int
    refunded_minor: int
    fee_minor: int = 0
    payment_id: str = ""
    order_id: str = ""
    capture_before: datetime | None = None
    next_action_url: str = ""
    decline_code: str = ""


@dataclass(frozen=True, slots=True)
class RefundSeen:
    """The provider's view of one refund. `key` is ours, from its metadata."""

    ref: str
    amount_minor: int
    status: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """The provider did what was asked, or did it before; this is the result. Only an answer about a refund
    has one. `found`: not the answer to the question, but what was seen when we looked for its effect.
    """

    intent: Intent
    refund: RefundSeen | None = None
    found: bool = False


@dataclass(frozen=True, slots=True)
class Declined:
    """The issuer said no; asking again with the same key says the same."""

    code: str
    ref: str = ""
    found: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The request was wrong for the object's state; look at the object to learn more."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Time-out, 5xx, 429 or in flight: it may or may not have happened. Unless it was `sent`, it has not."""

    detail: str
    sent: bool = True


NOT_FOUND = "not_found"
CREDIT_ONLY = "credit"  # the gateway of orders that need no card
Answer = Answered | Declined | Refused | NoAnswer


@dataclass(frozen=True, slots=True)
class Hold:
    """What to authorize. The ids end up in the provider's metadata, and so does the key.

    `takes_at_once`: capture without a hold first. `off_session`: the customer is not there for the bank to
    ask.
    """

    amount_minor: int
    currency: str
    payment_method: str
    order_id: str
    payment_id: str
    return_url: str
    takes_at_once: bool = False
    off_session: bool = False


class Gateway(Protocol):
    """A call may take up to 10 s (`find` more) and never raises for what a provider can answer."""

    def authorize(self, hold: Hold, *, key: str) -> Answer: ...

    def increment(self, ref: str, *, amount_minor: int, key: str) -> Answer:
        """Raise the hold to this total; Refused when the card does not allow it."""
        ...

    def capture(self, ref: str, *, amount_minor: int, key: str) -> Answer:
        """Take this much of the hold; the rest is released."""
        ...

    def void(self, ref: str, *, key: str) -> Answer: ...

    def refund(self, ref: str, *, amount_minor: int, key: str, again: bool = False) -> Answer:
        """`again`: the first question came to nothing, ask anew; `find_refund` knows both by this key."""
        ...

    def retrieve(self, ref: str) -> Answer: ...

    def find(self, key: str, *, since: datetime) -> Answer:
        """The hold that was made with this key since then; Refused with NOT_FOUND when there is none."""
        ...

    def find_refund(self, ref: str, *, key: str) -> Answer:
        """The refund that was made with this key; Refused with NOT_FOUND when there is none."""
        ...


@cache
def gateway(name: str) -> Gateway:
    from payments.gateways.credit_gateway import CreditGateway
    from payments.gateways.stripe_gateway import StripeGateway

    kinds: dict[str, Callable[[], Gateway]] = {"stripe": StripeGateway, CREDIT_ONLY: CreditGateway}
    return kinds[name]()
