"""Saved cards: what may be shown of a card, and the provider's names for it; never the card itself."""

from datetime import date, datetime, timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from deliveryapp.ids import new_id


class ProviderCustomer(models.Model):
    """One of our users as the provider knows them.

    `provider_ref` is empty until the provider has answered. The row comes first and its id is part of the
    key, so asking again makes nobody twice.
    """

    KEY_LASTS = timedelta(hours=1)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField()
    gateway = models.CharField(max_length=20)
    provider_ref = models.CharField(max_length=80, null=True, unique=True)  # noqa: DJ001 - unique needs NULL
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "gateway"], name="one_provider_customer_per_user")
        ]

    def __str__(self) -> str:
        return self.provider_ref or "not known to the provider yet"

    def key(self, *, now: datetime) -> str:
        """The provider repeats for a day what it answered to a key, a failure too: so after an hour it is
        another key. The worst that can come of it is a customer over there whom nobody uses.
        """
        return f"customer:{self.pk}:{(now - self.created_at) // self.KEY_LASTS}"


class SavedCard(models.Model):
    """A card that its owner may pay with again. `fingerprint` is the same for the same card; `made_at` is
    when the provider made the payment method, so that the younger of two for one card is known.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    customer = models.ForeignKey(ProviderCustomer, on_delete=models.PROTECT, related_name="cards")
    provider_ref = models.CharField(max_length=80, unique=True)
    fingerprint = models.CharField(max_length=80, blank=True)
    brand = models.CharField(max_length=30)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    is_default = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(is_default=True), name="one_default_card_per_customer"
            ),
            models.UniqueConstraint(
                fields=["customer", "fingerprint"],
                condition=~Q(fingerprint=""),
                name="a_card_is_saved_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.brand} {self.last4}"

    @property
    def gateway(self) -> str:
        return self.customer.gateway

    def is_expired(self, today: date) -> bool:
        """A card is good to the last day of its month."""
        return (self.exp_year, self.exp_month) < (today.year, today.month)


class RetiredMethod(models.Model):
    """A payment method that was removed, or replaced by a younger one of the same card: to be detached at the
    provider, and never to be saved again by late news.
    """

    provider_ref = models.CharField(primary_key=True, max_length=80)
    gateway = models.CharField(max_length=20)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField()
    detached_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at"], name="method_to_detach", condition=Q(detached_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.provider_ref
