"""One attempt on a card: what ``confirm`` and the 3-D Secure page end in."""

from __future__ import annotations

import math
from urllib.parse import urlencode

from . import captures
from .cards import AUTHENTICATION, Card, Decline, by_token, needs_authentication
from .charges import new_charge
from .errors import Obj, Refusal
from .methods import attach_to, vault_of
from .store import Store, Tx

AUTHENTICATION_FAILED = "payment_intent_authentication_failure"


def attempt(tx: Tx, intent: Obj, method: Obj, params: Obj) -> Obj:
    """Charge ``method`` for the intent: held or succeeded, requires_action, or a 402 that is recorded."""
    vault = vault_of(tx, method)
    card = _card(vault)
    off_session = is_off_session(params)
    forced = intent["payment_method_options"]["card"].get("request_three_d_secure") in ("any", "challenge")
    asked = needs_authentication(card, off_session=off_session, set_up=vault["set_up"]) or (
        forced and not off_session
    )
    intent = tx.change(intent, payment_method=method["id"], last_payment_error=None, next_action=None)
    if card.decline:
        return decline(tx, intent, method, card, card.decline)
    if asked and (off_session or params.get("error_on_requires_action")):
        return decline(tx, intent, method, card, AUTHENTICATION)
    if asked:
        return _ask(tx, intent, return_url=params.get("return_url"))
    return settle(tx, intent, method, card, authenticated=False)


def is_off_session(params: Obj) -> bool:
    """The customer is not there to authenticate."""
    return params.get("off_session") in ("true", "one_off", "recurring")


def _card(vault: Obj) -> Card:
    card = by_token(vault["token"])
    if card is None:
        raise LookupError(vault["token"])
    return card


def next_action(tx: Tx, intent: Obj, *, return_url: str | None) -> Obj:
    query = urlencode({"client_secret": intent["client_secret"], "return_url": return_url or ""})
    url = f"{tx.store.public_url}/_sandbox/authenticate/{intent['id']}?{query}"
    return {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}


def _ask(tx: Tx, intent: Obj, *, return_url: str | None) -> Obj:
    action = next_action(tx, intent, return_url=return_url)
    intent = tx.change(intent, status="requires_action", next_action=action)
    tx.event("payment_intent.requires_action", intent)
    return intent


def settle(tx: Tx, intent: Obj, method: Obj, card: Card, *, authenticated: bool) -> Obj:
    """The issuer says yes: a hold, and for automatic capture the money at once."""
    if tx.processing_s is not None:
        return _wait(tx, intent, authenticated=authenticated)
    charge = new_charge(tx, intent, method, card, decline=None, authenticated=authenticated)
    intent = captures.hold(tx, intent, charge, next_action=None)
    if intent["setup_future_usage"] and intent["customer"]:
        attach_to(tx, method, intent["customer"], set_up=True)
    else:
        tx.put("vault", {**vault_of(tx, method), "used": True})
    if intent["capture_method"] == "manual":
        tx.event("charge.succeeded", charge)
        tx.event("payment_intent.amount_capturable_updated", intent, previous={"amount_capturable": 0})
        return intent
    intent = captures.take(tx, intent, intent["amount"], final=True)
    tx.event("charge.succeeded", tx.need("charge", charge["id"], param="charge"))
    tx.event("payment_intent.succeeded", intent)
    return intent


def _wait(tx: Tx, intent: Obj, *, authenticated: bool) -> Obj:
    due_at = tx.now + math.ceil(tx.processing_s or 0)
    tx.put("settlement", {"id": intent["id"], "due_at": due_at, "authenticated": authenticated, "open": True})
    intent = tx.change(intent, status="processing", next_action=None)
    tx.event("payment_intent.processing", intent)
    return intent


def settle_due(store: Store) -> Tx:
    """A transaction that settles every intent whose time of processing is over."""
    tx = Tx(store)
    for row in list(store.tables["settlement"].rows.values()):
        if row["open"] and row["due_at"] <= tx.now:
            tx.put("settlement", {**row, "open": False})
            intent = tx.need("payment_intent", row["id"], param="intent")
            method = tx.need("payment_method", intent["payment_method"], param="payment_method")
            settle(tx, intent, method, _card(vault_of(tx, method)), authenticated=row["authenticated"])
    return tx


def decline(tx: Tx, intent: Obj, method: Obj, card: Card, why: Decline) -> Obj:
    """Record the refusal and raise it: Stripe answers 402 and keeps the failed charge."""
    charge = new_charge(tx, intent, method, card, decline=why, authenticated=False)
    intent = tx.change(intent, latest_charge=charge["id"])
    error = {
        "advice_code": why.advice,
        "charge": charge["id"],
        "code": why.code,
        "decline_code": why.reason,
        "message": why.message,
        "payment_method": method,
        "type": "card_error",
    }
    intent = fail(tx, intent, error)
    tx.event("charge.failed", charge)
    raise card_error(error, intent)


def fail(tx: Tx, intent: Obj, error: Obj) -> Obj:
    """Back to requires_payment_method, with ``error`` as the last payment error."""
    intent = tx.change(
        intent,
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_payment_error=error,
    )
    tx.event("payment_intent.payment_failed", intent)
    return intent


def card_error(error: Obj, intent: Obj) -> Refusal:
    extra = {name: value for name, value in error.items() if name not in ("message", "type", "code")}
    return Refusal(
        error["message"],
        status=402,
        kind="card_error",
        code=error["code"],
        keep=True,
        extra={**extra, intent["object"]: intent},
    )


def authenticated(tx: Tx, intent: Obj, *, passed: bool) -> Obj:
    """The customer answered the 3-D Secure page."""
    method = tx.need("payment_method", intent["payment_method"], param="payment_method")
    card = _card(vault_of(tx, method))
    if not passed:
        error = {
            "code": AUTHENTICATION_FAILED,
            "message": "The payment method failed authentication; try again or use another one.",
            "payment_method": method,
            "type": "invalid_request_error",
        }
        return fail(tx, intent, error)
    if card.after_auth:
        return decline(tx, intent, method, card, card.after_auth)
    return settle(tx, intent, method, card, authenticated=True)
