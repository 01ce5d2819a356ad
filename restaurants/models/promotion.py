"""Promotions and how often they were used."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from deliveryapp.ids import new_id
from restaurants.models.restaurant import Restaurant
from restaurants.offers import Bearer, OfferKind

KIND_HAS_ITS_VALUE = (
    Q(
        kind=OfferKind.PERCENT.value,
        percent_bp__isnull=False,
        percent_bp__gte=1,
        percent_bp__lte=10_000,
        amount_minor__isnull=True,
    )
    | Q(kind=OfferKind.AMOUNT.value, amount_minor__isnull=False, amount_minor__gte=1, percent_bp__isnull=True)
    | Q(kind=OfferKind.FREE_DELIVERY.value, amount_minor__isnull=True, percent_bp__isnull=True)
)


class Promotion(models.Model):
    """Takes something off the food, or off its delivery (ADR 20).

    Of one restaurant, or of the platform for all that trade in its currency (`restaurant` None). Without a
    code everybody gets it. `used` is counted only where `max_uses` limits it; what it costs is paid by
    `borne_by`, who alone may change it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    restaurant = models.ForeignKey(
        Restaurant, on_delete=models.PROTECT, related_name="promotions", null=True, blank=True
    )
    title = models.CharField(max_length=80)
    code = models.CharField(max_length=24, blank=True, help_text="empty: everybody gets it")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in OfferKind])
    percent_bp = models.PositiveIntegerField(null=True, blank=True, help_text="in basis points: 2000 is 20 %")
    amount_minor = models.BigIntegerField(null=True, blank=True)
    maximum_minor = models.BigIntegerField(null=True, blank=True, help_text="the most it takes off")
    minimum_minor = models.BigIntegerField(default=0, help_text="of food")
    currency = models.CharField(max_length=3, default="EUR")
    is_first_order_only = models.BooleanField(default=False)
    borne_by = models.CharField(
        max_length=10, choices=[(who.value, who.value) for who in Bearer], default=Bearer.PLATFORM.value
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    max_uses_per_customer = models.PositiveIntegerField(null=True, blank=True)
    used = models.PositiveIntegerField(default=0, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="promotion_kind_has_its_value", condition=KIND_HAS_ITS_VALUE),
            models.CheckConstraint(
                name="promotion_kind_is_known", condition=Q(kind__in=[kind.value for kind in OfferKind])
            ),
            models.CheckConstraint(
                name="promotion_bearer_is_known", condition=Q(borne_by__in=[who.value for who in Bearer])
            ),
            models.CheckConstraint(
                name="promotion_amounts_are_sensible",
                condition=Q(minimum_minor__gte=0) & (Q(maximum_minor__isnull=True) | Q(maximum_minor__gte=1)),
            ),
            models.CheckConstraint(
                name="promotion_limits_are_positive",
                condition=(Q(max_uses__isnull=True) | Q(max_uses__gte=1))
                & (Q(max_uses_per_customer__isnull=True) | Q(max_uses_per_customer__gte=1)),
            ),
            models.CheckConstraint(
                name="promotion_ends_after_it_starts",
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
            ),
            models.CheckConstraint(
                name="promotion_of_all_is_paid_by_the_platform",
                condition=Q(restaurant__isnull=False) | Q(borne_by=Bearer.PLATFORM.value),
            ),
            models.CheckConstraint(
                name="promotion_for_first_orders_has_a_code",
                condition=Q(is_first_order_only=False) | ~Q(code=""),
            ),
            models.CheckConstraint(
                name="promotion_code_is_upper_case", condition=Q(code__regex=r"^([A-Z0-9][A-Z0-9-]{2,23})?$")
            ),
            models.CheckConstraint(
                name="promotion_currency_is_iso_4217", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
            models.UniqueConstraint(
                name="promotion_code_is_unique_while_it_lives",
                fields=["restaurant", "code"],
                condition=Q(archived_at__isnull=True) & ~Q(code=""),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.code})" if self.code else self.title


class PromotionUse(models.Model):
    """How many orders of one customer a promotion was used for; what was given back is not counted."""

    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="uses")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "customer"], name="promotion_use_one_row_per_customer"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id}: {self.used}"
