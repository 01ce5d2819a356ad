"""The price of an order changes after it was held and before it is captured: what the kitchen could not make
is taken off, or replaced by something else.
"""

from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import F

from deliveryapp.transactions import require_transaction
from payments.errors import IllegalPaymentMove
from payments.models import LedgerEntry, Payment, PaymentOperation
from payments.services import credit, ledger

Account = LedgerEntry.Account


def headroom_minor(*, order_id: UUID) -> int:
    """How much more than its present price the order's hold would cover; nothing where no card is held."""
    payment = Payment.objects.get(order_id=order_id, purpose=Payment.Purpose.ORDER)
    return max(0, payment.authorized_minor - payment.amount_minor)


def amend_amount(
    *, order_id: UUID, change_minor: int, restaurant_change_minor: int, reference: str, now: datetime
) -> None:
    """Capture so much more or less, of which `restaurant_change_minor` is the restaurant's; in the caller's
    transaction. What the card does not pay any more is not captured; only when nothing would be left for the
    card, credit that was set aside goes back. `reference` names the cause in the books.

    Raises IllegalPaymentMove when that is more than is held, or when the capture has begun.
    """
    require_transaction()
    payment = Payment.objects.select_for_update(no_key=True).get(
        order_id=order_id, purpose=Payment.Purpose.ORDER
    )
    off_card_minor, off_credit_minor = split(payment, -change_minor)
    by_card_minor = payment.amount_minor - off_card_minor
    begun = payment.operations.filter(kind=PaymentOperation.Kind.CAPTURE, state__in=PaymentOperation.OPEN)
    if (
        payment.state != Payment.State.AUTHORIZED
        or not 0 <= by_card_minor <= payment.authorized_minor
        or begun.exists()
    ):
        raise IllegalPaymentMove("The amount cannot be changed any more.")
    if off_credit_minor:
        _give_credit_back(payment, off_credit_minor, reference=reference, now=now)
    _of(payment).update(
        amount_minor=by_card_minor,
        credit_minor=F("credit_minor") - off_credit_minor,
        restaurant_minor=F("restaurant_minor") + restaurant_change_minor,
    )


def split(payment: Payment, less_minor: int) -> tuple[int, int]:
    """How much less the card and the credit pay, in minor units; negative is more, all of it by card.

    Once a card is held something is captured from it: a provider captures no nothing.
    """
    if less_minor < payment.amount_minor:
        return less_minor, 0
    off_card_minor = max(0, less_minor - payment.credit_minor)
    return off_card_minor, less_minor - off_card_minor


def _give_credit_back(payment: Payment, amount_minor: int, *, reference: str, now: datetime) -> None:
    sides: list[ledger.Side] = [
        (Account.CREDIT, payment.customer_id, -amount_minor),
        (Account.CREDIT_HELD, payment.customer_id, amount_minor),
    ]
    LedgerEntry.objects.bulk_create(
        ledger.entries(kind="credit_hold", reference=reference, sides=sides, payment=payment, now=now)
    )
    credit.grant(payment, amount_minor=amount_minor)


def _of(payment: Payment) -> models.QuerySet[Payment]:
    return Payment.objects.filter(pk=payment.pk)
