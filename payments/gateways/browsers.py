"""How browsers hand a card to the provider themselves, so that it never reaches us."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode

from django.conf import settings

from payments.gateways.cards import Setup
from payments.gateways.configured import config_of, preferred

STRIPE_API = "https://api.stripe.com"
CARDS_PAGE = "/account/payment-methods/"

# What Stripe.js needs of a Content-Security-Policy, as its security guide lists it, without the maps of the
# address form.
STRIPE_JS = {
    "script-src": "https://js.stripe.com https://*.js.stripe.com",
    "frame-src": "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
    "connect-src": "https://api.stripe.com",
}


class Entry(StrEnum):
    """Where a new card is entered."""

    ELEMENT = "element"  # in Stripe's own form on our page
    SANDBOX = "sandbox"  # on the sandbox's page, which knows test cards only
    NOWHERE = "nowhere"  # a real Stripe without a publishable key


@dataclass(frozen=True, slots=True)
class CardForm:
    """`gateway` is whose form it is: what it makes exists there only. `sources` are origins by directive that
    the page's Content-Security-Policy has to allow.
    """

    entry: Entry
    gateway: str
    publishable_key: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)


def card_form(gateway: str = "") -> CardForm:
    """Of this gateway, or of the preferred one."""
    config = config_of(gateway or preferred())
    if config.api_base != STRIPE_API:
        return CardForm(Entry.SANDBOX, config.name)
    if not config.publishable_key:
        return CardForm(Entry.NOWHERE, config.name)
    return CardForm(Entry.ELEMENT, config.name, config.publishable_key, STRIPE_JS)


def page_for(setup: Setup, gateway: str) -> str:
    """The sandbox's page where a test card is chosen and which leads back; empty for a real Stripe."""
    if card_form(gateway).entry is not Entry.SANDBOX:
        return ""
    query = {"client_secret": setup.client_secret, "return_url": f"{settings.PUBLIC_URL}{CARDS_PAGE}"}
    return f"{config_of(gateway).api_base}/_sandbox/cards/{setup.ref}?{urlencode(query)}"
