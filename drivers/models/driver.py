"""A driver and how much he carries."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now
from django_fsm import FSMField, FSMModelMixin

from deliveryapp.geo import Point
from deliveryapp.ids import new_id


class Vehicle(models.TextChoices):
    BICYCLE = "bicycle"
    SCOOTER = "scooter"
    CAR = "car"
    WALK = "walk"


class DriverQuerySet(models.QuerySet["Driver"]):
    """The only ways a driver's state changes: conditional updates whose row count says who won."""

    def locked(self, *, skip_locked: bool = False) -> "DriverQuerySet":
        return self.order_by("id").select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)

    def with_room(self) -> "DriverQuerySet":
        return self.filter(status=Driver.Status.AVAILABLE, active_count__lt=F("capacity"))

    def take_slot(self, driver_id: UUID) -> bool:
        """One delivery more; False when he has no room or is off shift."""
        taken = (
            self.filter(pk=driver_id)
            .with_room()
            .update(
                active_count=F("active_count") + 1,
                version=F("version") + 1,
                missed_offers=0,
                status=Case(
                    When(active_count__gte=F("capacity") - 1, then=Value(Driver.Status.BUSY.value)),
                    default=Value(Driver.Status.AVAILABLE.value),
                ),
            )
        )
        return taken == 1

    def free_slot(self, driver_id: UUID) -> bool:
        """One delivery less; he has room again."""
        freed = self.filter(pk=driver_id, active_count__gt=0).update(
            active_count=F("active_count") - 1,
            version=F("version") + 1,
            status=Driver.Status.AVAILABLE,
            idle_since=Now(),
        )
        return freed == 1

    def start_shift(self, driver_id: UUID) -> bool:
        started = self.filter(pk=driver_id, status=Driver.Status.OFFLINE).update(
            status=Driver.Status.AVAILABLE, version=F("version") + 1, missed_offers=0, idle_since=Now()
        )
        return started == 1

    def end_shift(self, driver_id: UUID) -> bool:
        """False while he carries an order, or when he was off shift already."""
        ended = self.filter(pk=driver_id, status=Driver.Status.AVAILABLE, active_count=0).update(
            status=Driver.Status.OFFLINE, version=F("version") + 1, missed_offers=0
        )
        return ended == 1


class Driver(FSMModelMixin, models.Model):
    """`capacity` is how many deliveries he may carry at once; `version` rises with every change of state.

    `last_lat`, `last_lng` are the database's copy of the live position: a fallback, up to a minute old.
    """

    class Status(models.TextChoices):
        OFFLINE = "offline"
        AVAILABLE = "available"
        BUSY = "busy"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    status = FSMField(max_length=10, choices=Status.choices, default=Status.OFFLINE, protected=True)
    region = models.CharField(max_length=40)
    vehicle = models.CharField(max_length=10, choices=Vehicle, default=Vehicle.BICYCLE)
    capacity = models.PositiveSmallIntegerField(default=1)
    active_count = models.PositiveSmallIntegerField(default=0)
    rating_tenths = models.PositiveSmallIntegerField(default=50)
    version = models.PositiveIntegerField(default=0)
    missed_offers = models.PositiveSmallIntegerField(default=0)
    idle_since = models.DateTimeField(db_default=Now())
    last_seen_at = models.DateTimeField(null=True, blank=True)
    last_lat = models.FloatField(null=True, blank=True)
    last_lng = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = DriverQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="driver_carries_within_capacity",
                condition=Q(active_count__gte=0) & Q(active_count__lte=F("capacity")),
            ),
            models.CheckConstraint(
                name="driver_status_fits_load",
                condition=Q(status="offline", active_count=0)
                | Q(status="available", active_count__lt=F("capacity"))
                | Q(status="busy", active_count=F("capacity")),
            ),
            models.CheckConstraint(name="driver_capacity_from_one", condition=Q(capacity__gte=1)),
            models.CheckConstraint(name="driver_rating_in_stars", condition=Q(rating_tenths__lte=50)),
        ]
        indexes = [
            models.Index(fields=["region"], name="driver_on_shift", condition=~Q(status="offline")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def last_point(self) -> Point | None:
        if self.last_lat is None or self.last_lng is None:
            return None
        return Point(self.last_lat, self.last_lng)

    @property
    def rating(self) -> float:
        return self.rating_tenths / 10
