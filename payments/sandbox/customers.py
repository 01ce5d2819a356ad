"""Customers."""

from __future__ import annotations

from .captures import merged
from .errors import Obj, no_such
from .methods import attach
from .store import Tx

_FIELDS = ("address", "description", "email", "name", "phone", "shipping")


def create(tx: Tx, ident: str, params: Obj) -> Obj:
    customer = tx.put(
        "customer",
        {
            "id": tx.store.new_id("customer", 14),
            "object": "customer",
            "balance": 0,
            "created": tx.now,
            "currency": None,
            "default_source": None,
            "delinquent": False,
            "discount": None,
            "invoice_prefix": tx.store.token(8).upper(),
            "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None},
            "livemode": False,
            "metadata": merged({}, params.get("metadata") or {}),
            "next_invoice_sequence": 1,
            "preferred_locales": params.get("preferred_locales") or [],
            "tax_exempt": "none",
            "test_clock": None,
            **{name: params.get(name) for name in _FIELDS},
        },
    )
    tx.event("customer.created", customer)
    if params.get("payment_method"):
        attach(tx, params["payment_method"], {"customer": customer["id"]})
    return _with_default(tx, customer, params)


def retrieve(tx: Tx, ident: str, params: Obj) -> Obj:
    return tx.need("customer", ident, param="id")


def update(tx: Tx, ident: str, params: Obj) -> Obj:
    customer = _live(tx, ident)
    changes = {name: params[name] for name in _FIELDS if name in params}
    if "metadata" in params:
        changes["metadata"] = merged(customer["metadata"], params["metadata"])
    return _with_default(tx, tx.change(customer, **changes), params)


def _live(tx: Tx, ident: str) -> Obj:
    customer = tx.need("customer", ident, param="id")
    if customer.get("deleted"):
        raise no_such("customer", ident, param="id")
    return customer


def _with_default(tx: Tx, customer: Obj, params: Obj) -> Obj:
    default = (params.get("invoice_settings") or {}).get("default_payment_method")
    if not default:
        return customer
    tx.need("payment_method", default, param="invoice_settings[default_payment_method]")
    settings = {**customer["invoice_settings"], "default_payment_method": default}
    return tx.change(customer, invoice_settings=settings)


def delete(tx: Tx, ident: str, params: Obj) -> Obj:
    """The tombstone stays; the customer's payment methods are detached."""
    customer = _live(tx, ident)
    for method in list(tx.rows_where("payment_method", "customer", ident)):
        vault = tx.need("vault", method["id"], param="id")
        tx.put("vault", {**vault, "detached": True})
        tx.change(method, customer=None)
    tx.event("customer.deleted", customer)
    return tx.put("customer", {"id": ident, "object": "customer", "deleted": True})
