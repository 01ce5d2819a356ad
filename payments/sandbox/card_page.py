"""The page that stands for Stripe's card form: a test card is chosen by name and saved by a SetupIntent."""

from __future__ import annotations

from html import escape
from urllib.parse import parse_qs

from . import setups
from .api import Answer, Request
from .cards import by_token
from .errors import Obj, Refusal
from .pages import html_page, leave, note, safe_url
from .store import Store, Tx
from .webhooks import Webhooks

OFFERED = {
    "pm_card_visa": "Goes through",
    "pm_card_mastercard": "Goes through",
    "pm_card_amex": "Goes through",
    "pm_card_authenticationRequiredOnSetup": "Asks for 3-D Secure while it is saved",
    "pm_card_threeDSecure2Required": "Asks for 3-D Secure each time",
    "pm_card_chargeCustomerFail": "Can be saved, is declined when it pays",
    "pm_card_visa_chargeDeclined": "Cannot be saved: declined",
    "pm_card_visa_chargeDeclinedExpiredCard": "Cannot be saved: expired",
}
_OPEN = ("requires_payment_method", "requires_confirmation")


class CardPage:
    def __init__(self, *, store: Store, webhooks: Webhooks) -> None:
        self._store = store
        self._webhooks = webhooks

    def answer(self, request: Request) -> Answer:
        """GET shows the cards, POST saves the chosen one; both need the setup intent's client secret."""
        source = request.body.decode("utf-8", "replace") if request.method == "POST" else request.query
        fields = {name: values[-1] for name, values in parse_qs(source).items()}
        setup = self._store.get("setup_intent", request.path.rpartition("/")[2])
        if setup is None or fields.get("client_secret") != setup["client_secret"]:
            return note("Not found", "There is no such card to be saved.", status=404)
        return_url = safe_url(fields.get("return_url", ""))
        if setup["status"] == "requires_action":
            return _to_the_bank(setup)
        if setup["status"] not in _OPEN:
            return leave(setup, return_url)
        if request.method == "POST" and fields.get("card") in OFFERED:
            return self._save(setup, fields["card"], return_url)
        return _choice(setup, return_url)

    def _save(self, setup: Obj, token: str, return_url: str) -> Answer:
        tx = Tx(self._store)
        wrong = ""
        try:
            setup = setups.confirm(
                tx, setup["id"], {"payment_method": token, "return_url": return_url or None}
            )
        except Refusal as refusal:
            if not refusal.keep:
                return note("This card cannot be saved", str(refusal))
            wrong = str(refusal)
        self._webhooks.commit(tx.record())
        if wrong:
            return _choice(setup, return_url, wrong=wrong)
        return _to_the_bank(setup) if setup["status"] == "requires_action" else leave(setup, return_url)


def _to_the_bank(setup: Obj) -> Answer:
    url = setup["next_action"]["redirect_to_url"]["url"]
    return Answer(303, b"", {"Location": url, "Cache-Control": "no-store"})


def _choice(setup: Obj, return_url: str, *, wrong: str = "") -> Answer:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (("client_secret", setup["client_secret"]), ("return_url", return_url))
    )
    body = (
        '<div class="bank"><span>Add a card</span><span class="badge">Test mode</span></div>'
        "<h1>Choose a test card</h1><p>Nothing is charged.</p>"
        + (f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else "")
        + f'<form method="post">{hidden}{"".join(_button(token) for token in OFFERED)}</form>'
        "<small>Sandbox payment server. No real card, no real money.</small>"
    )
    return html_page("Choose a test card", body)


def _button(token: str) -> str:
    card = by_token(token)
    assert card is not None
    name = f"<b>{escape(card.brand.title())} ···· {card.last4}</b>"
    about = f"{name}<span>{escape(OFFERED[token])}</span>"
    return f'<button class="card" name="card" value="{token}">{about}</button>'
