"""One restaurant with its whole menu: five queries, whatever its length."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from deliveryapp.geo import Point
from restaurants.errors import RestaurantNotFound
from restaurants.hours import Schedule
from restaurants.models import MenuItem, MenuSection, Option, OptionGroup, Restaurant
from restaurants.pricing import terms_to
from restaurants.selectors.browsing import Card
from restaurants.selectors.facts import RestaurantInfo
from restaurants.selectors.places import info_of, open_state, schedule_of
from restaurants.selectors.promotions import public_offers, with_offers

if TYPE_CHECKING:
    from restaurants.selectors.promotions import OfferingRestaurant


@dataclass(frozen=True, slots=True)
class Detail:
    """A restaurant's own page. Sections come with their items, option groups and options loaded."""

    card: Card
    schedule: Schedule
    sections: list[MenuSection]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Only items that have all of these diet marks and none of these allergens."""

    diets: Sequence[str] = ()
    without: Sequence[str] = ()


def restaurant_detail(
    *, key: str, point: Point | None, now: datetime, wanted: Wanted | None = None
) -> Detail:
    """By id or slug; `point` is where to deliver, if known. Raises RestaurantNotFound, also if inactive."""
    restaurant = with_offers(now).filter(by_key(key)).first()
    if restaurant is None:
        raise RestaurantNotFound
    schedule = schedule_of(restaurant)
    return Detail(
        card=_card(restaurant, schedule, point, now),
        schedule=schedule,
        sections=list(_sections(restaurant, wanted or Wanted())),
    )


def by_key(key: str) -> Q:
    """How a restaurant is named in an address: its UUID or its slug."""
    try:
        return Q(pk=UUID(key))
    except ValueError:
        return Q(slug=key)


def restaurant_by_slug(*, slug: str) -> RestaurantInfo:
    """An active restaurant as a fact. Raises RestaurantNotFound."""
    row = Restaurant.objects.defer("picture_svg").filter(slug=slug, is_active=True).first()
    if row is None:
        raise RestaurantNotFound
    return info_of(row)


def picture_svg(*, slug: str) -> str:
    """The picture as SVG text. Raises RestaurantNotFound, also when there is none."""
    found = Restaurant.objects.filter(slug=slug, is_active=True).values_list("picture_svg", flat=True).first()
    if not found:
        raise RestaurantNotFound
    return found


def _card(restaurant: OfferingRestaurant, schedule: Schedule, point: Point | None, now: datetime) -> Card:
    terms = terms_to(restaurant, point, at=now) if point is not None else None
    state, offers = open_state(restaurant, schedule, now), public_offers(restaurant)
    return Card(restaurant, state, terms, offers=offers)


def _sections(restaurant: Restaurant, wanted: Wanted) -> Iterator[MenuSection]:
    items = MenuItem.objects.filter(diets__contains=list(wanted.diets), archived_at=None)
    yield from menu_rows(restaurant.pk, items.exclude(allergens__overlap=list(wanted.without)))


def menu_rows(
    restaurant_id: UUID, items: QuerySet[MenuItem], *, with_archived: bool = False
) -> QuerySet[MenuSection]:
    """Sections with these items, their groups and options, in four statements."""
    seen = {} if with_archived else {"archived_at": None}
    return MenuSection.objects.filter(restaurant=restaurant_id, **seen).prefetch_related(
        Prefetch("items", items),
        Prefetch("items__option_groups", OptionGroup.objects.filter(**seen)),
        Prefetch("items__option_groups__options", Option.objects.filter(**seen)),
    )


def allergens_of(*, item_ids: Collection[UUID]) -> dict[UUID, tuple[str, ...]]:
    """What these items contain by the menu of now, in one query; archived ones too."""
    rows = MenuItem.objects.filter(pk__in=item_ids).values_list("pk", "allergens")
    return {item_id: tuple(sorted(allergens)) for item_id, allergens in rows}
