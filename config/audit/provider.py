"""Our payments held against what the sandbox payment server really did (I4, I5, I7)."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.db.models import Sum

from orders.models import Order
from payments.models import LedgerEntry, Payment

PAGE = 5_000
PROVIDER, HOLDS = LedgerEntry.Account.PROVIDER.value, LedgerEntry.Account.HOLDS.value


@dataclass(slots=True)
class Seen:
    """The money effects of one intent in minor units; `holds` counts them without the raises."""

    order_id: str = ""
    payment_id: str = ""
    holds: int = 0
    held: int = 0
    captures: list[int] = field(default_factory=list)
    released: int = 0
    refunded: int = 0
    fees: int = 0

    @property
    def live(self) -> int:
        return self.held - sum(self.captures) - self.released

    @property
    def kept(self) -> int:
        return sum(self.captures) - self.refunded


@dataclass(frozen=True, slots=True)
class Placed:
    """What we promised for an order: `by_card_minor` is its total without the credit spent on it."""

    status: str
    picked_up: bool
    by_card_minor: int

    @property
    def ended_early(self) -> bool:
        return self.status in ("cancelled", "failed")


def find_money_breaches(sandbox_url: str, *, gateway: str = "stripe") -> list[str]:
    """Every disagreement between the server's effect log and our rows of this gateway. Raises
    httpx.HTTPError."""
    seen, orders = _read(sandbox_url), _orders()
    here = Payment.objects.filter(gateway=gateway).exclude(provider_ref=None)
    by_ref = {payment.provider_ref: payment for payment in here}
    breaches = [
        text for ref, intent in seen.items() for text in _of_intent(ref, intent, orders, by_ref.get(ref))
    ]
    for order_id, intents in _by_order(seen, by_ref).items():
        if order_id in orders:
            breaches += _of_order(order_id, intents, orders[order_id])
    places = Payment.objects.values_list("order_id", "gateway")
    elsewhere = {str(order_id) for order_id, _ in places} - {
        str(order_id) for order_id, place in places if place == gateway
    }
    breaches += _held_elsewhere(seen, elsewhere)
    return [*breaches, *_missing_there(seen, by_ref), *_of_the_books(seen, by_ref)]


def _orders() -> dict[str, Placed]:
    credit = dict(Payment.objects.exclude(credit_minor=0).values_list("order_id", "credit_minor"))
    rows = Order.objects.values_list("pk", "status", "picked_up_at", "total_minor")
    return {
        str(pk): Placed(status, at is not None, total - credit.get(pk, 0)) for pk, status, at, total in rows
    }


def _by_order(seen: dict[str, Seen], by_ref: dict[str | None, Payment]) -> dict[str, dict[str, Seen]]:
    orders: defaultdict[str, dict[str, Seen]] = defaultdict(dict)
    for ref, intent in seen.items():
        payment = by_ref.get(ref)
        if payment is None or payment.purpose == Payment.Purpose.ORDER:
            orders[intent.order_id][ref] = intent
    return orders


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
    intent.payment_id = effect["metadata"].get("payment_id") or intent.payment_id
    match effect["kind"]:
        case "hold":
            intent.held += effect["amount"]
            intent.holds += not effect.get("increment")
        case "capture":
            intent.captures.append(effect["amount"])
            intent.fees += effect["fee"]
        case "release":
            intent.released += effect["amount"]
        case "refund":
            intent.refunded += effect["amount"]


def _of_intent(ref: str, intent: Seen, orders: dict[str, Placed], payment: Payment | None) -> Iterator[str]:
    captured = sum(intent.captures)
    if intent.holds > 1 or len(intent.captures) > 1 or captured > intent.held or intent.refunded > captured:
        yield f"I4 {ref}: held {intent.held}, captured {intent.captures}, refunded {intent.refunded}"
    if intent.order_id not in orders:
        yield f"I7 {ref} names order {intent.order_id}, which we do not have"
    if payment and (payment.captured_minor, payment.refunded_minor) != (captured, intent.refunded):
        yield (
            f"I6 {ref}: we say {payment.captured_minor} captured and {payment.refunded_minor} refunded, "
            f"the provider {captured} and {intent.refunded}"
        )


def _of_order(order_id: str, intents: dict[str, Seen], order: Placed) -> Iterator[str]:
    """What the provider did for the order itself, tips apart."""
    live = [ref for ref, intent in intents.items() if intent.live]
    taken = [ref for ref, intent in intents.items() if intent.captures]
    if len(live) > 1 or len(taken) > 1:
        yield f"I4 order {order_id} is held by {live} and captured by {taken}"
    captured, kept = sum(intents[ref].captures[0] for ref in taken), sum(one.kept for one in intents.values())
    if order.status == "delivered" and captured != order.by_card_minor:
        yield f"I5 order {order_id} of {order.by_card_minor} was delivered, captured {captured}"
    if order.ended_early and (live or (kept and not order.picked_up)):
        yield f"I5 order {order_id} is {order.status}, but {live} is held and {kept} kept"


def _held_elsewhere(seen: dict[str, Seen], elsewhere: set[str]) -> Iterator[str]:
    for ref, intent in seen.items():
        if intent.holds and intent.order_id in elsewhere:
            yield f"I4 {ref} holds for order {intent.order_id}, whose payment is at another gateway"


def _missing_there(seen: dict[str, Seen], by_ref: dict[str | None, Payment]) -> Iterator[str]:
    for ref, payment in by_ref.items():
        if payment.authorized_minor and ref not in seen:
            yield f"I6 {ref}: we say {payment.state}, the provider never held anything"


def _of_the_books(seen: dict[str, Seen], by_ref: dict[str | None, Payment]) -> Iterator[str]:
    """The ledger against the log, to the cent: what each payment has at the provider after its fees, and what
    is held. Where the payment's row itself is wrong that has been said.
    """
    there = Counter[tuple[str, str]]()
    wrong = set[str]()
    for ref, intent in seen.items():
        there[intent.payment_id, PROVIDER] += intent.kept - intent.fees
        there[intent.payment_id, HOLDS] += intent.live
        payment = by_ref.get(ref)
        taken = (sum(intent.captures), intent.refunded)
        if payment and (payment.captured_minor, payment.refunded_minor) != taken:
            wrong.add(intent.payment_id)
    entries = LedgerEntry.objects.filter(account__in=(PROVIDER, HOLDS), payment__isnull=False)
    sums = entries.values_list("payment_id", "account").annotate(sum=Sum("amount_minor"))
    here = Counter({(str(payment_id), account): minor for payment_id, account, minor in sums})
    ours = {str(payment.pk) for payment in by_ref.values()}
    for payment_id, account in sorted(here.keys() | there.keys()):
        side = (payment_id, account)
        if payment_id in ours - wrong and here[side] != there[side]:
            sums_up = f"the ledger has {here[side]} as {account}, the provider {there[side]}"
            yield f"I6 payment {payment_id}: {sums_up}"
