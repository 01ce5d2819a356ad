"""What the kitchen could not make of an order, as its customer and its kitchen see it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from deliveryapp.money import Money
from orders import pricing
from orders.models import Amendment, Order

Document = dict[str, Any]


def amendments_of(ids: Iterable[UUID]) -> defaultdict[UUID, list[Amendment]]:
    """Of several orders in one query, each in the order in which they were made."""
    found: defaultdict[UUID, list[Amendment]] = defaultdict(list)
    for row in Amendment.objects.filter(order_id__in=list(ids)).order_by("made_at", "pk"):
        found[row.order_id].append(row)
    return found


def amendment_documents(order: Order, rows: Sequence[Amendment]) -> list[Document]:
    return [_amendment(order, row) for row in rows]


def _amendment(order: Order, row: Amendment) -> Document:
    return {
        "id": row.pk,
        "state": row.state,
        "line_id": row.line_id,
        "name": row.name,
        "quantity": row.quantity,
        "amount": _money(row.amount_minor, order.currency),
        "swap": row.swap and _swap(row.swap, order.currency),
        "made_at": row.made_at,
        "expires_at": row.expires_at,
        "settled_at": row.settled_at,
        **_outlook(order, row),
    }


def _swap(swap: Document, currency: str) -> Document:
    return {
        "item_id": swap["item_id"],
        "name": swap["name"],
        "quantity": swap["quantity"],
        "options": [f"{option['group']}: {option['name']}" for option in swap["options"]],
        "note": swap["note"],
        "total": _money(swap["total_minor"], currency),
    }


def _outlook(order: Order, row: Amendment) -> Document:
    """What the order would cost, one way or the other; None where nothing would be left of it."""
    if not row.is_open or row.swap is None:
        return {"total_if_accepted": None, "total_if_removed": None}
    left_minor = order.subtotal_minor - row.amount_minor
    accepted = pricing.repriced(order, subtotal_minor=left_minor + row.swap["total_minor"])
    removed = pricing.repriced(order, subtotal_minor=left_minor)
    return {
        "total_if_accepted": _money(accepted.total_minor, order.currency),
        "total_if_removed": _money(removed.total_minor, order.currency) if left_minor else None,
    }


def _money(amount_minor: int, currency: str) -> Document:
    return Money(amount_minor, currency).as_json()
