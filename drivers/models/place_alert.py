"""A driver reported a step from far away from where it happens."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from deliveryapp.ids import new_id
from drivers.models.assignment import Assignment


class Step(models.TextChoices):
    AT_RESTAURANT = "at_restaurant"
    PICKED_UP = "picked_up"
    AT_CUSTOMER = "at_customer"
    DELIVERED = "delivered"


class OverrideReason(models.TextChoices):
    WRONG_POSITION = "wrong_position"  # the phone's position is wrong
    MET_ELSEWHERE = "met_elsewhere"  # agreed with the kitchen or the customer
    WRONG_ADDRESS = "wrong_address"  # the place is not where the address says
    OTHER = "other"


class PlaceAlert(models.Model):
    """One per step, for support; `override_reason` is empty until the driver insists and says why."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="place_alerts")
    step = models.CharField(max_length=13, choices=Step)
    distance_m = models.PositiveIntegerField()
    override_reason = models.CharField(max_length=14, choices=OverrideReason, blank=True)
    reported_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "step"], name="place_alert_one_per_step"),
            models.CheckConstraint(name="place_alert_is_about_a_distance", condition=Q(distance_m__gt=0)),
        ]
