"""Charges and balance transactions: the paper trail of one attempt on a card."""

from __future__ import annotations

from .cards import Card, Decline
from .errors import Obj
from .store import Tx

HOLD_S = 7 * 86_400

_FEE_PER_MILLE = 14
_FEE_FIXED_MINOR = 25


def fee_minor(amount_minor: int) -> int:
    """1.4 % (half a cent rounds up) plus a fixed 25."""
    return (amount_minor * _FEE_PER_MILLE + 500) // 1000 + _FEE_FIXED_MINOR


def card_details(card: Card) -> Obj:
    """The ``card`` member of a payment method."""
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"fp_{card.brand}_{card.last4}",
        "funding": "debit" if card.token.endswith("_debit") else "credit",
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def empty_billing() -> Obj:
    address = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    return {"address": address, "email": None, "name": None, "phone": None, "tax_id": None}


def _outcome(decline: Decline | None) -> Obj:
    return {
        "advice_code": decline.advice if decline else None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if decline else "approved_by_network",
        "reason": decline.reason if decline else None,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": decline.message if decline else "Payment complete.",
        "type": "issuer_declined" if decline else "authorized",
    }


def _payment_details(tx: Tx, intent: Obj, card: Card, *, authenticated: bool, held: bool) -> Obj:
    options = intent["payment_method_options"]["card"]

    def status(option: str) -> Obj:
        return {"status": "available" if options.get(option) == "if_available" else "unavailable"}

    details = {
        **card_details(card),
        "amount_authorized": intent["amount"] if held else None,
        "authorization_code": "A00000" if held else None,
        "capture_before": tx.now + HOLD_S if held and intent["capture_method"] == "manual" else None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": status("request_incremental_authorization"),
        "installments": None,
        "mandate": None,
        "multicapture": status("request_multicapture"),
        "network": card.brand,
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
        "three_d_secure": {"result": "authenticated", "version": "2.2.0"} if authenticated else None,
    }
    return {"card": details, "type": "card"}


def new_charge(
    tx: Tx, intent: Obj, method: Obj, card: Card, *, decline: Decline | None, authenticated: bool
) -> Obj:
    """One attempt on the card: held (not yet captured), or failed with ``decline``."""
    details = _payment_details(tx, intent, card, authenticated=authenticated, held=decline is None)
    return tx.put(
        "charge",
        {
            "id": tx.store.new_id("charge"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": 0,
            "amount_refunded": 0,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": None,
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": "FOOD DELIVERY",
            "captured": False,
            "created": tx.now,
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": decline.code if decline else None,
            "failure_message": decline.message if decline else None,
            "fraud_details": {},
            "livemode": False,
            "metadata": intent["metadata"],
            "on_behalf_of": None,
            "outcome": _outcome(decline),
            "paid": decline is None,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": details,
            "receipt_email": intent["receipt_email"],
            "receipt_number": None,
            "receipt_url": None,
            "refunded": False,
            "review": None,
            "shipping": intent["shipping"],
            "source": None,
            "source_transfer": None,
            "statement_descriptor": intent["statement_descriptor"],
            "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
            "status": "failed" if decline else "succeeded",
            "transfer_data": None,
            "transfer_group": intent["transfer_group"],
        },
    )


def book(tx: Tx, source: Obj, *, kind: str, amount: int) -> str:
    """A balance transaction of ``amount`` (negative for refunds, which give no fee back); its id."""
    fee = fee_minor(amount) if amount > 0 else 0
    described = [
        {"amount": fee, "application": None, "currency": source["currency"], "description": "Processing fees"}
    ]
    ident = tx.store.new_id("balance_transaction")
    tx.put(
        "balance_transaction",
        {
            "id": ident,
            "object": "balance_transaction",
            "amount": amount,
            "available_on": tx.now + 2 * 86_400,
            "balance_type": "payments",
            "created": tx.now,
            "currency": source["currency"],
            "description": source["description"],
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [{**row, "type": "stripe_fee"} for row in described if fee],
            "net": amount - fee,
            "reporting_category": kind,
            "source": source["id"],
            "status": "pending",
            "type": kind,
        },
    )
    return ident
