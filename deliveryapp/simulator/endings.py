"""Did every order end as it may, and did the money follow? Pure: bodies and effects in, findings out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

# What somebody must have simulated for a cancellation or a failure with this code.
CAUSES = {
    "cancelled_by_customer": "cancel",
    "rejected_by_restaurant": "reject",
    "restaurant_timeout": "no_answer",
    "payment_declined": "declined",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How one order ended. `label` is for the table, `explained` whether the simulation caused it."""

    order_id: str
    number: str
    status: str
    label: str
    explained: bool


def ending(body: Json, simulated: Iterable[str]) -> Ending:
    """The ending of an order as its customer reads it; `simulated` names what simulated people did to it.

    Delivered is always right, unless the kitchen's refusal was accepted; cancelled and failed orders need
    their reason to be one that somebody simulated for this very order.
    """
    status, did = str(body["status"]), set(simulated)
    if status == "delivered":
        return Ending(str(body["id"]), str(body["number"]), status, status, "rejected" not in did)
    code, detail = _reason(body)
    label = f"{status}: {code}{f' ({detail})' if detail else ''}" if code else status
    return Ending(str(body["id"]), str(body["number"]), status, label, CAUSES.get(code, "") in did)


def _reason(body: Json) -> tuple[str, str]:
    """The stable code of a cancellation or failure and what was said about it; empty for other orders."""
    if body["status"] == "failed":
        failure = body["failure"] or {}
        return str(failure.get("code", "")), str(failure.get("detail", ""))
    if body["status"] != "cancelled":
        return "", ""
    said = body["history"][-1]["reason"] if body["history"] else ""
    return str(body["cancel_reason"]), said.partition(": ")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencySum:
    """Delivered orders of one currency against captures less refunds, in minor units."""

    currency: str
    ordered_minor: int
    captured_minor: int
    mismatches: int


@dataclass(frozen=True, slots=True)
class MoneyCheck:
    sums: tuple[CurrencySum, ...]
    findings: tuple[str, ...]


def check_money(bodies: Sequence[Json], effects: Iterable[Json]) -> MoneyCheck:
    """Hold every order against the effect log of the payment server.

    A delivered order is captured exactly once, for its total; of any other order nothing is captured (or
    all is refunded) and nothing is still held. Effects have `kind`, `order_id`, `amount` (minor units) and
    `currency`.
    """
    by_order: defaultdict[str, list[Json]] = defaultdict(list)
    for effect in effects:
        by_order[str(effect["order_id"])].append(effect)
    ordered, captured, wrong = Counter[str](), Counter[str](), Counter[str]()
    findings: list[str] = []
    for body in bodies:
        currency = str(body["total"]["currency"])
        money = _moved(by_order[str(body["id"])])
        fault = _fault(body, money, by_order[str(body["id"])])
        if body["status"] == "delivered":
            ordered[currency] += body["total"]["amount_minor"]
            captured[currency] += money["capture"] - money["refund"]
        if fault:
            wrong[currency] += 1
            findings.append(f"order {body['number']} ({body['id']}): {fault}")
    sums = tuple(
        CurrencySum(
            currency=currency,
            ordered_minor=ordered[currency],
            captured_minor=captured[currency],
            mismatches=wrong[currency],
        )
        for currency in sorted({*ordered, *wrong})
    )
    return MoneyCheck(sums, tuple(findings))


def _moved(effects: list[Json]) -> Counter[str]:
    """Minor units by kind: hold, capture, release, refund."""
    moved = Counter[str]()
    for effect in effects:
        moved[str(effect["kind"])] += int(effect["amount"])
    return moved


def _fault(body: Json, money: Counter[str], effects: list[Json]) -> str:
    total, captures = body["total"], [effect for effect in effects if effect["kind"] == "capture"]
    if any(str(effect["currency"]).upper() != total["currency"] for effect in effects):
        return "money moved in another currency"
    if body["status"] == "delivered":
        if len(captures) != 1 or money["capture"] - money["refund"] != total["amount_minor"]:
            return (
                f"delivered for {total['amount_minor']}, captured {len(captures)} times, "
                f"{money['capture'] - money['refund']} in all"
            )
        return ""
    if money["capture"] != money["refund"]:
        return f"{body['status']}, but {money['capture'] - money['refund']} was kept"
    if money["hold"] > money["capture"] + money["release"]:
        return f"{body['status']}, but {money['hold'] - money['release']} is still held"
    return ""
