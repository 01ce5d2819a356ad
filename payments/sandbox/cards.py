"""The test cards, by Stripe's documented token names, and how each one behaves. No card numbers anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Auth(StrEnum):
    """When the issuer asks for 3-D Secure."""

    NEVER = "never"
    ALWAYS = "always"
    UNLESS_SET_UP = "unless_set_up"  # off-session passes once the card was set up
    ON_SESSION = "on_session"  # off-session always passes


@dataclass(frozen=True, slots=True)
class Decline:
    """``code`` is Stripe's error code; ``reason`` its decline code; ``advice`` its advice code."""

    code: str
    reason: str
    message: str
    advice: str = "try_again_later"


@dataclass(frozen=True, slots=True)
class Card:
    """``decline`` hits every charge, ``after_auth`` only once 3-D Secure has passed."""

    token: str
    brand: str = "visa"
    last4: str = "4242"
    country: str = "US"
    decline: Decline | None = None
    attachable: bool = True
    auth: Auth = Auth.NEVER
    after_auth: Decline | None = None


def _refused(reason: str, message: str, advice: str = "try_again_later") -> Decline:
    return Decline("card_declined", reason, message, advice)


GENERIC = _refused("generic_decline", "Your card was declined.")
INSUFFICIENT = _refused("insufficient_funds", "Your card has insufficient funds.")
LOST = _refused("lost_card", "Your card was declined.", "do_not_try_again")
STOLEN = _refused("stolen_card", "Your card was declined.", "do_not_try_again")
VELOCITY = _refused("card_velocity_exceeded", "Your card was declined for making repeated attempts.")
FRAUD = _refused("fraudulent", "Your card was declined.", "do_not_try_again")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.", "confirm_card_data")
CVC = Decline(
    "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.", "confirm_card_data"
)
PROCESSING = Decline("processing_error", "processing_error", "An error occurred while processing your card.")
AUTHENTICATION = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "confirm_card_data",
)

_DECLINES: dict[str, tuple[str, Decline]] = {
    "": ("0002", GENERIC),
    "InsufficientFunds": ("9995", INSUFFICIENT),
    "LostCard": ("9987", LOST),
    "StolenCard": ("9979", STOLEN),
    "ExpiredCard": ("0069", EXPIRED),
    "IncorrectCvc": ("0127", CVC),
    "ProcessingError": ("0119", PROCESSING),
    "VelocityLimitExceeded": ("6975", VELOCITY),
    "Fraudulent": ("0019", FRAUD),
}

_GOOD = [
    Card("pm_card_visa"),
    Card("pm_card_visa_debit", last4="5556"),
    Card("pm_card_mastercard", brand="mastercard", last4="4444"),
    Card("pm_card_mastercard_debit", brand="mastercard", last4="8210"),
    Card("pm_card_amex", brand="amex", last4="8431"),
    Card("pm_card_discover", brand="discover", last4="9424"),
    Card("pm_card_diners", brand="diners", last4="0004"),
    Card("pm_card_jcb", brand="jcb", last4="0505"),
    Card("pm_card_unionpay", brand="unionpay", last4="0005"),
    Card("pm_card_fi", last4="0007", country="FI"),
    Card("pm_card_de", last4="0016", country="DE"),
    Card("pm_card_gb", last4="0000", country="GB"),
]

_SPECIAL = [
    Card("pm_card_chargeCustomerFail", last4="0341", decline=GENERIC),
    Card("pm_card_authenticationRequired", last4="3184", auth=Auth.ALWAYS),
    Card("pm_card_authenticationRequiredOnSetup", last4="3155", auth=Auth.UNLESS_SET_UP),
    Card("pm_card_authenticationRequiredSetupForOffSession", last4="0446", auth=Auth.ON_SESSION),
    Card(
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        last4="3178",
        auth=Auth.ALWAYS,
        after_auth=INSUFFICIENT,
    ),
    Card("pm_card_threeDSecure2Required", last4="3220", auth=Auth.ALWAYS),
    Card("pm_card_threeDSecureRequired", last4="3063", auth=Auth.ALWAYS),
    Card("pm_card_threeDSecureRequiredChargeDeclined", last4="1629", auth=Auth.ALWAYS, after_auth=GENERIC),
    Card(
        "pm_card_threeDSecureRequiredProcessingError", last4="1280", auth=Auth.ALWAYS, after_auth=PROCESSING
    ),
    Card("pm_card_threeDSecureOptional", last4="3055"),
]


def _declining() -> list[Card]:
    """Both spellings are in use: with the brand in the name, and without it."""
    return [
        Card(f"pm_card_{brand}chargeDeclined{suffix}", last4=last4, decline=decline, attachable=False)
        for suffix, (last4, decline) in _DECLINES.items()
        for brand in ("visa_", "")
    ]


CARDS: dict[str, Card] = {card.token: card for card in [*_GOOD, *_SPECIAL, *_declining()]}


def by_token(token: str) -> Card | None:
    """The card of ``pm_card_x`` or of its older twin ``tok_x``; None when there is none."""
    if token.startswith("tok_"):
        rest = token.removeprefix("tok_")
        return CARDS.get(f"pm_card_{rest}") or CARDS.get(f"pm_card_{rest.removeprefix('visa_')}")
    return CARDS.get(token)


def needs_authentication(card: Card, *, off_session: bool, set_up: bool) -> bool:
    if card.auth is Auth.UNLESS_SET_UP:
        return not (off_session and set_up)
    if card.auth is Auth.ON_SESSION:
        return not off_session
    return card.auth is Auth.ALWAYS
