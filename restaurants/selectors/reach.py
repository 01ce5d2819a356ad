"""Who delivers to a point and fits a search. All are read, since a radius bounds how many there can be."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import cos, degrees, radians
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, ExpressionWrapper, F, FloatField, OuterRef, Q, Value

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
    busy_minutes: int
    busy_until: datetime | None
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
    found = [
        Reached(row, terms, None)
        for row in _candidates(search)
        if (terms := terms_to(row, search.point, at=now)).is_within_reach
        and not (search.free_delivery and terms.fee_minor)
    ]
    if search.words and found:
        found = _mentioning(search.words, found)
    return _open(found, now) if search.open_now and found else found


def _candidates(search: Search) -> list[Candidate]:
    rows = Restaurant.objects.filter(_wanted(search), is_active=True).order_by()
    return [Candidate(*row) for row in rows.values_list(*Candidate._fields)]


def _mentioning(words: str, found: list[Reached]) -> list[Reached]:
    hits = find(words, among=[place.row.id for place in found])
    return [place._replace(dish=hits[place.row.id]) for place in found if place.row.id in hits]


def _open(found: list[Reached], now: datetime) -> list[Reached]:
    """Last, since hours are what costs most to read."""
    rows = with_schedule(now).in_bulk([place.row.id for place in found])
    is_open = {row.pk for row in rows.values() if open_state(row, schedule_of(row), now).is_open}
    return [place for place in found if place.row.id in is_open]


def _wanted(search: Search) -> Q:
    """What the database can tell; the circle or area of each is cut out of the box later."""
    wanted = _box(search.point)
    if search.diet:
        dishes = MenuItem.objects.filter(
            restaurant=OuterRef("pk"), is_available=True, archived_at=None, diets__contains=[search.diet]
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
    """Around the point, as wide as any reach: the index finds it. Then as wide as each radius, which leaves
    few to calculate. Also across the antimeridian and at the poles.
    """
    lat_deg = degrees(MAX_DELIVERY_RADIUS_M / EARTH_RADIUS_M)
    lats = Q(lat__gte=point.lat - lat_deg, lat__lte=point.lat + lat_deg) & _near(point)
    widest = min(90.0, abs(point.lat) + lat_deg)
    lng_deg = lat_deg / max(cos(radians(widest)), 1e-9)
    west, east = point.lng - lng_deg, point.lng + lng_deg
    if west < -180:
        return lats & (Q(lng__lte=east) | Q(lng__gte=west + 360))
    if east > 180:
        return lats & (Q(lng__gte=west) | Q(lng__lte=east - 360))
    return lats & Q(lng__gte=west, lng__lte=east)


def _near(point: Point) -> Q:
    """The latitude within the restaurant's own radius, a metre more for rounding; an area says it itself."""
    reach_deg = ExpressionWrapper(
        (F("delivery_radius_m") + 1) * Value(degrees(1 / EARTH_RADIUS_M)), output_field=FloatField()
    )
    within = Q(lat__gte=Value(point.lat) - reach_deg, lat__lte=Value(point.lat) + reach_deg)
    return Q(delivery_area__isnull=False) | within
