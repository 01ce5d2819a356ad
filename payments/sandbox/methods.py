"""Payment methods. A test token (``pm_card_visa``) becomes a payment method of its own at each use."""

from __future__ import annotations

from .cards import Card, by_token
from .charges import card_details, empty_billing
from .errors import Obj, Refusal, invalid
from .reading import list_page
from .store import Tx


def new_method(tx: Tx, card: Card, *, billing: Obj | None = None, metadata: Obj | None = None) -> Obj:
    ident = tx.store.new_id("payment_method")
    tx.put("vault", {"id": ident, "token": card.token, "used": False, "detached": False, "set_up": False})
    return tx.put(
        "payment_method",
        {
            "id": ident,
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": {**empty_billing(), **(billing or {})},
            "card": card_details(card),
            "created": tx.now,
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": metadata or {},
            "radar_options": {},
            "type": "card",
        },
    )


def vault_of(tx: Tx, method: Obj) -> Obj:
    """What the server knows about the card behind a payment method and never shows."""
    return tx.need("vault", method["id"], param="payment_method")


def resolve(tx: Tx, ident: str, *, param: str = "payment_method") -> Obj:
    """The payment method of an id, or a new one of a test token."""
    card = by_token(ident) if ident.startswith("pm_card_") else None
    return new_method(tx, card) if card else tx.need("payment_method", ident, param=param)


def usable(tx: Tx, ident: str, *, customer: str | None) -> Obj:
    """A method that this customer (or nobody) may pay with, by Stripe's rules of ownership and reuse."""
    method = resolve(tx, ident)
    vault = vault_of(tx, method)
    if method["customer"] and method["customer"] != customer:
        raise Refusal(
            "This payment method belongs to a Customer; send that customer with it.",
            param="payment_method",
            stored=False,
        )
    if not method["customer"] and (vault["used"] or vault["detached"]):
        raise Refusal(
            "This payment method was used without being attached to a Customer, or was detached;"
            " it may not be used again.",
            param="payment_method",
            code="payment_method_unactivated" if vault["detached"] else None,
            stored=False,
        )
    return method


def attach_to(tx: Tx, method: Obj, customer: str, *, set_up: bool) -> Obj:
    vault = vault_of(tx, method)
    tx.put("vault", {**vault, "set_up": vault["set_up"] or set_up})
    if method["customer"] == customer:
        return method
    method = tx.change(method, customer=customer)
    tx.event("payment_method.attached", method)
    return method


def create(tx: Tx, ident: str, params: Obj) -> Obj:
    token = (params.get("card") or {}).get("token") or ""
    card = by_token(token)
    if card is None:
        raise invalid(f"No such token: '{token}'", param="card[token]", code="resource_missing")
    return new_method(tx, card, billing=params.get("billing_details"), metadata=params.get("metadata"))


def retrieve(tx: Tx, ident: str, params: Obj) -> Obj:
    return resolve(tx, ident)


def attach(tx: Tx, ident: str, params: Obj) -> Obj:
    tx.need("customer", params["customer"], param="customer")
    method = usable(tx, ident, customer=params["customer"])
    card = by_token(vault_of(tx, method)["token"])
    if card and card.decline and not card.attachable:
        raise Refusal(
            card.decline.message,
            status=402,
            kind="card_error",
            code=card.decline.code,
            extra={"decline_code": card.decline.reason},
        )
    return attach_to(tx, method, params["customer"], set_up=False)


def detach(tx: Tx, ident: str, params: Obj) -> Obj:
    method = tx.need("payment_method", ident, param="id")
    if not method["customer"]:
        raise Refusal("This payment method is not attached to a customer.", param="payment_method")
    previous = {"customer": method["customer"]}
    tx.put("vault", {**vault_of(tx, method), "detached": True})
    method = tx.change(method, customer=None)
    tx.event("payment_method.detached", method, previous=previous)
    return method


def of_customer(tx: Tx, customer: str, params: Obj) -> Obj:
    """``GET /v1/customers/{id}/payment_methods``"""
    tx.need("customer", customer, param="customer")
    return listing(tx, "", {**params, "customer": customer})


def listing(tx: Tx, ident: str, params: Obj) -> Obj:
    if not params.get("customer"):
        params = {**params, "customer": "none"}
    return list_page(tx, "payment_method", params, url="/v1/payment_methods")
