"""Money that nobody charged: a kitchen that cooked for nothing is paid by the platform."""

from datetime import datetime
from uuid import UUID

from deliveryapp.transactions import durable
from payments.models import LedgerEntry, Payment
from payments.services import ledger

Account = LedgerEntry.Account


def pay_kitchen(*, order_id: UUID, now: datetime) -> None:
    """The restaurant's share of an order that was never captured, once."""
    reference = f"kitchen:{order_id}"
    with durable():
        payment = (
            Payment.objects.select_for_update(no_key=True)
            .filter(order_id=order_id, purpose=Payment.Purpose.ORDER)
            .exclude(state__in=Payment.TAKEN)
            .first()
        )
        if payment is None or LedgerEntry.objects.filter(reference=reference).exists():
            return
        share_minor = payment.restaurant_minor
        sides: list[ledger.Side] = [
            (Account.PLATFORM, None, share_minor),
            (Account.RESTAURANT, payment.restaurant_id, -share_minor),
        ]
        LedgerEntry.objects.bulk_create(
            ledger.entries(kind="compensation", reference=reference, sides=sides, payment=payment, now=now)
        )
