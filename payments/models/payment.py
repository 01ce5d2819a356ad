"""The money of one order, and of each tip that was given after its delivery."""

from datetime import datetime

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django_fsm import RETURN_VALUE, FSMField, transition

from deliveryapp.ids import new_id


class Payment(models.Model):
    """One hold and at most one capture: of an order, or of a tip that was raised after the capture.

    Of what is captured, `restaurant_minor`, `driver_minor` and `tax_minor` belong to others; the rest is the
    platform's, and may be negative. `credit_minor` of the price is paid from the customer's credit and never
    meets a card. `seq` numbers the payment's events and is raised under the row's lock.
    """

    class Purpose(models.TextChoices):
        ORDER = "order"
        TIP = "tip"

    class State(models.TextChoices):
        PENDING = "pending"
        REQUIRES_ACTION = "requires_action"
        AUTHORIZED = "authorized"
        DECLINED = "declined"
        CAPTURED = "captured"
        PARTIALLY_REFUNDED = "partially_refunded"
        VOIDED = "voided"
        REFUNDED = "refunded"

    UNSETTLED = (State.PENDING, State.REQUIRES_ACTION)
    TAKEN = (State.CAPTURED, State.PARTIALLY_REFUNDED, State.REFUNDED)
    ENDED = (State.DECLINED, State.VOIDED, State.REFUNDED)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.ORDER, db_default="order")
    order_id = models.UUIDField(db_index=True)
    customer_id = models.UUIDField()
    restaurant_id = models.UUIDField(null=True)
    driver_id = models.UUIDField(null=True)
    amount_minor = models.BigIntegerField()
    credit_minor = models.BigIntegerField(default=0, db_default=0)
    restaurant_minor = models.BigIntegerField(default=0, db_default=0)
    driver_minor = models.BigIntegerField(default=0, db_default=0)
    tax_minor = models.BigIntegerField(default=0, db_default=0)
    currency = models.CharField(max_length=3)
    gateway = models.CharField(max_length=20, default="stripe")
    payment_method = models.CharField(max_length=80)
    provider_customer = models.CharField(
        max_length=80, blank=True, default="", db_default=""
    )  # of a saved card
    provider_ref = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001 - unique needs NULL
    state = FSMField(default=State.PENDING, choices=State.choices, protected=True)
    authorized_minor = models.BigIntegerField(default=0, db_default=0)
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0, db_default=0)  # what the provider keeps
    capture_before = models.DateTimeField(null=True)
    decline_code = models.CharField(max_length=60, blank=True)
    next_action_url = models.TextField(blank=True)
    seq = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="order_has_one_payment", fields=["order_id"], condition=Q(purpose="order")
            ),
            models.CheckConstraint(
                name="payment_amount_is_positive",
                condition=Q(amount_minor__gte=0, credit_minor__gte=0)
                & (Q(amount_minor__gt=0) | Q(credit_minor__gt=0)),
            ),
            models.CheckConstraint(
                name="payment_captured_within_authorized",
                condition=Q(captured_minor__gte=0, captured_minor__lte=models.F("authorized_minor")),
            ),
            models.CheckConstraint(
                name="payment_refunded_within_captured",
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=models.F("captured_minor")),
            ),
        ]
        indexes = [BrinIndex(fields=["created_at"], name="payment_created", autosummarize=True)]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency} ({self.state})"

    @property
    def kept_minor(self) -> int:
        return self.captured_minor - self.refunded_minor

    @transition(field=state, source=[State.PENDING], target=State.REQUIRES_ACTION)
    def require_action(self, *, url: str) -> None:
        self.next_action_url = url

    @transition(field=state, source=UNSETTLED, target=State.AUTHORIZED)
    def authorize(self, *, amount_minor: int, capture_before: datetime | None) -> None:
        self.authorized_minor, self.capture_before = amount_minor, capture_before
        self.next_action_url = ""

    @transition(field=state, source=State.AUTHORIZED, target=State.AUTHORIZED)
    def reauthorize(self, *, amount_minor: int, capture_before: datetime | None) -> None:
        """The hold was raised, or another one took its place."""
        self.authorized_minor, self.capture_before = amount_minor, capture_before

    @transition(field=state, source=UNSETTLED, target=State.DECLINED)
    def decline(self, *, code: str) -> None:
        self.decline_code = code[:60]
        self.next_action_url = ""

    @transition(field=state, source=State.AUTHORIZED, target=State.CAPTURED)
    def capture(self, *, amount_minor: int) -> None:
        self.captured_minor = amount_minor

    @transition(field=state, source=[*UNSETTLED, State.AUTHORIZED], target=State.VOIDED)
    def void(self) -> None:
        self.next_action_url = ""

    @transition(
        field=state,
        source=[State.CAPTURED, State.PARTIALLY_REFUNDED],
        target=RETURN_VALUE(State.PARTIALLY_REFUNDED, State.REFUNDED),
    )
    def refund(self, *, refunded_minor: int) -> str:
        self.refunded_minor = refunded_minor
        return self.State.PARTIALLY_REFUNDED if self.kept_minor else self.State.REFUNDED
