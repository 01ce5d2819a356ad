"""What went back to a customer, which part of the order it was, and who bears it."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from deliveryapp.ids import new_id
from payments.models.operation import PaymentOperation
from payments.models.payment import Payment


class Refund(models.Model):
    """Reserved under the payment's lock before the provider is asked, so that all together stay within what
    was captured.

    `parts` says what is given back: [{"kind", "ref", "amount_minor", "borne_by"}] with kind line, fee, tip,
    tax, order or goodwill and borne_by platform, restaurant or driver; the amounts add up to `amount_minor`.
    """

    class Destination(models.TextChoices):
        CARD = "card"
        CREDIT = "credit"

    class State(models.TextChoices):
        PENDING = "pending"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    operation = models.OneToOneField(
        PaymentOperation, on_delete=models.PROTECT, null=True, related_name="refund"
    )
    request_key = models.CharField(max_length=120, unique=True)
    destination = models.CharField(max_length=8, choices=Destination, default=Destination.CARD)
    amount_minor = models.BigIntegerField()
    parts = models.JSONField()
    reason = models.CharField(max_length=60)
    requested_by = models.UUIDField(null=True)
    provider_ref = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001 - unique needs NULL
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="refund_amount_is_positive", condition=Q(amount_minor__gt=0)),
        ]
        indexes = [BrinIndex(fields=["created_at"], name="refund_created", autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.amount_minor} to {self.destination} ({self.state})"
