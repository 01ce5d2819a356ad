"""What goes back when an order ends after its capture: to the card first, then to the customer's credit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from payments.models import Payment, Refund
from payments.services.operations import run_operation
from payments.services.refunding import Part, RefundRequest, left_to_refund, open_refund


def give_back(payment: Payment, parts: Sequence[Part] | None, *, reason: str, now: datetime) -> bool:
    """True once these parts of the order, or all that is left of it, are with the customer. Repeatable."""
    own = Refund.objects.filter(payment=payment, request_key__startswith=_key(payment, ""))
    if not own.exists():
        _open(payment, parts, reason, now)
    for refund in own.filter(state=Refund.State.PENDING):
        assert refund.operation_id is not None
        run_operation(operation_id=refund.operation_id)
    return not own.exclude(state=Refund.State.SUCCEEDED).exists()


def _open(payment: Payment, parts: Sequence[Part] | None, reason: str, now: datetime) -> None:
    earlier = list(payment.refunds.exclude(state=Refund.State.FAILED))
    to_card, in_all = left_to_refund(payment, earlier)
    to_card = min(to_card, in_all)
    whole = Part(kind="order", ref="", amount_minor=in_all, limit_minor=in_all)
    wanted = [whole] if parts is None else list(parts)
    for destination, share in (
        ("card", list(_slice(wanted, 0, to_card))),
        ("credit", list(_slice(wanted, to_card, in_all))),
    ):
        if share:
            request = RefundRequest(
                order_id=payment.order_id,
                parts=share,
                reason=reason,
                key=_key(payment, destination),
                to_credit=destination == "credit",
            )
            open_refund(request, now=now)


def _key(payment: Payment, destination: str) -> str:
    return f"release:{payment.order_id}:{destination}"


def _slice(parts: Sequence[Part], start_minor: int, end_minor: int) -> Iterator[Part]:
    """The parts laid end to end, cut at two amounts."""
    at = 0
    for part in parts:
        low, high = max(start_minor, at), min(end_minor, at + part.amount_minor)
        at += part.amount_minor
        if high > low:
            yield replace(part, amount_minor=high - low)
