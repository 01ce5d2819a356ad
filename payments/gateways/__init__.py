"""Adapters to payment providers: one call each, no database, every answer classified.

`gateway(name)` is an adapter behind its circuit breaker; which there are is a setting
(`payments/gateways/configured.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Generic, Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Intent:
    """The provider's view of one payment. `status` uses Stripe's words; `key` and the ids are ours, from its
    metadata.
    """

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
    currency: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class RefundSeen:
    """The provider's view of one refund. `key` is ours, from its metadata."""

    ref: str
    amount_minor: int
    status: str
    key: str = ""
    intent_ref: str = ""
    currency: str = ""


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
    """Time-out, 5xx, 429 or in flight: it may or may not have happened. Unless it was `sent`, it has not;
    where a circuit is open that is worth another try in `retry_after_s`.

    Not `outage`: the provider is well, only this very request goes unanswered.
    """

    detail: str
    sent: bool = True
    retry_after_s: float = 0.0
    outage: bool = True


NOT_FOUND = "not_found"
CREDIT_ONLY = "credit"  # the gateway of orders that need no card
Answer = Answered | Declined | Refused | NoAnswer
Failure = Declined | Refused | NoAnswer
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some of the provider's objects, newest first; `after` is where the next page begins, empty at the
    end.
    """

    rows: Sequence[Row]
    after: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """What to authorize. The ids end up in the provider's metadata, and so does the key. `customer` is the
    provider's, whose saved card it is.

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
    customer: str = ""


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

    def list_intents(self, *, since: datetime, until: datetime, after: str = "") -> Page[Intent] | Failure:
        """One page of what was created in [since, until), in whole seconds."""
        ...

    def list_refunds(
        self, *, since: datetime, until: datetime, after: str = ""
    ) -> Page[RefundSeen] | Failure: ...

    def retrieve_refund(self, ref: str) -> RefundSeen | Failure: ...


@cache
def gateway(name: str) -> Gateway:
    """Raises UnknownGateway for a name that no setting explains."""
    from payments.gateways.breaker import guarded
    from payments.gateways.credit_gateway import CreditGateway

    return CreditGateway() if name == CREDIT_ONLY else guarded(name)
