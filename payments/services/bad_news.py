"""Messages after which money is at stake and only a person can act: failed refunds, disputes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from deliveryapp.transactions import require_transaction
from payments.models import Payment, WebhookEvent
from payments.services.reviewing import open_review, was_answered

log = structlog.get_logger(__name__)
REFUND_FAILED = ("failed", "canceled")


@dataclass(frozen=True, slots=True)
class News:
    """`subject` names the object and its state: each state is news once."""

    kind: str
    subject: str
    detail: str


def raise_bad_news(event: WebhookEvent) -> None:
    """Ask a person, once, however often and in whatever order the messages come; in the caller's
    transaction.
    """
    require_transaction()
    data = event.payload.get("data")
    target = data.get("object") if isinstance(data, dict) else None
    read = _READERS.get(event.type)
    news = read(target) if read and isinstance(target, dict) and isinstance(target.get("id"), str) else None
    if news is None or was_answered(kind=news.kind, subject=news.subject):
        return
    payment = Payment.objects.filter(gateway=event.gateway, provider_ref=event.intent_ref).first()
    log.error("payment_bad_news", kind=news.kind, subject=news.subject, intent_ref=event.intent_ref)
    detail = f"{news.detail}; intent {event.intent_ref or '-'}"
    open_review(kind=news.kind, subject=news.subject, detail=detail, payment=payment)


def _refund(refund: dict[str, Any]) -> News | None:
    """Money that we gave back came back to us: the customer has not got it."""
    if refund.get("status") not in REFUND_FAILED:
        return None
    why = refund.get("failure_reason") or "no reason given"
    detail = f"The refund {refund['id']} of {_money(refund)} is {refund['status']}: {why}"
    return News(kind="refund_failed", subject=refund["id"], detail=detail)


def _dispute(dispute: dict[str, Any]) -> News:
    """The cardholder contests a charge: evidence is due by a day, and the provider holds the money back."""
    status = str(dispute.get("status") or "unknown")
    evidence = dispute.get("evidence_details")
    due_by = evidence.get("due_by") if isinstance(evidence, dict) else None
    detail = (
        f"The dispute {dispute['id']} about {_money(dispute)} is {status}; reason: "
        f"{dispute.get('reason') or '-'}; evidence due by {due_by or '-'} (seconds since 1970)"
    )
    return News(kind="dispute", subject=f"{dispute['id']} {status}", detail=detail)


def _money(target: dict[str, Any]) -> str:
    return f"{target.get('amount')} {str(target.get('currency') or '').upper()}"


_READERS: dict[str, Callable[[dict[str, Any]], News | None]] = {
    **dict.fromkeys(("refund.failed", "refund.updated", "charge.refund.updated"), _refund),
    **dict.fromkeys(
        (
            "charge.dispute.created",
            "charge.dispute.updated",
            "charge.dispute.closed",
        ),
        _dispute,
    ),
}
