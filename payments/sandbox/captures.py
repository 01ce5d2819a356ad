"""Capture, release, incremental authorization, and the end of holds that nobody captured."""

from __future__ import annotations

from .charges import HOLD_S, book, fee_minor
from .errors import Obj, Refusal, invalid, wrong_state
from .store import Store, Tx

_MAX_INCREMENTS = 10


def _option(intent: Obj, name: str) -> bool:
    return bool(intent["payment_method_options"]["card"].get(name) == "if_available")


def hold(tx: Tx, intent: Obj, charge: Obj, **changes: object) -> Obj:
    """The card is charged for later: the intent waits for its capture."""
    intent = tx.change(
        intent,
        status="requires_capture",
        amount_capturable=intent["amount"],
        latest_charge=charge["id"],
        **changes,
    )
    tx.effect("hold", intent=intent, amount=intent["amount"])
    return intent


def take(tx: Tx, intent: Obj, amount: int, *, final: bool) -> Obj:
    """Capture ``amount`` of the hold; a final capture releases the rest. Sends no intent events."""
    charge = tx.need("charge", intent["latest_charge"], param="charge")
    rest = intent["amount_capturable"] - amount
    captured = charge["amount_captured"] + amount
    changes: Obj = {"amount_captured": captured, "captured": final}
    if amount:
        changes["balance_transaction"] = book(tx, charge, kind="charge", amount=amount)
        tx.effect("capture", intent=intent, amount=amount, fee=fee_minor(amount))
    charge = tx.change(charge, **changes)
    if final and rest:
        tx.effect("release", intent=intent, amount=rest, reason="capture")
    return tx.change(
        intent,
        amount_received=captured,
        amount_capturable=0 if final else rest,
        status="succeeded" if final else "requires_capture",
    )


def _amount_to_capture(intent: Obj, params: Obj, *, final: bool) -> int:
    open_minor: int = intent["amount_capturable"]
    amount = params.get("amount_to_capture")
    if amount is None:
        amount = open_minor
    if amount > open_minor:
        raise Refusal(
            f"amount_to_capture ({amount}) is more than the amount_capturable ({open_minor}).",
            param="amount_to_capture",
            code="amount_too_large",
        )
    if not final and amount >= open_minor:
        raise invalid("A capture that is not final must leave something to capture.", param="final_capture")
    if amount == 0 and not intent["amount_received"]:
        raise invalid(
            "amount_to_capture must be at least 1.",
            param="amount_to_capture",
            code="parameter_invalid_integer",
        )
    return int(amount)


def capture(tx: Tx, ident: str, params: Obj) -> Obj:
    intent = tx.need("payment_intent", ident, param="intent")
    if intent["status"] != "requires_capture":
        raise wrong_state(intent, "captured", legal=("requires_capture",))
    final = params.get("final_capture", True)
    if not final and not _option(intent, "request_multicapture"):
        raise Refusal(
            "final_capture=false needs payment_method_options[card][request_multicapture]=if_available.",
            param="final_capture",
        )
    amount = _amount_to_capture(intent, params, final=final)
    before = intent["amount_capturable"]
    intent = take(tx, _described(tx, intent, params), amount, final=final)
    _announce_capture(tx, intent, before=before, final=final)
    return intent


def _described(tx: Tx, intent: Obj, params: Obj) -> Obj:
    """Capture and increment may also set metadata and texts."""
    texts = ("statement_descriptor", "statement_descriptor_suffix", "description")
    changes = {name: params[name] for name in texts if name in params}
    if "metadata" in params:
        changes["metadata"] = merged(intent["metadata"], params["metadata"])
    return tx.change(intent, **changes) if changes else intent


def merged(old: Obj, new: Obj) -> Obj:
    """Stripe's metadata rule: keys are added or replaced, an empty value removes, {"": ""} removes all."""
    if new == {"": ""}:
        return {}
    return {key: value for key, value in {**old, **new}.items() if value != ""}


def _announce_capture(tx: Tx, intent: Obj, *, before: int, final: bool) -> None:
    if final:
        charge = tx.need("charge", intent["latest_charge"], param="charge")
        tx.event("charge.captured", charge, previous={"captured": False})
    if _option(intent, "request_multicapture"):
        tx.event("payment_intent.amount_capturable_updated", intent, previous={"amount_capturable": before})
    if final:
        tx.event("payment_intent.succeeded", intent)


def release_all(tx: Tx, intent: Obj, *, reason: str) -> None:
    """Give an uncaptured hold back to the card; since API version 2025-03-31 that is not a refund."""
    tx.effect("release", intent=intent, amount=intent["amount_capturable"], reason=reason)


def increment(tx: Tx, ident: str, params: Obj) -> Obj:
    """Raise the hold to a new total; the effect log gets the difference."""
    intent = tx.need("payment_intent", ident, param="intent")
    if intent["status"] != "requires_capture":
        raise wrong_state(intent, "incremented", legal=("requires_capture",))
    charge = tx.need("charge", intent["latest_charge"], param="charge")
    vault = tx.get("vault", intent["id"]) or {"id": intent["id"], "increments": 0}
    if (
        not _option(intent, "request_incremental_authorization")
        or charge["amount_captured"]
        or vault["increments"] >= _MAX_INCREMENTS
    ):
        raise Refusal(
            "This PaymentIntent is not eligible for an incremental authorization.",
            code="payment_intent_unexpected_state",
            extra={"payment_intent": intent},
        )
    added = params["amount"] - intent["amount"]
    if added <= 0:
        raise invalid("amount must be more than the authorized amount.", param="amount")
    intent = _described(tx, intent, params)
    before = intent["amount_capturable"]
    intent = tx.change(intent, amount=params["amount"], amount_capturable=before + added)
    tx.put("vault", {**vault, "increments": vault["increments"] + 1})
    _raise_charge(tx, charge, total=params["amount"])
    tx.effect("hold", intent=intent, amount=added, increment=True)
    tx.event("payment_intent.amount_capturable_updated", intent, previous={"amount_capturable": before})
    return intent


def _raise_charge(tx: Tx, charge: Obj, *, total: int) -> None:
    details = charge["payment_method_details"]
    card = {**details["card"], "amount_authorized": total}
    tx.change(charge, amount=total, payment_method_details={**details, "card": card})


def expire_holds(store: Store) -> Tx:
    """A transaction that ends every hold whose ``capture_before`` has passed."""
    tx = Tx(store)
    newest_possible = tx.now - HOLD_S
    for intent in list(store.tables["payment_intent"].rows.values()):
        if intent["created"] > newest_possible:
            break
        if intent["status"] == "requires_capture" and _expired(tx, intent):
            _expire(tx, intent)
    return tx


def _expired(tx: Tx, intent: Obj) -> bool:
    charge = tx.need("charge", intent["latest_charge"], param="charge")
    return bool(charge["payment_method_details"]["card"]["capture_before"] <= tx.now)


def _expire(tx: Tx, intent: Obj) -> None:
    if intent["amount_received"]:
        before = intent["amount_capturable"]
        intent = take(tx, intent, 0, final=True)
        _announce_capture(tx, intent, before=before, final=True)
        return
    release_all(tx, intent, reason="expire")
    tx.event("charge.expired", tx.need("charge", intent["latest_charge"], param="charge"))
    intent = tx.change(
        intent,
        status="canceled",
        amount_capturable=0,
        canceled_at=tx.now,
        cancellation_reason="expired",
    )
    tx.event("payment_intent.canceled", intent)
