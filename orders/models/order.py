"""Customers, orders, and the history of every move.

The order's status is moved only by the transitions below; a trigger in the database (migration 0002) refuses
any move outside this graph, whoever makes it.
"""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django_fsm import FSMField, transition

from deliveryapp.geo import Point
from deliveryapp.ids import new_id


class Customer(models.Model):
    """Whoever ordered or saved an address."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="+"
    )
    cancelled_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.user_id)


class Address(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="addresses")
    label = models.CharField(max_length=40, blank=True)
    street = models.CharField(max_length=120)
    city = models.CharField(max_length=80, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    lat = models.FloatField()
    lng = models.FloatField()
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.street


class Order(models.Model):
    class Status(models.TextChoices):
        CREATED = "created"
        PLACED = "placed"
        CONFIRMED = "confirmed"
        PREPARING = "preparing"
        READY = "ready"
        PICKED_UP = "picked_up"
        DELIVERED = "delivered"
        CANCELLED = "cancelled"
        FAILED = "failed"

    class DiscountOn(models.TextChoices):
        FOOD = "food"
        DELIVERY = "delivery"

    FINAL = (Status.DELIVERED, Status.CANCELLED, Status.FAILED)
    IN_KITCHEN = (Status.CONFIRMED, Status.PREPARING, Status.READY)
    CANCELLABLE = (Status.PLACED, *IN_KITCHEN)
    AMENDABLE = (Status.PLACED, Status.CONFIRMED, Status.PREPARING)
    ON_BOARD = (*CANCELLABLE, Status.PICKED_UP)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.CharField(max_length=8, db_index=True)
    region = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders")
    restaurant = models.ForeignKey("restaurants.Restaurant", on_delete=models.PROTECT, related_name="+")
    status = FSMField(default=Status.CREATED, choices=Status.choices, protected=True)
    seq = models.PositiveIntegerField(default=1)  # number of the last move, raised under the row's lock

    currency = models.CharField(max_length=3)
    subtotal_minor = models.BigIntegerField()
    delivery_fee_minor = models.BigIntegerField()
    service_fee_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField(default=0)
    included_tax_minor = models.BigIntegerField(default=0)
    tip_minor = models.BigIntegerField(default=0)
    discount_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    payout_minor = models.BigIntegerField()
    # the restaurant's terms at that time: what is taken off later is reckoned by them
    tax_bp = models.PositiveSmallIntegerField(default=0, db_default=0)
    commission_bp = models.PositiveSmallIntegerField(default=0, db_default=0)

    promotion = models.ForeignKey(
        "restaurants.Promotion", on_delete=models.PROTECT, related_name="+", null=True, db_index=False
    )
    promotion_title = models.CharField(max_length=80, blank=True, db_default="")
    discount_on = models.CharField(max_length=8, choices=DiscountOn.choices, blank=True, db_default="")
    discount_borne_by = models.CharField(max_length=10, blank=True, db_default="")
    promotion_is_spent = models.BooleanField(default=False, db_default=False)  # its use has not come back
    promotion_is_counted = models.BooleanField(default=False, db_default=False)  # it is one of so many

    restaurant_name = models.CharField(max_length=120)
    pickup_lat = models.FloatField()
    pickup_lng = models.FloatField()
    pickup_street = models.CharField(max_length=120, blank=True)
    street = models.CharField(max_length=120)
    city = models.CharField(max_length=80, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    lat = models.FloatField()
    lng = models.FloatField()
    delivery_note = models.CharField(max_length=200, blank=True)
    customer_first_name = models.CharField(max_length=60)
    note = models.CharField(max_length=300, blank=True)

    prep_minutes = models.PositiveSmallIntegerField(null=True)
    ready_at = models.DateTimeField(null=True)  # expected; moves on when the kitchen is late
    promised_ready_at = models.DateTimeField(null=True)  # what the kitchen said last
    scheduled_for = models.DateTimeField(null=True)  # wanted at the door; None: as soon as possible
    opens_at = models.DateTimeField(null=True)  # when the kitchen sees a scheduled order
    busy_minutes = models.PositiveSmallIntegerField(default=0, db_default=0)  # told at the quote, on top
    slot_at = models.DateTimeField(null=True)  # where the kitchen counts its orders: the place it took
    cancel_reason = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    placed_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    picked_up_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="order_total_adds_up",
                condition=Q(
                    total_minor=F("subtotal_minor")
                    + F("delivery_fee_minor")
                    + F("service_fee_minor")
                    + F("tax_minor")
                    + F("tip_minor")
                    - F("discount_minor")
                ),
            ),
            models.CheckConstraint(
                name="order_amounts_are_not_negative",
                condition=Q(
                    subtotal_minor__gte=0,
                    delivery_fee_minor__gte=0,
                    service_fee_minor__gte=0,
                    tax_minor__gte=0,
                    tip_minor__gte=0,
                    discount_minor__gte=0,
                    total_minor__gt=0,
                ),
            ),
            models.CheckConstraint(
                name="order_discount_has_a_bearer",
                condition=Q(discount_minor=0, discount_on="", discount_borne_by="", promotion__isnull=True)
                | Q(
                    promotion__isnull=False,
                    discount_on__in=["food", "delivery"],
                    discount_borne_by__in=["platform", "restaurant"],
                ),
            ),
            models.CheckConstraint(
                name="order_discount_within_what_it_is_on",
                condition=~Q(discount_on="food", discount_minor__gt=F("subtotal_minor"))
                & ~Q(discount_on="delivery", discount_minor__gt=F("delivery_fee_minor")),
            ),
            models.CheckConstraint(
                name="order_status_is_known",
                condition=Q(
                    status__in=[
                        "created",
                        "placed",
                        "confirmed",
                        "preparing",
                        "ready",
                        "picked_up",
                        "delivered",
                        "cancelled",
                        "failed",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="order_scheduled_opens_in_time",
                condition=Q(scheduled_for__isnull=True, opens_at__isnull=True)
                | Q(opens_at__lt=F("scheduled_for")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["promotion"], name="order_with_promotion", condition=Q(promotion__isnull=False)
            ),
            models.Index(fields=["customer", "-id"], name="order_of_customer"),
            models.Index(fields=["restaurant", "-id"], name="order_of_restaurant"),
            models.Index(
                fields=["restaurant", "placed_at"],
                name="order_on_board",
                condition=Q(status__in=["placed", "confirmed", "preparing", "ready", "picked_up"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} ({self.status})"

    @property
    def food_discount_minor(self) -> int:
        return self.discount_minor if self.discount_on == self.DiscountOn.FOOD else 0

    @property
    def delivery_discount_minor(self) -> int:
        return self.discount_minor if self.discount_on == self.DiscountOn.DELIVERY else 0

    @property
    def pickup(self) -> Point:
        return Point(self.pickup_lat, self.pickup_lng)

    @property
    def dropoff(self) -> Point:
        return Point(self.lat, self.lng)

    @transition(field=status, source=Status.CREATED, target=Status.PLACED)
    def place(self, *, now: datetime) -> None:
        self.placed_at = now

    @transition(field=status, source=Status.CREATED, target=Status.FAILED)
    def fail(self, *, now: datetime) -> None:
        self.cancelled_at = now

    @transition(field=status, source=Status.PLACED, target=Status.CONFIRMED)
    def confirm(self, *, prep_minutes: int, ready_at: datetime, now: datetime) -> None:
        self.prep_minutes, self.ready_at, self.confirmed_at = prep_minutes, ready_at, now
        self.promised_ready_at = ready_at

    @transition(field=status, source=[Status.CONFIRMED, Status.PREPARING], target=None)
    def promise_anew(self, *, prep_minutes: int, ready_at: datetime) -> None:
        self.prep_minutes, self.ready_at, self.promised_ready_at = prep_minutes, ready_at, ready_at

    @transition(field=status, source=[Status.CONFIRMED, Status.PREPARING], target=None)
    def expect_later(self, *, ready_at: datetime) -> None:
        """The kitchen is late and says nothing: what it promised stays, what is expected moves on."""
        self.ready_at = ready_at

    @transition(field=status, source=[Status.PLACED, Status.CONFIRMED, Status.PREPARING], target=None)
    def amend(self) -> None:
        """What is in the bag changes, or may: pieces are taken off, a swap is proposed or answered."""

    @transition(field=status, source=Status.CONFIRMED, target=Status.PREPARING)
    def start_preparing(self) -> None:
        """The kitchen begins."""

    @transition(field=status, source=Status.PREPARING, target=Status.READY)
    def mark_ready(self, *, now: datetime) -> None:
        self.ready_at = now

    @transition(field=status, source=Status.READY, target=Status.PICKED_UP)
    def pick_up(self, *, now: datetime) -> None:
        self.picked_up_at = now

    @transition(field=status, source=Status.PICKED_UP, target=Status.DELIVERED)
    def deliver(self, *, now: datetime) -> None:
        self.delivered_at = now

    @transition(field=status, source=[*CANCELLABLE, Status.PICKED_UP], target=Status.CANCELLED)
    def cancel(self, *, reason: str, now: datetime) -> None:
        self.cancel_reason, self.cancelled_at = reason, now


class OrderLine(models.Model):
    """What was ordered, as it was called and priced then."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    item_id = models.UUIDField()
    name = models.CharField(max_length=200)
    quantity = models.PositiveSmallIntegerField()
    is_counted = models.BooleanField(default=False, db_default=False)  # its pieces were taken from the stock
    unit_price_minor = models.BigIntegerField()
    options = models.JSONField(default=list)  # [{"group", "name", "price_delta_minor"}]
    note = models.CharField(max_length=200, blank=True)
    total_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position_is_unique"),
            models.CheckConstraint(name="order_line_quantity_is_positive", condition=Q(quantity__gte=1)),
        ]


class OrderStatusChange(models.Model):
    """One move of an order: 1, 2, 3 … without gaps."""

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="history")
    seq = models.PositiveIntegerField()
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10)
    actor = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "seq"], name="order_history_has_no_forks")]


class OrderFailure(models.Model):
    """Why an order never became one: queryable by code."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, primary_key=True, related_name="failure")
    code = models.CharField(max_length=60, db_index=True)
    detail = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()


class RecentCart(models.Model):
    """The newest order of one customer's cart, by which the same cart is recognised when it comes again."""

    fingerprint = models.CharField(max_length=64, primary_key=True)  # of the customer and the cart
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False)
    ordered_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return self.fingerprint[:8]
