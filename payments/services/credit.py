"""Credit that customers hold with us: granted instead of a refund, spent on a later order."""

from django.db import connection
from django.db.models import F, QuerySet

from deliveryapp.batch import Batch
from payments.models import CustomerCredit, Payment
from payments.services.ledger import Standing


def set_aside(batch: Batch, payment: Payment) -> None:
    """Take what the order spends off the balance; the batch raises StaleWrite when it is not there (any
    more).
    """
    if payment.credit_minor:
        batch.update(
            _of(payment).filter(balance_minor__gte=payment.credit_minor),
            balance_minor=F("balance_minor") - payment.credit_minor,
        )


def give_back(batch: Batch, payment: Payment, before: Standing) -> None:
    """What was set aside for an order that came to nothing."""
    came_to_nothing = payment.state in (Payment.State.DECLINED, Payment.State.VOIDED)
    if came_to_nothing and before.credit_held:
        batch.update(_of(payment), balance_minor=F("balance_minor") + before.credit_held)


def grant(payment: Payment, *, amount_minor: int) -> None:
    """Add to the balance of the payment's customer; the caller posts it in the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO payments_customercredit (id, customer_id, currency, balance_minor)
            VALUES (gen_random_uuid(), %s, %s, %s)
            ON CONFLICT (customer_id, currency)
            DO UPDATE SET balance_minor = payments_customercredit.balance_minor + excluded.balance_minor
            """,
            [payment.customer_id, payment.currency, amount_minor],
        )


def _of(payment: Payment) -> QuerySet[CustomerCredit]:
    return CustomerCredit.objects.filter(customer_id=payment.customer_id, currency=payment.currency)
