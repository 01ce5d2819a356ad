"""What a provider can do with saved cards. The card itself is between it and the customer's browser."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from payments.gateways import Declined, NoAnswer, Refused, gateway

NotDone = Declined | Refused | NoAnswer


@dataclass(frozen=True, slots=True)
class Card:
    """What may be shown of a card. `customer_ref` is empty for one that belongs to nobody (any more)."""

    ref: str
    customer_ref: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Setup:
    """The saving of one card (a SetupIntent). `status` uses Stripe's words; `card` is set once it succeeded.

    `client_secret` lets a browser finish it: never logged, never kept.
    """

    ref: str
    customer_ref: str
    status: str
    client_secret: str
    card: Card | None = None
    next_action_url: str = ""
    decline_code: str = ""


class CardGateway(Protocol):
    """A call may take up to 10 s and never raises for what a provider can answer."""

    def create_customer(self, *, user_id: str, key: str) -> str | NotDone:
        """The provider's reference of this user; the same for the same key."""
        ...

    def create_setup(self, customer_ref: str, *, key: str) -> Setup | NotDone: ...

    def retrieve_setup(self, ref: str) -> Setup | NotDone: ...

    def retrieve_card(self, ref: str) -> Card | NotDone: ...

    def detach_card(self, ref: str) -> Card | NotDone:
        """Refused also when it was detached before."""
        ...


def card_gateway(name: str) -> CardGateway:
    return cast(CardGateway, gateway(name))
