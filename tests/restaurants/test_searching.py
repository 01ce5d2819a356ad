"""GET /api/v1/restaurants/ with filters and words: what is found, which dish it was, and what is counted."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from restaurants.models import MenuItem
from tests.restaurants.conftest import MARKET_SQUARE, Make

LAT, LNG = MARKET_SQUARE
NORTH_1_KM = 0.008993  # degrees of latitude


@pytest.fixture
def api() -> APIClient:
    return APIClient()


def browse(api: APIClient, **params: Any) -> Any:
    answer = api.get("/api/v1/restaurants/", {"lat": LAT, "lng": LNG, **params})
    assert answer.status_code == 200, answer.content
    return answer.json()


def slugs(api: APIClient, **params: Any) -> list[str]:
    return sorted(row["slug"] for row in browse(api, **params)["results"])


def serves(slug: str, name: str, *, dish: str = "Dish 1", **changes: Any) -> None:
    MenuItem.objects.filter(restaurant__slug=slug, name=dish).update(name=name, **changes)


@pytest.fixture
def street(make: Make) -> None:
    """Napoli bakes, Ginza rolls, Kala fries."""
    make("napoli", name="Trattoria Napoli", cuisines=("pizza", "italian"))
    make("ginza", name="Ginza", cuisines=("sushi", "japanese"))
    make("kala", name="Kalakeittiö Åström", cuisines=("fish",))
    serves("napoli", "Pizza Margherita")
    serves("ginza", "Crème brûlée")
    serves("kala", "Paistetut muikut")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("napoli", ["napoli"]),
        ("NAPOLI trattoria", ["napoli"]),
        ("trat", ["napoli"]),  # the beginning of a word
        ("astrom", ["kala"]),  # without accents
        ("ÅSTRÖM", ["kala"]),
        ("a\u030astro\u0308m", ["kala"]),  # accents as characters of their own
        ("creme brulee", ["ginza"]),
        ("paistettu muikku", ["kala"]),  # other endings, Finnish
        ("pizzas", ["napoli"]),  # and English
        ("japanese", ["ginza"]),
        ("marghereta", ["napoli"]),  # typing errors, when nothing is spelled so
        ("gniza", []),  # but not any
        ("napolli", ["napoli"]),
        ("margherita sushi", []),
        ("🍕", []),
        ("the", []),
        ("'; DROP TABLE x; --", []),
        ("& | ! <-> :*", []),
        ("a & | ! <-> :*", ["kala"]),
        ("marghereta piza", ["napoli"]),
        ("\\", []),
    ],
)
def test_words(api: APIClient, street: None, words: str, expected: list[str]) -> None:
    assert slugs(api, q=words) == expected


def test_a_right_spelling_leaves_the_close_ones_out(api: APIClient, make: Make) -> None:
    make("right")
    make("close")
    serves("right", "Margherita")
    serves("close", "Margarita")
    assert slugs(api, q="margherita") == ["right"]
    assert slugs(api, q="marghe") == ["right"]  # a beginning is spelled right
    assert slugs(api, q="margherrita") == ["right"]
    assert slugs(api, q="margharita") == ["close"]


def test_the_card_shows_which_dish_it_was(api: APIClient, street: None) -> None:
    dish = MenuItem.objects.get(name="Crème brûlée")
    [row] = browse(api, q="brulee")["results"]
    assert row["dish"] == {
        "id": str(dish.pk),
        "name": "Crème brûlée",
        "price": {"amount_minor": 1000, "currency": "EUR"},
    }
    assert browse(api, q="ginza")["results"][0]["dish"] is None
    both = browse(api, q="pizza")["results"][0]  # the cuisine, and a dish
    assert both["dish"]["name"] == "Pizza Margherita"


def test_the_closest_dish_is_shown(api: APIClient, make: Make) -> None:
    make("luna")
    serves("luna", "Soup with everything else on it")
    serves("luna", "Soup", dish="Dish 2")
    assert browse(api, q="soup")["results"][0]["dish"]["name"] == "Soup"


def test_what_is_not_sold_is_not_found(api: APIClient, street: None) -> None:
    MenuItem.objects.filter(name="Crème brûlée").update(is_available=False)
    assert slugs(api, q="brulee") == []


def test_a_new_name_is_found_at_once(api: APIClient, street: None) -> None:
    serves("ginza", "Halloumi", dish="Dish 2")
    assert slugs(api, q="haloumi") == ["ginza"]
    assert slugs(api, q="dish 2") == ["kala", "napoli"]


def test_by_diet(api: APIClient, make: Make) -> None:
    make("green")
    make("grill")
    MenuItem.objects.filter(restaurant__slug="grill").update(diets=["halal"])
    MenuItem.objects.filter(restaurant__slug="green", name="Dish 2").update(diets=["vegan"])
    assert slugs(api, diet="vegan") == ["green"]
    assert slugs(api, diet="vega") == []
    MenuItem.objects.filter(name="Dish 2").update(is_available=False)
    assert slugs(api, diet="vegan") == []


def test_by_price_level_and_rating(api: APIClient, make: Make) -> None:
    make("cheap", price_level=1, rating_tenths=39, rating_count=3)
    make("dear", price_level=4, rating_tenths=40, rating_count=1)
    make("new", price_level=2)
    assert slugs(api, price_level="1,2") == ["cheap", "new"]
    assert slugs(api, price_level="") == ["cheap", "dear", "new"]
    assert slugs(api, min_rating="4") == ["dear"]
    assert slugs(api, min_rating="3.9") == ["cheap", "dear"]
    assert slugs(api, min_rating="0") == ["cheap", "dear", "new"]


def test_free_delivery_is_free_to_this_point(api: APIClient, make: Make) -> None:
    tariff = {"delivery_fee_minor": 0, "delivery_fee_per_km_minor": 100}
    make("near", lat=LAT + NORTH_1_KM / 2, **tariff)
    make("far", lat=LAT + 2 * NORTH_1_KM, **tariff)
    make("dear")
    assert slugs(api, free_delivery="true") == ["near"]


def test_cuisines_are_counted_under_every_filter_but_their_own(api: APIClient, make: Make) -> None:
    make("a", cuisines=("pizza", "italian"), price_level=1)
    make("b", cuisines=("pizza",), price_level=2)
    make("c", cuisines=("sushi",), price_level=1)
    make("out-of-reach", cuisines=("sushi",), lat=LAT + NORTH_1_KM, delivery_radius_m=10)
    page = browse(api, cuisine="pizza", limit=1)
    assert (page["count"], len(page["results"])) == (2, 1)
    assert page["cuisines"] == [
        {"name": "pizza", "count": 2},
        {"name": "italian", "count": 1},
        {"name": "sushi", "count": 1},
    ]
    cheap = browse(api, price_level="1")
    assert {row["name"]: row["count"] for row in cheap["cuisines"]} == {"pizza": 1, "italian": 1, "sushi": 1}


def test_the_search_is_served_by_indexes(street: None) -> None:
    """With many dishes PostgreSQL must not read them all."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for matches in (
            "search_lexemes @@ restaurants_query('pizza')",
            "restaurants_fold('pizzza') <% search_name",
        ):
            cursor.execute(f"EXPLAIN SELECT id FROM restaurants_menuitem WHERE {matches}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            assert "Bitmap Index Scan on menu_item_search_" in plan
