"""The menu: sections of items, and what may be chosen about an item."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from deliveryapp.ids import new_id
from restaurants.dayparts import WindowJson
from restaurants.marks import Allergen, Diet
from restaurants.models.restaurant import Restaurant

MAX_PRICE_MINOR = 10_000_000  # with 100 lines of 99 pieces a total stays far below 2**63


class MenuSection(models.Model):
    """`windows` say when its items are served (`restaurants.dayparts`); without any, always.

    Rows of a menu are archived, never deleted: orders and carts know their ids. `external_key` is what the
    restaurant's own system calls the row.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    restaurant = models.ForeignKey(Restaurant, on_delete=models.PROTECT, related_name="sections")
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    windows = models.JSONField(default=list, blank=True)
    external_key = models.CharField(max_length=60, blank=True, default="")
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                name="menu_section_one_per_external_key",
                fields=["restaurant", "external_key"],
                condition=~Q(external_key=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MenuItem(models.Model):
    """A dish or a drink. `sold_out_until` comes back by itself, `is_available` waits for a person.

    `stock` is how many pieces are left where somebody counts them (None: nobody does). Orders take from it
    in their own commit, so it never falls below nothing. `windows` replace those of the section. `restaurant`
    repeats the section's, so that a cart is read without a join.
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
    stock = models.IntegerField(null=True, blank=True)
    windows = models.JSONField(default=list, blank=True)
    external_key = models.CharField(max_length=60, blank=True, default="")
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="menu_item_price_in_range",
                condition=Q(price_minor__gte=0, price_minor__lte=MAX_PRICE_MINOR),
            ),
            models.CheckConstraint(
                name="menu_item_stock_not_negative", condition=Q(stock__isnull=True) | Q(stock__gte=0)
            ),
            models.CheckConstraint(
                name="menu_item_allergens_are_known",
                condition=Q(allergens__contained_by=[allergen.value for allergen in Allergen]),
            ),
            models.CheckConstraint(
                name="menu_item_diets_are_known",
                condition=Q(diets__contained_by=[diet.value for diet in Diet]),
            ),
            models.UniqueConstraint(
                name="menu_item_one_per_external_key",
                fields=["restaurant", "external_key"],
                condition=~Q(external_key=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_sold(self, now: datetime) -> bool:
        """Whether there is any at `now`; when it is served is another question."""
        return _is_on(self, now) and self.stock != 0

    @property
    def served_in(self) -> list[WindowJson]:
        """Its own windows, else those of its section."""
        windows: list[WindowJson] = self.windows or self.section.windows
        return windows


class OptionGroup(models.Model):
    """A question about an item ("Size", "Extras") with `min_choices` to `max_choices` answers.

    With `opened_by` it is asked only of who chose that option, which stands in a group that is always asked:
    groups are nested one level deep.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    item = models.ForeignKey(MenuItem, on_delete=models.PROTECT, related_name="option_groups")
    opened_by = models.ForeignKey(
        "Option", on_delete=models.PROTECT, null=True, blank=True, related_name="opens"
    )
    name = models.CharField(max_length=80)
    min_choices = models.PositiveSmallIntegerField(default=0)
    max_choices = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField(default=0)
    external_key = models.CharField(max_length=60, blank=True, default="")
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="option_group_choices_are_a_range",
                condition=Q(max_choices__gte=1) & Q(min_choices__lte=F("max_choices")),
            ),
            models.UniqueConstraint(
                name="option_group_one_per_external_key",
                fields=["item", "external_key"],
                condition=~Q(external_key=""),
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
    sold_out_until = models.DateTimeField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    external_key = models.CharField(max_length=60, blank=True, default="")
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="option_price_delta_in_range",
                condition=Q(price_delta_minor__gte=0, price_delta_minor__lte=MAX_PRICE_MINOR),
            ),
            models.UniqueConstraint(
                name="option_one_per_external_key",
                fields=["group", "external_key"],
                condition=~Q(external_key=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_sold(self, now: datetime) -> bool:
        """Whether it can be chosen at `now`."""
        return _is_on(self, now)


def _is_on(row: MenuItem | Option, now: datetime) -> bool:
    return row.is_available and (row.sold_out_until is None or row.sold_out_until <= now)
