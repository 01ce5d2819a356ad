"""New restaurants, whole and many at once: place, hours, menu and people in one commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from deliveryapp.transactions import durable
from restaurants.models import (
    MenuItem,
    MenuSection,
    OpeningHours,
    Option,
    OptionGroup,
    Restaurant,
    StaffMember,
    StaffRole,
)

if TYPE_CHECKING:
    from restaurants import menu_generator
    from restaurants.hours import WeeklySpan

BATCH_SIZE = 2_000
FIRST_NESTED = 100  # positions behind the groups that everybody is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRestaurant:
    """Everything a restaurant starts with; the fields mean what they mean in `models.Restaurant`."""

    slug: str
    name: str
    kind: str
    lat: float
    lng: float
    street: str
    city: str
    region: str
    timezone: str
    currency: str
    menu: menu_generator.Menu
    hours: Sequence[WeeklySpan]
    owner_ids: Sequence[UUID] = ()
    description: str = ""
    cuisines: Sequence[str] = ()
    phone: str = ""
    postcode: str = ""
    price_level: int = 2
    rating_tenths: int = 0
    rating_count: int = 0
    prep_minutes: int = 20
    delivery_radius_m: int = 3_000
    delivery_fee_minor: int = 0
    delivery_fee_per_km_minor: int = 0
    minimum_order_minor: int = 0
    tax_bp: int = 0
    picture_svg: str = ""
    osm_id: str | None = None


Pair = tuple[NewRestaurant, Restaurant]
RESERVED_SLUGS = {"cuisines", "mine"}  # addresses of the API beside the restaurants
_PARTS = {"slug", "menu", "hours", "owner_ids", "cuisines"}
_COLUMNS = tuple(name for name in NewRestaurant.__dataclass_fields__ if name not in _PARTS)


def create_restaurants(*, rows: Sequence[NewRestaurant]) -> int:
    """Add those that are not here yet. Returns how many were new.

    A place is known by its OpenStreetMap id, or by its slug when it has none. A slug that somebody else has
    gets the id's digits at its end.
    """
    with durable():
        fresh = _unknown(rows)
        pairs = [(row, _restaurant(row, slug)) for row, slug in zip(fresh, _free_slugs(fresh), strict=True)]
        Restaurant.objects.bulk_create([place for _, place in pairs], batch_size=BATCH_SIZE)
        OpeningHours.objects.bulk_create(_hours(pairs), batch_size=BATCH_SIZE)
        StaffMember.objects.bulk_create(_staff(pairs), batch_size=BATCH_SIZE)
        _create_menus([(place, row.menu) for row, place in pairs])
    return len(fresh)


def known_osm_ids(*, osm_ids: Sequence[str]) -> set[str]:
    """Which of these places are restaurants already."""
    known = Restaurant.objects.filter(osm_id__in=osm_ids).values_list("osm_id", flat=True)
    return {osm_id for osm_id in known if osm_id}


def _unknown(rows: Sequence[NewRestaurant]) -> list[NewRestaurant]:
    osm_ids = known_osm_ids(osm_ids=[row.osm_id for row in rows if row.osm_id])
    slugs = _taken([row.slug for row in rows if not row.osm_id])
    return [row for row in rows if (row.osm_id not in osm_ids if row.osm_id else row.slug not in slugs)]


def _free_slugs(rows: Sequence[NewRestaurant]) -> Iterator[str]:
    taken = _taken([row.slug for row in rows]) | RESERVED_SLUGS
    for row in rows:
        digits = "".join(character for character in row.osm_id or "" if character.isdigit())
        slug = f"{row.slug}-{digits}" if row.slug in taken else row.slug
        taken.add(slug)
        yield slug


def _taken(slugs: Sequence[str]) -> set[str]:
    return set(Restaurant.objects.filter(slug__in=slugs).values_list("slug", flat=True))


def _restaurant(row: NewRestaurant, slug: str) -> Restaurant:
    columns = {name: getattr(row, name) for name in _COLUMNS}
    return Restaurant(slug=slug, cuisines=list(row.cuisines), **columns)


def _hours(pairs: Sequence[Pair]) -> list[OpeningHours]:
    return [
        OpeningHours(restaurant=place, weekday=span.weekday, opens=span.opens, closes=span.closes)
        for row, place in pairs
        for span in row.hours
    ]


def _staff(pairs: Sequence[Pair]) -> list[StaffMember]:
    return [
        StaffMember(restaurant=place, user_id=owner_id, role=StaffRole.OWNER)
        for row, place in pairs
        for owner_id in row.owner_ids
    ]


def _create_menus(menus: Sequence[tuple[Restaurant, menu_generator.Menu]]) -> None:
    """Level by level, so that each table gets its rows in a few statements."""
    sections = [
        (_section(restaurant, section, i), section)
        for restaurant, menu in menus
        for i, section in enumerate(menu.sections)
    ]
    items = [(_item(row, item, i), item) for row, section in sections for i, item in enumerate(section.items)]
    MenuSection.objects.bulk_create([row for row, _ in sections], batch_size=BATCH_SIZE)
    MenuItem.objects.bulk_create([row for row, _ in items], batch_size=BATCH_SIZE)
    asked = [
        (_group(row, group, i), group) for row, item in items for i, group in enumerate(item.option_groups)
    ]
    options = _create_groups(asked)
    _create_groups(
        [
            (_group(row.group.item, inner, position=FIRST_NESTED + i, opened_by=row), inner)
            for row, option in options
            for i, inner in enumerate(option.opens)
        ]
    )


def _create_groups(
    groups: Sequence[tuple[OptionGroup, menu_generator.OptionGroup]],
) -> list[tuple[Option, menu_generator.Option]]:
    """The groups with their options; the options come back with what they were made from."""
    options = [
        (_option(row, option, i), option) for row, group in groups for i, option in enumerate(group.options)
    ]
    OptionGroup.objects.bulk_create([row for row, _ in groups], batch_size=BATCH_SIZE)
    Option.objects.bulk_create([row for row, _ in options], batch_size=BATCH_SIZE)
    return options


def _section(restaurant: Restaurant, section: menu_generator.MenuSection, position: int) -> MenuSection:
    windows = [
        {"weekdays": list(window.weekdays), "starts": window.starts, "ends": window.ends}
        for window in section.windows
    ]
    return MenuSection(restaurant=restaurant, name=section.name, position=position, windows=windows)


def _item(section: MenuSection, item: menu_generator.MenuItem, position: int) -> MenuItem:
    return MenuItem(
        section=section,
        restaurant_id=section.restaurant_id,
        name=item.name,
        description=item.description,
        price_minor=item.price_minor,
        allergens=list(item.allergens),
        diets=list(item.diets),
        stock=item.stock,
        position=position,
    )


def _group(
    item: MenuItem, group: menu_generator.OptionGroup, position: int, opened_by: Option | None = None
) -> OptionGroup:
    return OptionGroup(
        item=item,
        opened_by=opened_by,
        name=group.name,
        min_choices=group.min_choices,
        max_choices=group.max_choices,
        position=position,
    )


def _option(group: OptionGroup, option: menu_generator.Option, position: int) -> Option:
    return Option(
        group=group, name=option.name, price_delta_minor=option.price_delta_minor, position=position
    )
