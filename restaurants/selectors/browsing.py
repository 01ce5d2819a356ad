"""The list of restaurants that reach an address, in pages: two queries, and one or two more for words.

`reach.py` decides who is listed; here they get their order, their page and their facts.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from django.db.models import F, Func, TextField

from restaurants.models import Restaurant
from restaurants.offers import Offer
from restaurants.pricing import DeliveryTerms
from restaurants.selectors.places import OpenState, open_state, schedule_of
from restaurants.selectors.promotions import public_offers, with_offers
from restaurants.selectors.reach import Candidate, Reached, Search, Sort, reached
from restaurants.selectors.searching import Dish


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
    """One restaurant as a list shows it; `terms` is None when nobody said where to deliver, `dish` when no
    dish was searched and found. `offers` are what everybody gets there now.
    """

    restaurant: Restaurant
    state: OpenState
    terms: DeliveryTerms | None
    dish: Dish | None = None
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """`count` is of all pages; `cuisines` are counted as if none were asked for, the most frequent first."""

    cards: list[Card]
    next: Position | None
    previous: Position | None
    count: int
    cuisines: list[tuple[str, int]]


class _Ranked(NamedTuple):
    key: SortKey
    found: Reached


_SORT_KEYS: dict[Sort, Callable[[Candidate, DeliveryTerms], tuple[int, int, int]]] = {
    Sort.DISTANCE: lambda _, terms: (terms.distance_m, 0, 0),
    Sort.RATING: lambda row, terms: (-row.rating_tenths, -row.rating_count, terms.distance_m),
    Sort.FEE: lambda _, terms: (terms.fee_minor, terms.distance_m, 0),
    Sort.ETA: lambda _, terms: (*terms.eta_minutes, terms.distance_m),
}


def browse(*, search: Search, limit: int, now: datetime, position: Position | None = None) -> Page:
    """One page of the restaurants that deliver to the point and fit the search."""
    everybody = reached(search, now)
    ranked = _rank(search, everybody)
    start, end = _window(ranked, position, limit)
    shown = ranked[start:end]
    return Page(
        cards=_cards(shown, now),
        next=Position(shown[-1].key) if shown and end < len(ranked) else None,
        previous=Position(shown[0].key, is_backwards=True) if shown and start > 0 else None,
        count=len(ranked),
        cuisines=_most_frequent(Counter(name for found in everybody for name in found.row.cuisines)),
    )


def reachable_cards(*, search: Search, now: datetime) -> list[Card]:
    """Everybody within reach, in order, without pages."""
    return _cards(_rank(search, reached(search, now)), now)


def cuisines() -> list[tuple[str, int]]:
    """Every cuisine of an active restaurant with how many offer it, the most frequent first."""
    cuisine = Func(F("cuisines"), function="unnest", output_field=TextField())
    names = Restaurant.objects.filter(is_active=True).order_by().values_list(cuisine, flat=True)
    return _most_frequent(Counter(names))


def _most_frequent(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _rank(search: Search, everybody: list[Reached]) -> list[_Ranked]:
    """Those with the cuisine asked for, in order."""
    key_of = _SORT_KEYS[search.sort]
    wanted = (found for found in everybody if not search.cuisine or search.cuisine in found.row.cuisines)
    ranked = (_Ranked(SortKey(*key_of(found.row, found.terms), str(found.row.id)), found) for found in wanted)
    return sorted(ranked, key=attrgetter("key"))


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
    rows = with_offers(now).in_bulk([found.row.id for _, found in shown])
    return [
        Card(row, open_state(row, schedule_of(row), now), found.terms, found.dish, public_offers(row))
        for _, found in shown
        if (row := rows.get(found.row.id)) is not None  # None: deactivated since it was ranked
    ]
