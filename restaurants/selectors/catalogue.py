"""The menu as staff see it, and the one gate to each of its rows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import cast
from uuid import UUID

from django.db.models import QuerySet

from deliveryapp.errors import NotFound
from restaurants.errors import (
    MenuItemNotFound,
    OptionGroupNotFound,
    OptionNotFound,
    RestaurantNotFound,
    SectionNotFound,
)
from restaurants.models import MenuItem, MenuSection, Option, OptionGroup, Restaurant
from restaurants.selectors.menu import menu_rows
from restaurants.selectors.staff import require_staff

Row = MenuSection | MenuItem | OptionGroup | Option


class Kind(StrEnum):
    SECTION = "section"
    ITEM = "item"
    GROUP = "group"
    OPTION = "option"


@dataclass(frozen=True, slots=True)
class Table:
    """Where the rows of a kind are, and by which column they hang in the menu."""

    model: type[Row]
    restaurant: str
    parent: str
    missing: type[NotFound]


TABLES = {
    Kind.SECTION: Table(MenuSection, "restaurant", "restaurant", SectionNotFound),
    Kind.ITEM: Table(MenuItem, "restaurant", "section", MenuItemNotFound),
    Kind.GROUP: Table(OptionGroup, "item__restaurant", "item", OptionGroupNotFound),
    Kind.OPTION: Table(Option, "group__item__restaurant", "group", OptionNotFound),
}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A restaurant's whole menu, with what is sold out and what is not served now."""

    restaurant: Restaurant
    role: str
    sections: list[MenuSection]


def catalogue(*, user_id: UUID, restaurant_id: UUID, with_archived: bool) -> Catalogue:
    """For staff of any role; six statements. Raises RestaurantNotFound for a stranger."""
    role = require_staff(user_id=user_id, restaurant_id=restaurant_id)
    restaurant = Restaurant.objects.defer("picture_svg").filter(pk=restaurant_id).first()
    if restaurant is None:
        raise RestaurantNotFound
    items = MenuItem.objects.all() if with_archived else MenuItem.objects.filter(archived_at=None)
    return Catalogue(restaurant, role, list(menu_rows(restaurant_id, items, with_archived=with_archived)))


def rows_of(kind: Kind, *, restaurant_id: UUID) -> QuerySet[Row]:
    """All rows of a kind that belong to the restaurant, archived ones too."""
    table = TABLES[kind]
    rows = table.model._default_manager.filter(**{table.restaurant: restaurant_id})
    return cast("QuerySet[Row]", rows)


def locked_row(kind: Kind, *, restaurant_id: UUID, row_id: UUID) -> Row:
    """The row under its lock. Raises the kind's NotFound, also for a row of another restaurant."""
    rows = rows_of(kind, restaurant_id=restaurant_id).select_for_update(no_key=True, of=("self",))
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise TABLES[kind].missing
    return row
