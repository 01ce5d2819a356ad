"""A restaurant and when it is open."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from deliveryapp.ids import new_id

MAX_DELIVERY_RADIUS_M = 20_000  # bounds the box that a list looks at
LONGEST_BUSY_MINUTES = 120


class Restaurant(models.Model):
    """A place that sells food. Prices include VAT; hours are wall times in `timezone`.

    `is_accepting` is the kitchen's own switch, `paused_until` a pause that ends by itself; open tickets are
    still answered then. Until `busy_until` cooking takes `busy_minutes` longer. `last_order_minutes` before
    the doors close the kitchen takes no order any more; it begins at most `slot_capacity` orders in a quarter
    of an hour, any number when None. Unconfirmed orders made up to `closed_out_at` are not answered, nor any
    while support has it suspended. `ticket_seq` is the number of the last ticket, raised under its lock.
    `delivery_area`, a closed ring of [lng, lat] in degrees, replaces the radius where it is given.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=40, default="restaurant")
    description = models.CharField(max_length=400, blank=True)
    cuisines = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    lat = models.FloatField()
    lng = models.FloatField()
    street = models.CharField(max_length=160)
    city = models.CharField(max_length=80)
    postcode = models.CharField(max_length=16, blank=True)
    region = models.CharField(max_length=40)
    timezone = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    price_level = models.PositiveSmallIntegerField(default=2)
    rating_tenths = models.PositiveSmallIntegerField(default=0)
    rating_count = models.PositiveIntegerField(default=0)
    prep_minutes = models.PositiveSmallIntegerField(default=20)
    delivery_radius_m = models.PositiveIntegerField(default=3_000)
    delivery_area = models.JSONField(null=True, blank=True)
    delivery_fee_minor = models.BigIntegerField(default=0)
    delivery_fee_per_km_minor = models.BigIntegerField(default=0)
    minimum_order_minor = models.BigIntegerField(default=0)
    commission_bp = models.PositiveSmallIntegerField(
        default=1_500, db_default=1_500, help_text="the platform's share of the food, in basis points"
    )
    tax_bp = models.PositiveSmallIntegerField(default=0, help_text="VAT in basis points, included in prices")
    is_active = models.BooleanField(default=True)
    is_accepting = models.BooleanField(default=True)
    paused_until = models.DateTimeField(null=True, blank=True)
    busy_minutes = models.PositiveSmallIntegerField(default=0, db_default=0)
    busy_until = models.DateTimeField(null=True, blank=True)
    last_order_minutes = models.PositiveSmallIntegerField(default=0, db_default=0)
    slot_capacity = models.PositiveSmallIntegerField(null=True, blank=True)
    closed_out_at = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_because = models.CharField(max_length=120, blank=True)
    picture_svg = models.TextField(blank=True)
    osm_id = models.CharField(max_length=32, null=True, blank=True, unique=True)
    ticket_seq = models.BigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["name", "id"]
        indexes = [
            models.Index(fields=["lat", "lng"], name="restaurant_active_box", condition=Q(is_active=True)),
        ]
        constraints = [
            models.CheckConstraint(
                name="restaurant_is_on_the_globe",
                condition=Q(lat__gte=-90, lat__lte=90, lng__gte=-180, lng__lte=180),
            ),
            models.CheckConstraint(
                name="restaurant_price_level_1_to_4", condition=Q(price_level__gte=1, price_level__lte=4)
            ),
            models.CheckConstraint(
                name="restaurant_rating_0_to_50_tenths", condition=Q(rating_tenths__lte=50)
            ),
            models.CheckConstraint(
                name="restaurant_prep_1_to_180_minutes",
                condition=Q(prep_minutes__gte=1, prep_minutes__lte=180),
            ),
            models.CheckConstraint(
                name="restaurant_busy_at_most_two_hours",
                condition=Q(busy_minutes__lte=LONGEST_BUSY_MINUTES),
            ),
            models.CheckConstraint(
                name="restaurant_last_order_within_four_hours", condition=Q(last_order_minutes__lte=240)
            ),
            models.CheckConstraint(
                name="restaurant_slot_capacity_positive",
                condition=Q(slot_capacity__isnull=True) | Q(slot_capacity__gte=1),
            ),
            models.CheckConstraint(
                name="restaurant_radius_within_the_search_box",
                condition=Q(delivery_radius_m__gte=1, delivery_radius_m__lte=MAX_DELIVERY_RADIUS_M),
            ),
            models.CheckConstraint(
                name="restaurant_fees_not_negative",
                condition=Q(
                    delivery_fee_minor__gte=0, delivery_fee_per_km_minor__gte=0, minimum_order_minor__gte=0
                ),
            ),
            models.CheckConstraint(name="restaurant_tax_below_one_whole", condition=Q(tax_bp__lt=10_000)),
            models.CheckConstraint(
                name="restaurant_commission_at_most_one_whole", condition=Q(commission_bp__lte=10_000)
            ),
            models.CheckConstraint(
                name="restaurant_currency_is_iso_4217", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
            models.CheckConstraint(name="restaurant_ticket_seq_not_negative", condition=Q(ticket_seq__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.street}"

    def takes_orders(self, now: datetime) -> bool:
        """Whether the kitchen wants orders, whatever its opening hours say."""
        paused = self.paused_until is not None and self.paused_until > now
        return self.is_active and self.is_accepting and not paused


class OpeningHours(models.Model):
    """One weekly span; `closes` <= `opens` runs into the next day, 00:00 to 00:00 is the whole day."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(help_text="0 is Monday")
    opens = models.TimeField()
    closes = models.TimeField()

    class Meta:
        ordering = ["weekday", "opens"]
        verbose_name_plural = "opening hours"
        constraints = [
            models.CheckConstraint(name="opening_hours_weekday_0_to_6", condition=Q(weekday__lte=6)),
            models.UniqueConstraint(
                name="opening_hours_one_span_per_start", fields=["restaurant", "weekday", "opens"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.weekday}: {self.opens:%H:%M}-{self.closes:%H:%M}"


class SpecialDay(models.Model):
    """Replaces the weekly hours of one date: other hours, or closed when no times are given.

    One that `repeats_yearly` means this day and month of every year, whatever year is written; a row for the
    very date comes before it.
    """

    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="special_days")
    date = models.DateField()
    opens = models.TimeField(null=True, blank=True)
    closes = models.TimeField(null=True, blank=True)
    repeats_yearly = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["date", "opens"]
        constraints = [
            models.CheckConstraint(
                name="special_day_has_both_times_or_none",
                condition=Q(opens__isnull=True, closes__isnull=True)
                | Q(opens__isnull=False, closes__isnull=False),
            ),
            models.UniqueConstraint(
                name="special_day_one_span_per_start",
                fields=["restaurant", "date", "opens"],
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        times = f"{self.opens:%H:%M}-{self.closes:%H:%M}" if self.opens and self.closes else "closed"
        return f"{self.date}: {times}"


class HoursChange(models.Model):
    """Who changed the hours, and how they were written before and after (`selectors.hours`)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="hours_changes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    before = models.JSONField()
    after = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.restaurant_id} at {self.at}"


class SlotLoad(models.Model):
    """How many orders a kitchen begins in the quarter of an hour from `starts_at`, where that is limited."""

    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="slot_loads")
    starts_at = models.DateTimeField(db_index=True)
    taken = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["restaurant", "starts_at"], name="slot_load_one_row_per_slot"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at}: {self.taken}"
