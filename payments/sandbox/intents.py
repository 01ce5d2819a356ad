"""Payment intents: create, update, confirm, cancel."""

from __future__ import annotations

from . import captures
from .attempts import attempt, is_off_session
from .captures import merged
from .errors import Obj, Refusal, invalid, wrong_state
from .methods import usable
from .store import Tx

CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation", "requires_action")
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
ONLY_WITH_CONFIRM = ("off_session", "error_on_requires_action", "return_url", "mandate_data")

#: the least amount Stripe charges, by currency (minor units)
_LEAST_MINOR = {"jpy": 50, "gbp": 30, "dkk": 250, "nok": 300, "sek": 300, "czk": 1500, "pln": 200, "chf": 50}
_ZERO_DECIMAL = frozenset(("jpy", "krw", "vnd"))

_TEXTS = (
    "description",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_group",
)


def check_amount(amount: int, currency: str) -> None:
    least = _LEAST_MINOR.get(currency, 1 if currency in _ZERO_DECIMAL else 50)
    if amount < least:
        raise invalid(
            f"Amount must be at least {least} {currency} (minor units).",
            param="amount",
            code="amount_too_small",
        )


def method_types(params: Obj) -> Obj:
    """Either the allowed types, or Stripe's automatic ones (the default); here it comes to cards."""
    allowed, automatic = params.get("allowed_payment_method_types"), params.get("automatic_payment_methods")
    if allowed and automatic:
        raise Refusal(
            "allowed_payment_method_types and automatic_payment_methods exclude each other.",
            param="allowed_payment_method_types",
            stored=False,
        )
    if allowed and "card" not in allowed:
        raise invalid("This sandbox knows cards only: allow card.", param="allowed_payment_method_types")
    chosen = None if allowed else {"allow_redirects": "always", "enabled": True, **(automatic or {})}
    return {
        "allowed_payment_method_types": allowed,
        "automatic_payment_methods": chosen,
        "payment_method_types": ["card"],
    }


def demand_return_url(intent: Obj, params: Obj) -> None:
    """Automatic payment methods may redirect, so Stripe wants to know where to; not off session."""
    automatic = intent["automatic_payment_methods"]
    redirects = bool(automatic and automatic["allow_redirects"] == "always")
    if redirects and not params.get("return_url") and not is_off_session(params):
        raise Refusal(
            "A return_url is required: automatic payment methods may redirect. To do without, send"
            " allowed_payment_method_types or automatic_payment_methods[allow_redirects]=never.",
            param="return_url",
            stored=False,
        )


def _card_options(old: Obj, params: Obj) -> Obj:
    given = (params.get("payment_method_options") or {}).get("card") or {}
    return {"card": {**old, **{name: value for name, value in given.items() if value is not None}}}


