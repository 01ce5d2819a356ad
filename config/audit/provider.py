"""Our payments held against what the sandbox payment server really did (I4, I5, I7)."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from orders.models import Order
from payments.models import Payment

PAGE = 5_000


@dataclass(slots=True)
class Seen:
    """The money effects of one intent, summed by kind, in minor units."""

    order_id: str = ""
    holds: list[int] = field(default_factory=list)
    captures: list[int] = field(default_factory=list)
    released: int = 0
    refunded: int = 0

    @property
    def kept(self) -> int:
        return sum(self.captures) - self.refunded


def find_money_breaches(sandbox_url: str) -> list[str]:
    """Every disagreement between the server's effect log and our rows. Raises httpx.HTTPError."""
    seen = _read(sandbox_url)
    orders = {
        str(pk): (status, total)
        for pk, status, total in Order.objects.values_list("pk", "status", "total_minor")
    }
    by_ref = {payment.provider_ref: payment for payment in Payment.objects.exclude(provider_ref=None)}
    breaches = [
        text for ref, intent in seen.items() for text in _of_intent(ref, intent, orders, by_ref.get(ref))
    ]
    return breaches + list(_two_intents(seen)) + list(_missing_there(seen, by_ref))


def _read(sandbox_url: str) -> dict[str, Seen]:
    seen: defaultdict[str, Seen] = defaultdict(Seen)
    after = 0
    with httpx.Client(base_url=sandbox_url, timeout=10) as client:
        while True:
            page = (
                client.get("/_sandbox/effects", params={"after": after, "limit": PAGE})
                .raise_for_status()
                .json()
            )
            for effect in page["effects"]:
                _add(seen[effect["payment_intent"]], effect)
            if not page["has_more"]:
                return seen
            after = page["next"]


def _add(intent: Seen, effect: dict[str, Any]) -> None:
    intent.order_id = effect.get("order_id") or intent.order_id
    match effect["kind"]:
        case "hold":
            intent.holds.append(effect["amount"])
        case "capture":
            intent.captures.append(effect["amount"])
        case "release":
            intent.released += effect["amount"]
        case "refund":
            intent.refunded += effect["amount"]


def _of_intent(
    ref: str, intent: Seen, orders: dict[str, tuple[str, int]], payment: Payment | None
) -> Iterator[str]:
    held, captured = sum(intent.holds), sum(intent.captures)
    if len(intent.holds) > 1 or len(intent.captures) > 1 or captured > held or intent.refunded > captured:
        yield f"I4 {ref}: held {intent.holds}, captured {intent.captures}, refunded {intent.refunded}"
    if intent.order_id not in orders:
        yield f"I7 {ref} names order {intent.order_id}, which we do not have"
        return
    status, total_minor = orders[intent.order_id]
    if status == "delivered" and intent.captures != [total_minor]:
        yield f"I5 order {intent.order_id} of {total_minor} was delivered, captured {intent.captures}"
    if status in ("cancelled", "failed") and (intent.kept or held > captured + intent.released):
        yield (
            f"I5 order {intent.order_id} is {status}, but {held} held, {intent.released} released, "
            f"{intent.kept} kept"
        )
    ours = payment and (payment.captured_minor, payment.refunded_minor)
    if ours and ours != (captured, intent.refunded):
        yield (
            f"I6 {ref}: we say {ours[0]} captured and {ours[1]} refunded, "
            f"the provider {captured} and {intent.refunded}"
        )


def _two_intents(seen: dict[str, Seen]) -> Iterator[str]:
    held: defaultdict[str, list[str]] = defaultdict(list)
    for ref, intent in seen.items():
        if intent.holds:
            held[intent.order_id].append(ref)
    for order_id, refs in held.items():
        if len(refs) > 1:
            yield f"I4 order {order_id} was held {len(refs)} times: {', '.join(refs)}"


def _missing_there(seen: dict[str, Seen], by_ref: dict[str | None, Payment]) -> Iterator[str]:
    for ref, payment in by_ref.items():
        if payment.state in (Payment.State.AUTHORIZED, Payment.State.CAPTURED) and ref not in seen:
            yield f"I6 {ref}: we say {payment.state}, the provider never held anything"
