"""Who delivers to a point and fits a search. All are read, since a radius bounds how many there can be."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import cos, degrees, radians
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from deliveryapp.geo import EARTH_RADIUS_M, Point
from restaurants.models import Favourite, MenuItem, Restaurant
from restaurants.models.restaurant import MAX_DELIVERY_RADIUS_M
from restaurants.pricing import DeliveryTerms, terms_to
from restaurants.selectors.places import open_state, schedule_of, with_schedule
from restaurants.selectors.searching import Dish, find


class Sort(StrEnum):
    DISTANCE = "distance"
    RATING = "rating"
    FEE = "fee"
    ETA = "eta"


@dataclass(frozen=True, slots=True)
class Search:
    """Who delivers to `point`, narrowed by whatever is given.

    `words` are of a name, a cuisine or a dish; `diet` of a dish that is sold; `favourite_of` is whose hearts.
    """

    point: Point
    cuisine: str = ""
    words: str = ""
    open_now: bool = False
    sort: Sort = Sort.DISTANCE
    diet: str = ""
    price_levels: tuple[int, ...] = ()
    min_rating_tenths: int = 0
    free_delivery: bool = False
    favourite_of: UUID | None = None


class Candidate(NamedTuple):
    """The few columns that decide who is listed and in what order."""

    id: UUID
    lat: float
    lng: float
    prep_minutes: int
    delivery_radius_m: int
    delivery_area: list[list[float]] | None
    delivery_fee_minor: int
    delivery_fee_per_km_minor: int
    rating_tenths: int
    rating_count: int
    cuisines: list[str]


class Reached(NamedTuple):
    row: Candidate
    terms: DeliveryTerms
    dish: Dish | None


def reached(search: Search, now: datetime) -> list[Reached]:
    """Everybody who fits, whatever the cuisine, in no order."""
    found = []
    for row in _candidates(search, now):
        terms = terms_to(row, search.point)
        if terms.is_within_reach and not (search.free_delivery and terms.fee_minor):
            found.append(Reached(row, terms, None))
    return _mentioning(search.words, found) if search.words and found else found


def _mentioning(words: str, found: list[Reached]) -> list[Reached]:
    hits = find(words, among=[place.row.id for place in found])
    return [place._replace(dish=hits[place.row.id]) for place in found if place.row.id in hits]


def _candidates(search: Search, now: datetime) -> list[Candidate]:
    if not search.open_now:
        rows = Restaurant.objects.filter(_wanted(search), is_active=True).order_by()
        return [Candidate(*row) for row in rows.values_list(*Candidate._fields)]
    scheduled = with_schedule(now).filter(_wanted(search)).order_by()
    is_open = (row for row in scheduled if open_state(row, schedule_of(row), now).is_open)
    return [Candidate(*(getattr(row, column) for column in Candidate._fields)) for row in is_open]


def _wanted(search: Search) -> Q:
    """What the database can tell; the circle or area of each is cut out of the box later."""
    wanted = _box(search.point)
    if search.diet:
        dishes = MenuItem.objects.filter(
            restaurant=OuterRef("pk"), is_available=True, diets__contains=[search.diet]
        )
        wanted &= Q(Exists(dishes))
    if search.price_levels:
        wanted &= Q(price_level__in=search.price_levels)
    if search.min_rating_tenths:
        wanted &= Q(rating_tenths__gte=search.min_rating_tenths, rating_count__gt=0)
    if search.favourite_of:
        hearts = Favourite.objects.filter(user=search.favourite_of).order_by()
        wanted &= Q(pk__in=hearts.values("restaurant"))
    return wanted


def _box(point: Point) -> Q:
    """Around the point, as wide as any delivery radius, also across the antimeridian and at the poles."""
    lat_deg = degrees(MAX_DELIVERY_RADIUS_M / EARTH_RADIUS_M)
    lats = Q(lat__gte=point.lat - lat_deg, lat__lte=point.lat + lat_deg)
    widest = min(90.0, abs(point.lat) + lat_deg)
    lng_deg = lat_deg / max(cos(radians(widest)), 1e-9)
    west, east = point.lng - lng_deg, point.lng + lng_deg
    if west < -180:
        return lats & (Q(lng__lte=east) | Q(lng__gte=west + 360))
    if east > 180:
        return lats & (Q(lng__gte=west) | Q(lng__lte=east - 360))
    return lats & Q(lng__gte=west, lng__lte=east)
