"""The menu: sections of items, and what may be chosen about an item."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from deliveryapp.ids import new_id
from restaurants.models.restaurant import Restaurant

MAX_PRICE_MINOR = 10_000_000  # with 100 lines of 99 pieces a total stays far below 2**63


class MenuSection(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="sections")
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class MenuItem(models.Model):
    """A dish or a drink. `sold_out_until` comes back by itself, `is_available` waits for a person.

    `restaurant` repeats the section's, so that a cart is read without a join.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    section = models.ForeignKey(MenuSection, on_delete=models.PROTECT, related_name="items")
    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="items")
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=400, blank=True)
    price_minor = models.BigIntegerField()
    is_available = models.BooleanField(default=True)
    sold_out_until = models.DateTimeField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    allergens = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    diets = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    picture = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="menu_item_price_in_range",
                condition=Q(price_minor__gte=0, price_minor__lte=MAX_PRICE_MINOR),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_sold(self, now: datetime) -> bool:
        """Whether it can be ordered at `now`."""
        return self.is_available and (self.sold_out_until is None or self.sold_out_until <= now)


class OptionGroup(models.Model):
    """A question about an item ("Size", "Extras") with `min_choices` to `max_choices` answers."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(MenuItem, on_delete=models.PROTECT, related_name="option_groups")
    name = models.CharField(max_length=80)
    min_choices = models.PositiveSmallIntegerField(default=0)
    max_choices = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="option_group_choices_are_a_range",
                condition=Q(max_choices__gte=1) & Q(min_choices__lte=F("max_choices")),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Option(models.Model):
    """An answer and what it adds to the price of one piece; never less than nothing, so no total is."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    group = models.ForeignKey(OptionGroup, on_delete=models.PROTECT, related_name="options")
    name = models.CharField(max_length=80)
    price_delta_minor = models.BigIntegerField(default=0)
    is_available = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="option_price_delta_in_range",
                condition=Q(price_delta_minor__gte=0, price_delta_minor__lte=MAX_PRICE_MINOR),
            ),
        ]

    def __str__(self) -> str:
        return self.name
