"""Refunds: together never more than was captured."""

from __future__ import annotations

from .captures import merged
from .charges import book
from .errors import Obj, Refusal, invalid, missing
from .store import Tx


def _charge_of(tx: Tx, params: Obj) -> Obj:
    if params.get("charge"):
        charge = tx.need("charge", params["charge"], param="charge")
        if params.get("payment_intent") not in (None, charge["payment_intent"]):
            raise invalid("charge and payment_intent do not belong together.", param="payment_intent")
        return charge
    if not params.get("payment_intent"):
        raise missing("payment_intent")
    intent = tx.need("payment_intent", params["payment_intent"], param="payment_intent")
    charge_id = intent["latest_charge"] if intent["amount_received"] else None
    if not charge_id:
        raise Refusal(
            f"PaymentIntent {intent['id']} has no successful charge to refund.",
            param="payment_intent",
            extra={"payment_intent": intent},
        )
    return tx.need("charge", charge_id, param="charge")


def _amount(charge: Obj, params: Obj) -> int:
    if not charge["amount_captured"]:
        raise Refusal(
            f"Charge {charge['id']} has not been captured.", param="charge", code="charge_not_captured"
        )
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left <= 0:
        raise Refusal(
            f"Charge {charge['id']} has already been refunded.",
            code="charge_already_refunded",
            extra={"charge": charge["id"]},
        )
    amount: int = params.get("amount") or left
    if amount > left:
        raise Refusal(
            f"Refund amount ({amount}) is greater than the unrefunded amount on the charge ({left}).",
            param="amount",
            extra={"charge": charge["id"]},
        )
    return amount


def create(tx: Tx, ident: str, params: Obj) -> Obj:
    charge = _charge_of(tx, params)
    amount = _amount(charge, params)
    refund = _new_refund(tx, charge, amount, params)
    refund = tx.change(refund, balance_transaction=book(tx, refund, kind="refund", amount=-amount))
    refunded = charge["amount_refunded"] + amount
    previous = {"amount_refunded": charge["amount_refunded"]}
    whole = charge["captured"] and refunded == charge["amount_captured"]
    charge = tx.change(charge, amount_refunded=refunded, refunded=whole)
    intent = tx.need("payment_intent", charge["payment_intent"], param="payment_intent")
    tx.effect("refund", intent=intent, amount=amount, refund=refund["id"], refund_metadata=refund["metadata"])
    tx.event("refund.created", refund)
    tx.event("charge.refunded", charge, previous=previous)
    return refund


def _new_refund(tx: Tx, charge: Obj, amount: int, params: Obj) -> Obj:
    return tx.put(
        "refund",
        {
            "id": tx.store.new_id("refund"),
            "object": "refund",
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "created": tx.now,
            "currency": charge["currency"],
            "customer": charge["customer"],
            "customer_account": None,
            "description": None,
            "destination_details": {
                "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number"},
                "type": "card",
            },
            "metadata": merged({}, params.get("metadata") or {}),
            "payment_intent": charge["payment_intent"],
            "payment_method": charge["payment_method"],
            "reason": params.get("reason"),
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "succeeded",
            "transfer_reversal": None,
        },
    )


def update(tx: Tx, ident: str, params: Obj) -> Obj:
    refund = tx.need("refund", ident, param="id")
    if "metadata" in params:
        refund = tx.change(refund, metadata=merged(refund["metadata"], params["metadata"]))
        tx.event("refund.updated", refund)
    return refund
