"""Setup intents: save a card for later without charging it."""

from __future__ import annotations

from .attempts import card_error, next_action
from .captures import merged
from .cards import Auth, Decline, by_token
from .errors import Obj, Refusal, invalid, wrong_state
from .intents import ONLY_WITH_CONFIRM, demand_return_url, method_types
from .methods import attach_to, usable, vault_of
from .store import Tx

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create(tx: Tx, ident: str, params: Obj) -> Obj:
    if params.get("customer"):
        tx.need("customer", params["customer"], param="customer")
    for name in ONLY_WITH_CONFIRM:
        if name in params and not params.get("confirm"):
            raise invalid(f"{name} can only be sent with confirm=true.", param=name)
    setup = tx.put("setup_intent", _new_setup(tx, params))
    tx.event("setup_intent.created", setup)
    if params.get("payment_method"):
        method = usable(tx, params["payment_method"], customer=setup["customer"])
        setup = tx.change(setup, payment_method=method["id"], status="requires_confirmation")
    return _confirm(tx, setup, params) if params.get("confirm") else setup


def _new_setup(tx: Tx, params: Obj) -> Obj:
    ident = tx.store.new_id("setup_intent")
    return {
        "id": ident,
        "object": "setup_intent",
        "application": None,
        "attach_to_self": None,
        "cancellation_reason": None,
        "client_secret": f"{ident}_secret_{tx.store.token(25)}",
        "created": tx.now,
        "customer": params.get("customer"),
        "customer_account": None,
        "description": params.get("description"),
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": merged({}, params.get("metadata") or {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": params.get("usage") or "off_session",
        **method_types(params),
    }


def confirm(tx: Tx, ident: str, params: Obj) -> Obj:
    setup = tx.need("setup_intent", ident, param="intent")
    if setup["status"] not in _OPEN:
        raise wrong_state(setup, "confirmed", legal=_OPEN)
    if params.get("payment_method"):
        method = usable(tx, params["payment_method"], customer=setup["customer"])
        setup = tx.change(setup, payment_method=method["id"])
    return _confirm(tx, setup, params)


def _confirm(tx: Tx, setup: Obj, params: Obj) -> Obj:
    if not setup["payment_method"]:
        raise Refusal(
            "This SetupIntent cannot be confirmed: it has no payment method.",
            code="setup_intent_unexpected_state",
            extra={"setup_intent": setup},
        )
    demand_return_url(setup, params)
    method = usable(tx, setup["payment_method"], customer=setup["customer"])
    card = by_token(vault_of(tx, method)["token"])
    if card and card.decline and not card.attachable:
        return _decline(tx, setup, method, card.decline)
    if card and card.auth is not Auth.NEVER:
        action = next_action(tx, setup, return_url=params.get("return_url"))
        setup = tx.change(setup, status="requires_action", next_action=action)
        tx.event("setup_intent.requires_action", setup)
        return setup
    return _succeed(tx, setup, method)


def _succeed(tx: Tx, setup: Obj, method: Obj) -> Obj:
    if setup["customer"]:
        attach_to(tx, method, setup["customer"], set_up=True)
    setup = tx.change(setup, status="succeeded", next_action=None, last_setup_error=None)
    tx.event("setup_intent.succeeded", setup)
    return setup


def _fail(tx: Tx, setup: Obj, error: Obj) -> Obj:
    setup = tx.change(
        setup,
        status="requires_payment_method",
        payment_method=None,
        next_action=None,
        last_setup_error=error,
    )
    tx.event("setup_intent.setup_failed", setup)
    return setup


def _decline(tx: Tx, setup: Obj, method: Obj, why: Decline) -> Obj:
    error = {
        "advice_code": why.advice,
        "code": why.code,
        "decline_code": why.reason,
        "message": why.message,
        "payment_method": method,
        "type": "card_error",
    }
    raise card_error(error, _fail(tx, setup, error))


def authenticated(tx: Tx, setup: Obj, *, passed: bool) -> Obj:
    """The customer answered the 3-D Secure page."""
    method = tx.need("payment_method", setup["payment_method"], param="payment_method")
    if passed:
        return _succeed(tx, setup, method)
    error = {
        "code": "setup_intent_authentication_failure",
        "message": "The payment method failed authentication; try again or use another one.",
        "payment_method": method,
        "type": "invalid_request_error",
    }
    return _fail(tx, setup, error)


def cancel(tx: Tx, ident: str, params: Obj) -> Obj:
    setup = tx.need("setup_intent", ident, param="intent")
    if setup["status"] not in _OPEN:
        raise wrong_state(setup, "canceled", legal=_OPEN)
    setup = tx.change(
        setup,
        status="canceled",
        cancellation_reason=params.get("cancellation_reason"),
        next_action=None,
    )
    tx.event("setup_intent.canceled", setup)
    return setup
