"""The list of restaurants that reach an address. Two queries a page, whatever is asked."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import cos, degrees, radians
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, F, Func, OuterRef, Q, TextField

from deliveryapp.geo import EARTH_RADIUS_M, Point, haversine_m
from restaurants.models import MenuItem, Restaurant
from restaurants.models.restaurant import MAX_DELIVERY_RADIUS_M
from restaurants.pricing import DeliveryTerms, delivery_terms
from restaurants.selectors.places import OpenState, open_state, schedule_of, with_schedule


class Sort(StrEnum):
    DISTANCE = "distance"
    RATING = "rating"
    FEE = "fee"
    ETA = "eta"


@dataclass(frozen=True, slots=True)
class Search:
    """Who delivers to `point`, narrowed by a cuisine, by words (name, cuisine or dish) and to who is open."""

    point: Point
    cuisine: str = ""
    words: str = ""
    open_now: bool = False
    sort: Sort = Sort.DISTANCE


class SortKey(NamedTuple):
    """Where a row stands in a list: three numbers whose meaning depends on the sort, then its id."""

    first: int
    second: int
    third: int
    id: str


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two rows of a sorted list: the page after `key`, or the one that ends before it."""

    key: SortKey
    is_backwards: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One restaurant as a list shows it; `terms` is None when nobody said where to deliver."""

    restaurant: Restaurant
    state: OpenState
    terms: DeliveryTerms | None


@dataclass(frozen=True, slots=True)
class Page:
    cards: list[Card]
    next: Position | None
    previous: Position | None


class _Candidate(NamedTuple):
    """The few columns that decide who is listed and in what order."""

    id: UUID
    lat: float
    lng: float
    prep_minutes: int
    busy_minutes: int
    busy_until: datetime | None
    delivery_radius_m: int
    delivery_fee_minor: int
    delivery_fee_per_km_minor: int
    rating_tenths: int
    rating_count: int


class _Ranked(NamedTuple):
    key: SortKey
    id: UUID
    terms: DeliveryTerms


_SORT_KEYS: dict[Sort, Callable[[_Candidate, DeliveryTerms], tuple[int, int, int]]] = {
    Sort.DISTANCE: lambda _, terms: (terms.distance_m, 0, 0),
    Sort.RATING: lambda row, terms: (-row.rating_tenths, -row.rating_count, terms.distance_m),
    Sort.FEE: lambda _, terms: (terms.fee_minor, terms.distance_m, 0),
    Sort.ETA: lambda _, terms: (*terms.eta_minutes, terms.distance_m),
}


def browse(*, search: Search, limit: int, now: datetime, position: Position | None = None) -> Page:
    """One page of the restaurants whose delivery radius reaches the point."""
    ranked = _rank(search, now)
    start, end = _window(ranked, position, limit)
    shown = ranked[start:end]
    return Page(
        cards=_cards(shown, now),
        next=Position(shown[-1].key) if shown and end < len(ranked) else None,
        previous=Position(shown[0].key, is_backwards=True) if shown and start > 0 else None,
    )


def reachable_cards(*, search: Search, now: datetime) -> list[Card]:
    """Everybody within reach, in order, without pages."""
    return _cards(_rank(search, now), now)


def cuisines() -> list[tuple[str, int]]:
    """Every cuisine of an active restaurant with how many offer it, the most frequent first."""
    cuisine = Func(F("cuisines"), function="unnest", output_field=TextField())
    names = Restaurant.objects.filter(is_active=True).order_by().values_list(cuisine, flat=True)
    return sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))


def _rank(search: Search, now: datetime) -> list[_Ranked]:
    """Everybody within reach, in order. All are read, since a radius bounds how many there can be."""
    key_of, ranked = _SORT_KEYS[search.sort], []
    for row in _candidates(search, now):
        distance_m = haversine_m(search.point, Point(row.lat, row.lng))
        terms = delivery_terms(row, distance_m=distance_m, at=now)
        if terms.is_within_reach:
            ranked.append(_Ranked(SortKey(*key_of(row, terms), str(row.id)), row.id, terms))
    return sorted(ranked, key=attrgetter("key"))


def _candidates(search: Search, now: datetime) -> list[_Candidate]:
    if not search.open_now:
        rows = Restaurant.objects.filter(_wanted(search), is_active=True).order_by()
        return [_Candidate(*row) for row in rows.values_list(*_Candidate._fields)]
    scheduled = with_schedule(now).filter(_wanted(search)).order_by()
    is_open = (row for row in scheduled if open_state(row, schedule_of(row), now).is_open)
    return [_Candidate(*(getattr(row, column) for column in _Candidate._fields)) for row in is_open]


def _wanted(search: Search) -> Q:
    """What the database can tell; the circle of each radius is cut out of the box later."""
    wanted = _box(search.point)
    if search.cuisine:
        wanted &= Q(cuisines__contains=[search.cuisine])
    if search.words:
        wanted &= _mentions(search.words)
    return wanted


def _mentions(words: str) -> Q:
    """The words in the name, a cuisine or a dish that is not sold out for good."""
    dishes = MenuItem.objects.filter(restaurant=OuterRef("pk"), is_available=True, name__icontains=words)
    return Q(name__icontains=words) | Q(cuisines__contains=[words.lower()]) | Q(Exists(dishes))


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


def _window(ranked: list[_Ranked], position: Position | None, limit: int) -> tuple[int, int]:
    """Which rows a page shows, as a half-open range of indexes."""
    if position is None:
        return 0, limit
    if position.is_backwards:
        end = bisect_left(ranked, position.key, key=attrgetter("key"))
        return max(0, end - limit), end
    start = bisect_right(ranked, position.key, key=attrgetter("key"))
    return start, start + limit


def _cards(shown: list[_Ranked], now: datetime) -> list[Card]:
    rows = with_schedule(now).in_bulk([ranked.id for ranked in shown])
    return [
        Card(rows[ranked.id], open_state(rows[ranked.id], schedule_of(rows[ranked.id]), now), ranked.terms)
        for ranked in shown
        if ranked.id in rows  # deactivated since it was ranked
    ]
