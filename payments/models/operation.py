"""The durable record of every call to the provider."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from deliveryapp.ids import new_id
from payments.models.payment import Payment


class PaymentOperation(models.Model):
    """One intention towards the provider, written before the call, with the key that makes it happen once.

    `target_ref` names the provider's object when it is not the payment's present one: a hold that another
    one replaced.
    """

    class Kind(models.TextChoices):
        AUTHORIZE = "authorize"
        INCREMENT = "increment"
        REAUTHORIZE = "reauthorize"
        CAPTURE = "capture"
        VOID = "void"
        REFUND = "refund"

    class State(models.TextChoices):
        PENDING = "pending"
        UNKNOWN = "unknown"  # asked, not answered: the same key must be asked again
        SUCCEEDED = "succeeded"
        DECLINED = "declined"
        FAILED = "failed"

    class ResolvedBy(models.TextChoices):
        SAME_KEY = "same_key"  # the question was repeated, and answered
        LOOKING = "looking"  # its effect, or the lack of one, was found at the provider
        WEBHOOK = "webhook"  # the provider told before we asked again

    OPEN = (State.PENDING, State.UNKNOWN)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="operations")
    kind = models.CharField(max_length=12, choices=Kind)
    key = models.CharField(max_length=120, unique=True)
    amount_minor = models.BigIntegerField()
    target_ref = models.CharField(max_length=80, blank=True, default="", db_default="")
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    answer = models.JSONField(null=True)  # {"ref", "status"} of the provider's object
    was_unknown = models.BooleanField(default=False, db_default=False)
    resolved_by = models.CharField(max_length=10, choices=ResolvedBy, blank=True, default="", db_default="")
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "kind", "target_ref"],
                condition=Q(state__in=["pending", "unknown"]) & ~Q(kind="refund"),
                name="payment_has_one_open_operation_of_each_kind",
            )
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"], name="operation_due", condition=Q(state__in=["pending", "unknown"])
            )
        ]
