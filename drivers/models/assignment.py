"""A driver bound to an order, from the accepted offer to the door."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django_fsm import FSMField, FSMModelMixin, transition

from deliveryapp.ids import new_id
from drivers.models.delivery import Delivery
from drivers.models.driver import Driver


class ReleaseReason(models.TextChoices):
    VEHICLE = "vehicle"
    ACCIDENT = "accident"
    TOO_LONG = "too_long"
    OTHER = "other"
    ORDER_CANCELLED = "order_cancelled"
    SILENT = "silent"
    SUPPORT = "support"


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def live(self) -> "AssignmentQuerySet":
        return self.filter(status__in=Assignment.LIVE)

    def with_people(self) -> "AssignmentQuerySet":
        return self.select_related("driver", "delivery")


class Assignment(FSMModelMixin, models.Model):
    """`version` rises with every change, so that whoever releases names what he saw."""

    class Status(models.TextChoices):
        ASSIGNED = "assigned"
        ARRIVED = "arrived"
        PICKED_UP = "picked_up"
        DELIVERED = "delivered"
        RELEASED = "released"

    LIVE = (Status.ASSIGNED, Status.ARRIVED, Status.PICKED_UP)
    BEFORE_PICK_UP = (Status.ASSIGNED, Status.ARRIVED)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="assignments")
    driver = models.ForeignKey(Driver, on_delete=models.PROTECT, related_name="assignments")
    order_id = models.UUIDField()
    status = FSMField(max_length=10, choices=Status.choices, default=Status.ASSIGNED, protected=True)
    version = models.PositiveIntegerField(default=0)
    assigned_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True, blank=True)
    picked_up_at = models.DateTimeField(null=True, blank=True)
    at_customer_at = models.DateTimeField(null=True, blank=True)
    silent_since = models.DateTimeField(null=True, blank=True)  # noticed with the food in his bag
    delivered_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    release_reason = models.CharField(max_length=20, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order_id"],
                name="assignment_one_live_per_order",
                condition=Q(status__in=["assigned", "arrived", "picked_up"]),
            ),
            models.CheckConstraint(
                name="assignment_delivered_was_picked_up",
                condition=~Q(status__in=["picked_up", "delivered"]) | Q(picked_up_at__isnull=False),
            ),
            models.CheckConstraint(
                name="assignment_released_has_a_reason",
                condition=~Q(status="released") | (Q(released_at__isnull=False) & ~Q(release_reason="")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["driver"],
                name="assignment_live_of_driver",
                condition=Q(status__in=["assigned", "arrived", "picked_up"]),
            ),
        ]

    @transition(field=status, source=Status.ASSIGNED, target=Status.ARRIVED)
    def arrive(self, *, now: datetime) -> None:
        self.arrived_at = now

    @transition(field=status, source=BEFORE_PICK_UP, target=Status.PICKED_UP)
    def pick_up(self, *, now: datetime) -> None:
        self.picked_up_at = now

    @transition(field=status, source=Status.PICKED_UP, target=Status.DELIVERED)
    def deliver(self, *, now: datetime) -> None:
        self.delivered_at = now

    @transition(field=status, source=LIVE, target=Status.RELEASED)
    def release(self, *, reason: str, now: datetime) -> None:
        self.released_at, self.release_reason = now, reason

    def last_act_at(self) -> datetime:
        """When the driver last did something about it."""
        acts = (self.assigned_at, self.arrived_at, self.picked_up_at, self.at_customer_at)
        return max(at for at in acts if at is not None)

    def store(self) -> None:
        """Save a transition; the delivery's lock is held by the caller."""
        self.version += 1
        self.save()
