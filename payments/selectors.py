from collections.abc import Iterable
from uuid import UUID

from payments.models import Payment, WebhookEvent


def payments_of(*, order_ids: Iterable[UUID]) -> dict[UUID, Payment]:
    """The payment of each order itself; tips given later are payments of their own."""
    payments = Payment.objects.filter(order_id__in=list(order_ids), purpose=Payment.Purpose.ORDER)
    return {payment.order_id: payment for payment in payments}


def unapplied_webhooks(*, limit: int) -> list[str]:
    """Ids of stored messages whose task got lost, oldest first."""
    waiting = WebhookEvent.objects.filter(applied_at=None).order_by("received_at")
    return list(waiting.values_list("pk", flat=True)[:limit])


def lock_payment(*, payment_id: UUID) -> None:
    """The row lock alone, until the caller's transaction ends."""
    Payment.objects.select_for_update(no_key=True).filter(pk=payment_id).values_list("pk").first()
