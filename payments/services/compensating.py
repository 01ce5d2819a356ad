"""Money that nobody charged: the platform pays a kitchen that cooked for nothing, and gives credit to a
customer whom a kitchen let down.
"""

from datetime import datetime
from uuid import UUID

from deliveryapp.outbox import publish
from deliveryapp.transactions import durable, require_transaction
from payments import events
from payments.models import LedgerEntry, Payment
from payments.services import credit, ledger

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


def grant_goodwill(*, order_id: UUID, amount_minor: int, now: datetime) -> bool:
    """Credit out of the platform's pocket, in minor units of the order's currency, once per order; False when
    it was given before. In the caller's transaction.
    """
    require_transaction()
    payment = Payment.objects.select_for_update(no_key=True).get(
        order_id=order_id, purpose=Payment.Purpose.ORDER
    )
    reference = f"goodwill:{order_id}"
    if LedgerEntry.objects.filter(reference=reference).exists():
        return False
    sides: list[ledger.Side] = [
        (Account.PLATFORM, None, amount_minor),
        (Account.CREDIT, payment.customer_id, -amount_minor),
    ]
    LedgerEntry.objects.bulk_create(
        ledger.entries(kind="goodwill", reference=reference, sides=sides, payment=payment, now=now)
    )
    credit.grant(payment, amount_minor=amount_minor)
    payment.seq += 1
    payment.save(update_fields=["seq"])
    granted = events.CreditGranted(
        payment_id=payment.pk, order_id=order_id, amount_minor=amount_minor, currency=payment.currency
    )
    publish(granted, seq=payment.seq, now=now)
    return True
