"""What a demo city consists of: pure plans from a city, a seed and sizes; nothing is written here."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from functools import cached_property
from uuid import UUID

from django.utils.text import slugify

from deliveryapp.city import Address, City, Place
from deliveryapp.geo import Point, haversine_m
from orders.services.customers import AddressInput
from restaurants.hours import WeeklySpan
from restaurants.menu_generator import generate_cuisine_art, generate_menu
from restaurants.services.creating import NewRestaurant

EVERY_DAY = range(7)
VEHICLES = ("bicycle", "bicycle", "bicycle", "scooter", "scooter", "car")
LABELS = ("Home", "Work", "Friends")
TAX_BP = {"FI": 1_350}  # VAT on food that is delivered; elsewhere a plausible 10 %
_CELL_DEG = 0.005  # some 500 m: neighbourhoods in which addresses are looked up


@dataclass(frozen=True, slots=True)
class _Style:
    """How a kind of place runs: prep minutes from-to, price levels, hours where the map has none."""

    prep_minutes: tuple[int, int]
    price_levels: tuple[int, ...]
    opens: time
    closes: time


_STYLES = {
    "cafe": _Style((6, 12), (1, 1, 2), time(8), time(18)),
    "bakery": _Style((6, 10), (1, 1, 2), time(7), time(17)),
    "fast_food": _Style((8, 14), (1, 1, 2), time(10, 30), time(23)),
    "pub": _Style((12, 22), (1, 2, 2), time(12), time(1)),
    "bar": _Style((12, 22), (2, 2, 3), time(15), time(2)),
}
_RESTAURANT = _Style((14, 26), (2, 2, 3, 3, 4), time(11), time(22))


def stream(seed: int, *names: object) -> random.Random:
    """A random stream of its own for whoever `names` names, the same in every run with that seed."""
    return random.Random("/".join(map(str, ("seed-city", seed, *names))))


def places_in_order(city: City, seed: int) -> list[Place]:
    """All places, shuffled by the seed: the first n are spread over the city, and stay when n grows."""
    places = list(city.places)
    stream(seed, city.slug, "places").shuffle(places)
    return places


def osm_id_of(city: City, place: Place) -> str:
    """The id under which a place is known here; places of generated cities carry their city's name."""
    return f"{city.slug}/{place.osm_id}" if ":" in city.slug else place.osm_id


def new_restaurant(
    city: City, place: Place, *, seed: int, owner_ids: Sequence[UUID], is_always_open: bool
) -> NewRestaurant:
    """A place of the map as a restaurant with an invented menu, terms and reputation."""
    osm_id = osm_id_of(city, place)
    rng = stream(seed, osm_id)
    style = _STYLES.get(place.kind, _RESTAURANT)
    menu = generate_menu(
        name=place.name, cuisines=place.cuisines, kind=place.kind, seed=seed, currency=city.currency
    )
    address = place.address or city.nearest_address(place.location)
    return NewRestaurant(
        slug=slugify(place.name)[:60] or "restaurant",
        name=place.name[:120],
        kind=place.kind,
        cuisines=tuple(dict.fromkeys((menu.cuisine, *place.cuisines)))[:4],
        lat=place.location.lat,
        lng=place.location.lng,
        street=address.line,
        city=city.name,
        postcode=address.postcode,
        region=city.slug,
        timezone=city.timezone,
        currency=city.currency,
        osm_id=osm_id,
        menu=menu,
        hours=_hours(place, style, is_always_open=is_always_open),
        owner_ids=owner_ids,
        price_level=rng.choice(style.price_levels),
        rating_tenths=rng.choice((38, 40, 41, 42, 43, 44, 45, 46, 46, 47, 48, 49)),
        rating_count=int(rng.lognormvariate(5, 1)) + 3,
        prep_minutes=rng.randint(*style.prep_minutes),
        delivery_radius_m=rng.choice((2_500, 3_000, 3_500, 4_000)),
        delivery_fee_minor=rng.choice((0, 90, 190, 190, 290, 390)),
        delivery_fee_per_km_minor=rng.choice((60, 80, 100)),
        minimum_order_minor=rng.choice((0, 500, 800, 1_000, 1_200)),
        tax_bp=TAX_BP.get(city.country, 1_000),
        picture_svg=generate_cuisine_art(place.name, menu.cuisine, seed),
    )


def _hours(place: Place, style: _Style, *, is_always_open: bool) -> list[WeeklySpan]:
    if is_always_open:
        return [WeeklySpan(weekday, time(0), time(0)) for weekday in EVERY_DAY]
    spans = {
        (span.weekday, span.opens): WeeklySpan(
            span.weekday, time.fromisoformat(span.opens), time.fromisoformat(span.closes)
        )
        for span in place.hours
    }
    return list(spans.values()) or [WeeklySpan(weekday, style.opens, style.closes) for weekday in EVERY_DAY]


class Neighbourhoods:
    """Front doors by cell, so that a door near a place is found without looking at the whole city."""

    def __init__(self, city: City) -> None:
        self.city = city

    @cached_property
    def _cells(self) -> dict[tuple[int, int], list[Address]]:
        """Built on first use: seeding a city again needs none."""
        cells: dict[tuple[int, int], list[Address]] = defaultdict(list)
        for address in self.city.addresses:
            cells[self._cell(address.location)].append(address)
        return cells

    def doors_near(self, point: Point, *, within_m: float) -> list[Address]:
        """Doors of the cells around the point that lie within the distance."""
        row, col = self._cell(point)
        around = (self._cells.get((row + i, col + j), []) for i in (-1, 0, 1) for j in (-1, 0, 1))
        return [door for doors in around for door in doors if haversine_m(point, door.location) <= within_m]

    @staticmethod
    def _cell(point: Point) -> tuple[int, int]:
        return round(point.lat / _CELL_DEG), round(point.lng / _CELL_DEG)


def customer_addresses(
    doors: Neighbourhoods, places: Sequence[Place], rng: random.Random
) -> tuple[AddressInput, ...]:
    """One to three different doors, each in walking distance of a place that was seeded."""
    chosen: dict[Address, None] = {}
    for place in rng.sample(places, min(len(places), rng.randint(1, 3))):
        near = doors.doors_near(place.location, within_m=1_000)
        chosen[rng.choice(near) if near else doors.city.nearest_address(place.location)] = None
    return tuple(
        AddressInput(
            label=label,
            street=door.line,
            city=doors.city.name,
            postcode=door.postcode,
            lat=door.location.lat,
            lng=door.location.lng,
            note=rng.choice(("", "", "Ring the bell", "Leave at the door")),
        )
        for label, door in zip(LABELS, chosen, strict=False)
    )


def numbered(role: str, count: int) -> Iterator[tuple[str, str]]:
    """E-mail and name of the accounts of a role: `driver-007@demo.example`, "Driver 7"."""
    for number in range(1, count + 1):
        yield f"{role}-{number:03d}@demo.example", f"{role.capitalize()} {number}"
