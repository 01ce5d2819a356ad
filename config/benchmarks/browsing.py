"""What browsing costs in a large city: list, search and menu, beside a route that does nothing."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import time as wall_time
from itertools import cycle

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import override_settings

from deliveryapp.geo import Point, offset
from restaurants.hours import WeeklySpan
from restaurants.menu_generator import generate_menu
from restaurants.models import Restaurant
from restaurants.services.creating import NewRestaurant, create_restaurants

CENTRE = Point(60.1700, 24.9400)
CITY_RADIUS_M = 6_000
CUISINES = ("pizza", "sushi", "burger", "indian", "thai", "kebab", "chinese", "italian")
WORDS = ("pizza", "margherita", "chicken", "marghereta", "salad")
DOORS = 50
Call = Callable[[], None]


@dataclass(frozen=True, slots=True)
class RouteCost:
    """A request, in milliseconds; CPU is this process's, PostgreSQL's is only in the wall clock."""

    name: str
    cpu_ms: float
    p50_ms: float
    p99_ms: float
    per_s: float

    def line(self) -> str:
        times = f"{self.p50_ms:>8.2f} ms{self.p99_ms:>9.2f} ms{self.cpu_ms:>9.2f} ms"
        return f"{self.name:<24}{times}{self.per_s:>9.0f}"


@dataclass(frozen=True, slots=True)
class BrowsingCost:
    restaurants: int
    requests: int
    routes: tuple[RouteCost, ...]

    def lines(self) -> list[str]:
        head = f"{'':<24}{'p50':>11}{'p99':>12}{'CPU':>12}{'a second':>9}"
        asked = f"{self.restaurants} restaurants, {self.requests} requests a route, one client"
        return [asked, head, *(route.line() for route in self.routes)]


def measure(*, restaurants: int, requests: int) -> BrowsingCost:
    """Fills the city up to `restaurants` and asks each route `requests` times, through Django's layers."""
    call_command("migrate", verbosity=0)
    _fill(restaurants)
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        routes = tuple(_cost(name, call, requests) for name, call in _routes().items())
    return BrowsingCost(Restaurant.objects.filter(is_active=True).count(), requests, routes)


def _fill(restaurants: int) -> None:
    missing = max(0, restaurants - Restaurant.objects.count())
    rng = random.Random(19)
    create_restaurants(rows=[_restaurant(rng, f"bench-{n}") for n in range(missing)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # what autovacuum does within a minute


def _restaurant(rng: random.Random, slug: str) -> NewRestaurant:
    cuisine = rng.choice(CUISINES)
    home = _somewhere(rng)
    return NewRestaurant(
        slug=slug,
        name=f"{cuisine.capitalize()} {slug}",
        kind="restaurant",
        lat=home.lat,
        lng=home.lng,
        street="Bench Street 1",
        city="Helsinki",
        region="helsinki",
        timezone="Europe/Helsinki",
        currency="EUR",
        menu=generate_menu(name=slug, cuisines=(cuisine,), kind="restaurant", seed=rng.getrandbits(32)),
        hours=tuple(WeeklySpan(weekday, wall_time(0), wall_time(0)) for weekday in range(7)),
        cuisines=(cuisine,),
        price_level=rng.randint(1, 4),
        rating_tenths=rng.randint(25, 50),
        rating_count=rng.randint(1, 400),
        delivery_fee_minor=rng.choice((0, 190, 290)),
        delivery_fee_per_km_minor=100,
        delivery_radius_m=rng.choice((2_500, 3_000, 4_000)),
        tax_bp=1_400,
    )


def _somewhere(rng: random.Random) -> Point:
    """Evenly over the disc of the city."""
    distance_m = CITY_RADIUS_M * rng.random() ** 0.5
    return offset(CENTRE, distance_m=distance_m, heading_deg=rng.uniform(0, 360))


def _routes() -> dict[str, Call]:
    client = Client()
    rng = random.Random(20)
    doors = cycle([_somewhere(rng) for _ in range(DOORS)])
    words = cycle(WORDS)
    slugs = cycle(
        Restaurant.objects.filter(is_active=True).order_by("id").values_list("slug", flat=True)[:200]
    )

    def get(path: str, **params: str | int) -> None:
        answer = client.get(path, params)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.content[:300]!r}")

    def browse(**params: str | int) -> None:
        door = next(doors)
        get("/api/v1/restaurants/", lat=str(door.lat), lng=str(door.lng), **params)

    return {
        "raw route (control)": lambda: get("/livez"),
        "list": browse,
        "list, open now": lambda: browse(open_now="true", sort="eta"),
        "list, filtered": lambda: browse(min_rating="4", price_level="1,2", diet="vegetarian"),
        "search": lambda: browse(q=next(words)),
        "menu": lambda: get(f"/api/v1/restaurants/{next(slugs)}/", lat=str(CENTRE.lat), lng=str(CENTRE.lng)),
    }


def _cost(name: str, call: Call, requests: int) -> RouteCost:
    for _ in range(10):
        call()
    cpu_before, began = time.process_time(), time.perf_counter()
    walls = sorted(_walls(call, requests))
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_before
    return RouteCost(
        name=name,
        cpu_ms=cpu_s / requests * 1_000,
        p50_ms=walls[len(walls) // 2] * 1_000,
        p99_ms=walls[len(walls) * 99 // 100] * 1_000,
        per_s=requests / wall_s,
    )


def _walls(call: Call, requests: int) -> Iterator[float]:
    for _ in range(requests):
        began = time.perf_counter()
        call()
        yield time.perf_counter() - began
