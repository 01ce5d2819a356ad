"""One question to one driver: will you ride this?"""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django_fsm import FSMField, FSMModelMixin, transition

from deliveryapp.ids import new_id
from drivers.models.delivery import Delivery
from drivers.models.driver import Driver


class DeclineReason(models.TextChoices):
    TOO_FAR = "too_far"
    BUSY = "busy"
    VEHICLE = "vehicle"
    OTHER = "other"


class OfferQuerySet(models.QuerySet["Offer"]):
    def pending(self) -> "OfferQuerySet":
        return self.filter(status=Offer.Status.PENDING)

    def overdue(self) -> "OfferQuerySet":
        """By the database's clock, which all processes share."""
        return self.filter(expires_at__lte=Now())


class Offer(FSMModelMixin, models.Model):
    """`cost_s` is what the engine thought of the pair; `distance_m` the whole ride, kitchen first, then
    door."""

    class Status(models.TextChoices):
        PENDING = "pending"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        EXPIRED = "expired"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="offers")
    driver = models.ForeignKey(Driver, on_delete=models.PROTECT, related_name="offers")
    status = FSMField(max_length=10, choices=Status.choices, default=Status.PENDING, protected=True)
    expires_at = models.DateTimeField()
    cost_s = models.FloatField()
    distance_m = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    decline_reason = models.CharField(max_length=10, choices=DeclineReason, blank=True)

    objects = OfferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["delivery"], name="offer_one_pending_per_delivery", condition=Q(status="pending")
            ),
            models.UniqueConstraint(
                fields=["driver"], name="offer_one_pending_per_driver", condition=Q(status="pending")
            ),
            models.CheckConstraint(
                name="offer_answered_when_not_pending",
                condition=Q(status="pending", answered_at__isnull=True)
                | (~Q(status="pending") & Q(answered_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="offer_expiring", condition=Q(status="pending")),
        ]

    @transition(field=status, source=Status.PENDING, target=Status.ACCEPTED)
    def accept(self, *, now: datetime) -> None:
        self.answered_at = now

    @transition(field=status, source=Status.PENDING, target=Status.DECLINED)
    def decline(self, *, reason: str, now: datetime) -> None:
        self.decline_reason, self.answered_at = reason, now

    @transition(field=status, source=Status.PENDING, target=Status.EXPIRED)
    def expire(self, *, now: datetime) -> None:
        self.answered_at = now

    @transition(field=status, source=Status.PENDING, target=Status.WITHDRAWN)
    def withdraw(self, *, now: datetime) -> None:
        self.answered_at = now
