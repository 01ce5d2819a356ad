"""Double-entry book-keeping and the credit that customers hold with us."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from deliveryapp.ids import new_id
from payments.models.payment import Payment


class LedgerEntry(models.Model):
    """One side of a posting. Positive is a debit; the entries of a posting add up to zero per currency.

    A trigger (migration 0003) checks the sum of what one statement inserts and refuses updates and deletes.
    `reference` names the cause, so that the same cause is never posted twice.
    """

    class Account(models.TextChoices):
        HOLDS = "holds"  # what customers' banks keep aside for us; contra: held
        HELD = "held"
        PROVIDER = "provider"  # our balance with the payment provider
        PROVIDER_FEES = "provider_fees"
        RESTAURANT = "restaurant"  # owed to the restaurant
        DRIVER = "driver"  # owed to the driver
        TAX = "tax"
        PLATFORM = "platform"  # our own share
        REFUNDS = "refunds"  # refunds on their way: given back by the provider, not yet borne by anybody
        CREDIT = "credit"  # owed to the customer as credit
        CREDIT_HELD = "credit_held"  # credit set aside for an order that is not captured yet

    id = models.BigAutoField(primary_key=True)
    posting = models.UUIDField()
    kind = models.CharField(max_length=20)
    reference = models.CharField(max_length=80)
    account = models.CharField(max_length=14, choices=Account)
    party_id = models.UUIDField(null=True)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, related_name="ledger")
    order_id = models.UUIDField(null=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.UniqueConstraint(
                name="ledger_posts_a_cause_once",
                fields=["reference", "kind", "account", "party_id"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(name="ledger_amount_is_not_zero", condition=~Q(amount_minor=0)),
        ]
        indexes = [
            models.Index(fields=["account", "party_id", "id"], name="ledger_of_a_party"),
            models.Index(fields=["order_id"], name="ledger_of_an_order"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.account} {self.amount_minor} {self.currency}"


class CustomerCredit(models.Model):
    """What a customer may spend, guarded by the check: the sum of the ledger's credit entries, negated."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    balance_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="customer_has_one_credit", fields=["customer_id", "currency"]),
            models.CheckConstraint(name="credit_is_not_negative", condition=Q(balance_minor__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.balance_minor} {self.currency}"
