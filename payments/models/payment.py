"""The money of one order."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django_fsm import FSMField, transition

from deliveryapp.ids import new_id


class Payment(models.Model):
    """The money of one order: at most one hold, at most one capture.

    `seq` numbers the payment's events and is raised under the row's lock.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        REQUIRES_ACTION = "requires_action"
        AUTHORIZED = "authorized"
        DECLINED = "declined"
        CAPTURED = "captured"
        VOIDED = "voided"
        REFUNDED = "refunded"

    UNSETTLED = (State.PENDING, State.REQUIRES_ACTION)
    ENDED = (State.DECLINED, State.VOIDED, State.REFUNDED)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order_id = models.UUIDField(unique=True)
    customer_id = models.UUIDField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    gateway = models.CharField(max_length=20, default="stripe")
    payment_method = models.CharField(max_length=80)
    provider_ref = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001 - unique needs NULL
    state = FSMField(default=State.PENDING, choices=State.choices, protected=True)
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    capture_before = models.DateTimeField(null=True)
    decline_code = models.CharField(max_length=60, blank=True)
    next_action_url = models.TextField(blank=True)
    seq = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(name="payment_amount_is_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="payment_captured_within_amount",
                condition=Q(captured_minor__gte=0, captured_minor__lte=models.F("amount_minor")),
            ),
            models.CheckConstraint(
                name="payment_refunded_within_captured",
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=models.F("captured_minor")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} ({self.state})"

    @property
    def kept_minor(self) -> int:
        return self.captured_minor - self.refunded_minor

    @transition(field=state, source=[State.PENDING], target=State.REQUIRES_ACTION)
    def require_action(self, *, url: str) -> None:
        self.next_action_url = url

    @transition(field=state, source=[State.PENDING, State.REQUIRES_ACTION], target=State.AUTHORIZED)
    def authorize(self, *, capture_before: Any) -> None:
        self.capture_before = capture_before
        self.next_action_url = ""

    @transition(field=state, source=[State.PENDING, State.REQUIRES_ACTION], target=State.DECLINED)
    def decline(self, *, code: str) -> None:
        self.decline_code = code[:60]
        self.next_action_url = ""

    @transition(field=state, source=[State.AUTHORIZED], target=State.CAPTURED)
    def capture(self, *, amount_minor: int) -> None:
        self.captured_minor = amount_minor

    @transition(
        field=state, source=[State.PENDING, State.REQUIRES_ACTION, State.AUTHORIZED], target=State.VOIDED
    )
    def void(self) -> None:
        self.next_action_url = ""

    @transition(field=state, source=[State.CAPTURED, State.REFUNDED], target=State.REFUNDED)
    def refund(self, *, refunded_minor: int) -> None:
        self.refunded_minor = refunded_minor
