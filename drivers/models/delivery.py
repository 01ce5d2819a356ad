"""One order's way from the kitchen to the door, and the search for somebody to ride it."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django_fsm import FSMField, FSMModelMixin, transition

from deliveryapp.geo import Point
from deliveryapp.ids import new_id

SEARCH_RADII_M = (3_000, 5_000, 8_000, 15_000)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def locked(self, *, skip_locked: bool = False) -> "DeliveryQuerySet":
        """Offers and assignments change only under their delivery's lock, taken before the driver's."""
        return self.order_by("id").select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)

    def searching(self, region: str) -> "DeliveryQuerySet":
        return self.filter(region=region, status=Delivery.Status.SEARCHING)

    def due(self, region: str) -> "DeliveryQuerySet":
        """Searching, nobody is asked at the moment, and it is time to look again (database clock)."""
        return self.searching(region).filter(next_search_at__lte=Now()).exclude(offers__status="pending")

    def with_overdue_offer(self, region: str) -> "DeliveryQuerySet":
        return self.searching(region).filter(offers__status="pending", offers__expires_at__lte=Now())


class Delivery(FSMModelMixin, models.Model):
    """`seq` counts its events. While `searching`, a pending offer may be out; `escalated_at` says since
    when a
    person should look at it, and the search goes on."""

    class Status(models.TextChoices):
        SEARCHING = "searching"
        ASSIGNED = "assigned"
        PICKED_UP = "picked_up"
        DELIVERED = "delivered"
        CANCELLED = "cancelled"

    FINAL = (Status.DELIVERED, Status.CANCELLED)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order_id = models.UUIDField(unique=True)
    restaurant_id = models.UUIDField()
    region = models.CharField(max_length=40)
    pickup_name = models.CharField(max_length=120)
    pickup_street = models.CharField(max_length=160, blank=True)
    pickup_lat = models.FloatField()
    pickup_lng = models.FloatField()
    dropoff_lat = models.FloatField()
    dropoff_lng = models.FloatField()
    ready_at = models.DateTimeField()
    payout_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = FSMField(max_length=10, choices=Status.choices, default=Status.SEARCHING, protected=True)
    radius_m = models.PositiveIntegerField(default=SEARCH_RADII_M[0])
    next_search_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    escalated_at = models.DateTimeField(null=True, blank=True)
    seq = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.CheckConstraint(name="delivery_payout_not_negative", condition=Q(payout_minor__gte=0)),
        ]
        indexes = [
            models.Index(
                fields=["region", "next_search_at"],
                name="delivery_search_due",
                condition=Q(status="searching"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pickup_name} {self.order_id}"

    @property
    def pickup(self) -> Point:
        return Point(self.pickup_lat, self.pickup_lng)

    @property
    def dropoff(self) -> Point:
        return Point(self.dropoff_lat, self.dropoff_lng)

    def widen(self) -> None:
        """The next wider circle, up to the last."""
        self.radius_m = next((r for r in SEARCH_RADII_M if r > self.radius_m), SEARCH_RADII_M[-1])

    @transition(field=status, source=Status.SEARCHING, target=Status.ASSIGNED)
    def assign(self) -> None:
        """A driver accepted."""

    @transition(field=status, source=Status.ASSIGNED, target=Status.SEARCHING)
    def search_again(self, *, now: datetime, deadline_at: datetime) -> None:
        """The driver gave it back before pick-up: from the narrow circle on, with a new deadline."""
        self.radius_m = SEARCH_RADII_M[0]
        self.next_search_at, self.deadline_at, self.escalated_at = now, deadline_at, None

    @transition(field=status, source=Status.ASSIGNED, target=Status.PICKED_UP)
    def pick_up(self) -> None:
        """The driver has the food."""

    @transition(field=status, source=Status.PICKED_UP, target=Status.DELIVERED)
    def deliver(self) -> None:
        """The customer has the food."""

    @transition(
        field=status, source=[Status.SEARCHING, Status.ASSIGNED, Status.PICKED_UP], target=Status.CANCELLED
    )
    def cancel(self) -> None:
        """The order ended before the door."""