def _new_intent(tx: Tx, params: Obj) -> Obj:
    ident = tx.store.new_id("payment_intent")
    defaults: Obj = {
        "installments": None,
        "mandate_options": None,
        "network": None,
        "request_three_d_secure": "automatic",
    }
    return {
        "id": ident,
        "object": "payment_intent",
        "amount": params["amount"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": params.get("capture_method") or "automatic_async",
        "client_secret": f"{ident}_secret_{tx.store.token(25)}",
        "confirmation_method": "automatic",
        "created": tx.now,
        "currency": params["currency"],
        "customer": params.get("customer"),
        "customer_account": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": merged({}, params.get("metadata") or {}),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": _card_options(defaults, params),
        "processing": None,
        "review": None,
        "source": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        **{name: params.get(name) for name in _TEXTS},
        **method_types(params),
    }


def create(tx: Tx, ident: str, params: Obj) -> Obj:
    check_amount(params["amount"], params["currency"])
    if params.get("customer"):
        tx.need("customer", params["customer"], param="customer")
    if not params.get("confirm"):
        for name in ONLY_WITH_CONFIRM:
            if name in params:
                raise invalid(f"{name} can only be sent with confirm=true.", param=name)
    intent = tx.put("payment_intent", _new_intent(tx, params))
    tx.event("payment_intent.created", intent)
    if params.get("payment_method"):
        method = usable(tx, params["payment_method"], customer=intent["customer"])
        intent = tx.change(intent, payment_method=method["id"], status="requires_confirmation")
    return _confirm(tx, intent, params) if params.get("confirm") else intent


def confirm(tx: Tx, ident: str, params: Obj) -> Obj:
    intent = tx.need("payment_intent", ident, param="intent")
    if intent["status"] not in CONFIRMABLE:
        raise wrong_state(intent, "confirmed", legal=CONFIRMABLE)
    changes = {name: params[name] for name in _TEXTS if name in params}
    if params.get("capture_method"):
        changes["capture_method"] = params["capture_method"]
    options = _card_options(intent["payment_method_options"]["card"], params)
    intent = tx.change(intent, payment_method_options=options, **changes)
    if params.get("payment_method"):
        method = usable(tx, params["payment_method"], customer=intent["customer"])
        intent = tx.change(intent, payment_method=method["id"])
    return _confirm(tx, intent, params)


def _confirm(tx: Tx, intent: Obj, params: Obj) -> Obj:
    if not intent["payment_method"]:
        raise Refusal(
            "This PaymentIntent cannot be confirmed: it has no payment method.",
            code="payment_intent_unexpected_state",
            extra={"payment_intent": intent},
        )
    demand_return_url(intent, params)
    method = usable(tx, intent["payment_method"], customer=intent["customer"])
    return attempt(tx, intent, method, params)


def update(tx: Tx, ident: str, params: Obj) -> Obj:
    intent = tx.need("payment_intent", ident, param="intent")
    changes = {name: params[name] for name in _TEXTS if name in params}
    if "metadata" in params:
        changes["metadata"] = merged(intent["metadata"], params["metadata"])
    priced = [
        name for name in ("amount", "currency", "customer", "payment_method") if params.get(name) is not None
    ]
    if priced or "capture_method" in params or "payment_method_options" in params:
        changes.update(_repriced(tx, intent, params, priced))
    return tx.change(intent, **changes)


def _repriced(tx: Tx, intent: Obj, params: Obj, priced: list[str]) -> Obj:
    """What may only change while nothing is held: amount, currency, customer, payment method."""
    if intent["status"] not in CONFIRMABLE:
        raise wrong_state(intent, "changed so", legal=CONFIRMABLE)
    changes: Obj = {name: params[name] for name in priced if name != "payment_method"}
    check_amount(changes.get("amount") or intent["amount"], changes.get("currency") or intent["currency"])
    if "customer" in changes:
        tx.need("customer", changes["customer"], param="customer")
    if "capture_method" in params:
        changes["capture_method"] = params["capture_method"]
    changes["payment_method_options"] = _card_options(intent["payment_method_options"]["card"], params)
    if params.get("payment_method"):
        customer = changes.get("customer", intent["customer"])
        changes["payment_method"] = usable(tx, params["payment_method"], customer=customer)["id"]
    if changes.get("payment_method") or intent["status"] == "requires_action":
        changes.update(status="requires_confirmation", next_action=None)
    return changes


def cancel(tx: Tx, ident: str, params: Obj) -> Obj:
    intent = tx.need("payment_intent", ident, param="intent")
    partly = intent["status"] == "requires_capture" and intent["amount_received"]
    if intent["status"] not in CANCELABLE or partly:
        raise wrong_state(intent, "canceled", legal=CANCELABLE)
    if intent["status"] == "requires_capture":
        captures.release_all(tx, intent, reason="cancel")
    intent = tx.change(
        intent,
        status="canceled",
        amount_capturable=0,
        canceled_at=tx.now,
        cancellation_reason=params.get("cancellation_reason"),
        next_action=None,
    )
    tx.event("payment_intent.canceled", intent)
    return intent
