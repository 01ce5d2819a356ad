"""The story of a payment, as tables for the page of a review."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.template.loader import render_to_string
from django.urls import reverse

from payments import services
from payments.models import Payment, PaymentOperation

FACTS = (
    "order_id",
    "purpose",
    "state",
    "gateway",
    "provider_ref",
    "currency",
    "amount_minor",
    "credit_minor",
    "authorized_minor",
    "captured_minor",
    "refunded_minor",
    "fee_minor",
    "capture_before",
)
OPERATION_COLUMNS = ("kind", "state", "amount_minor", "target_ref", "attempts", "error", "created_at")
REFUND_COLUMNS = ("state", "destination", "amount_minor", "reason", "provider_ref", "created_at")
LEDGER_COLUMNS = ("created_at", "kind", "account", "amount_minor", "currency")


def story_of(payment: Payment, *, review_id: UUID, may_ask: bool) -> dict[str, Any]:
    """For the template: each table as the page's component wants it."""
    return {
        "facts": [(name.replace("_", " "), _shown(getattr(payment, name))) for name in FACTS],
        "operations": _operations(payment, review_id if may_ask else None),
        "refunds": _table(list(payment.refunds.order_by("created_at")), REFUND_COLUMNS),
        "ledger": _table(list(payment.ledger.order_by("id")), LEDGER_COLUMNS),
    }


def _operations(payment: Payment, review_id: UUID | None) -> dict[str, list[Any]]:
    """With a button for each that can be asked for again."""
    operations = list(payment.operations.order_by("created_at"))
    table = _table(operations, OPERATION_COLUMNS)
    table["headers"].append("")
    for row, operation in zip(table["rows"], operations, strict=True):
        row.append(_button(operation, review_id) if review_id else "")
    return table


def _button(operation: PaymentOperation, review_id: UUID) -> str:
    if not services.can_be_tried_again(operation):
        return ""
    url = reverse("admin:payments_manualreview_again", args=[review_id, operation.pk])
    return render_to_string("payments/admin/again.html", {"attrs": {"formaction": url}})


def _table(rows: Sequence[Any], columns: Sequence[str]) -> dict[str, list[Any]]:
    return {
        "headers": [name.removesuffix("_minor").replace("_", " ") for name in columns],
        "rows": [[_shown(getattr(row, name)) for name in columns] for row in rows],
    }


def _shown(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%d %b %Y %H:%M:%S}".replace(" ", "\N{NO-BREAK SPACE}")
    return "" if value is None else value
