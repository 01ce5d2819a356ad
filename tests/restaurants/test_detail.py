"""GET /api/v1/restaurants/{id or slug}/: one restaurant with its menu."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from rest_framework.test import APIClient

from restaurants.api import serializers
from restaurants.hours import WeeklySpan
from restaurants.models import MenuItem, Option, Restaurant, SpecialDay
from tests.restaurants.conftest import MARKET_SQUARE, Make, a_menu

LAT, LNG = MARKET_SQUARE
MONDAY_NOON = datetime(2025, 5, 5, 9, tzinfo=UTC)


@pytest.fixture
def api() -> APIClient:
    return APIClient()


def detail(api: APIClient, key: object, **params: Any) -> Any:
    answer = api.get(f"/api/v1/restaurants/{key}/", params)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_by_id_and_by_slug(api: APIClient, make: Make) -> None:
    luna = make("luna")
    assert detail(api, luna.pk) == detail(api, "luna")


@time_machine.travel(MONDAY_NOON, tick=False)
def test_hours_and_special_days_as_wall_times(api: APIClient, make: Make) -> None:
    luna = make("luna", hours=[WeeklySpan(4, time(18), time(2)), WeeklySpan(0, time(9, 30), time(0))])
    SpecialDay.objects.create(restaurant=luna, date=date(2025, 6, 20))
    SpecialDay.objects.create(restaurant=luna, date=date(2025, 6, 21), opens=time(12), closes=time(16))
    SpecialDay.objects.create(restaurant=luna, date=date(2025, 4, 1))  # over
    body = detail(api, "luna")
    assert body["timezone"] == "Europe/Helsinki"
    assert body["hours"] == [
        {"weekday": 0, "opens": "09:30", "closes": "00:00"},
        {"weekday": 4, "opens": "18:00", "closes": "02:00"},
    ]
    assert body["special_days"] == [
        {"date": "2025-06-20", "opens": None, "closes": None, "repeats_yearly": False},
        {"date": "2025-06-21", "opens": "12:00", "closes": "16:00", "repeats_yearly": False},
    ]


def test_the_menu_in_its_order(api: APIClient, make: Make) -> None:
    make("luna", menu=a_menu(2))
    sections = detail(api, "luna")["menu"]["sections"]
    assert [(section["name"], len(section["items"])) for section in sections] == [("Mains", 2), ("Drinks", 0)]
    dish = sections[0]["items"][1]
    option = Option.objects.get(group__item__name="Dish 2", name="Large")
    assert dish == {
        "id": str(MenuItem.objects.get(name="Dish 2").pk),
        "name": "Dish 2",
        "available": True,
        "sold_out_until": None,
        "description": "",
        "price": {"amount_minor": 1100, "currency": "EUR"},
        "picture": "",
        "allergens": ["gluten"],
        "diets": ["vegetarian"],
        "option_groups": dish["option_groups"],
        "left": None,
        "served_now": True,
        "next_served_at": None,
        "windows": [],
    }
    size, extras = dish["option_groups"]
    assert (size["name"], size["min_choices"], size["max_choices"]) == ("Size", 1, 1)
    assert size["options"][1] == {
        "id": str(option.pk),
        "name": "Large",
        "price_delta": {"amount_minor": 250, "currency": "EUR"},
        "available": True,
        "sold_out_until": None,
        "option_groups": [],
    }
    assert [extra["name"] for extra in extras["options"]] == ["Olives", "Chilli", "Rocket"]


def test_the_shape_is_the_one_that_the_schema_promises(api: APIClient, make: Make) -> None:
    make("luna")
    body = detail(api, "luna")
    item = body["menu"]["sections"][0]["items"][0]
    assert set(body) == set(serializers.RestaurantDetailOutput().fields)
    assert set(item) == set(serializers.MenuItemOutput().fields)
    assert set(item["option_groups"][0]) == set(serializers.MenuOptionGroupOutput().fields)
    assert set(item["option_groups"][0]["options"][0]) == set(serializers.MenuOptionOutput().fields)


@time_machine.travel(MONDAY_NOON, tick=False)
def test_sold_out_now_and_until_later(api: APIClient, make: Make) -> None:
    make("luna")
    MenuItem.objects.filter(name="Dish 1").update(is_available=False)
    MenuItem.objects.filter(name="Dish 2").update(sold_out_until=MONDAY_NOON + timedelta(hours=3))
    MenuItem.objects.filter(name="Dish 3").update(sold_out_until=MONDAY_NOON)
    items = detail(api, "luna")["menu"]["sections"][0]["items"]
    assert [(item["available"], item["sold_out_until"]) for item in items] == [
        (False, None),
        (False, "2025-05-05T12:00:00Z"),
        (True, None),
    ]


def test_terms_only_for_who_says_where(api: APIClient, make: Make) -> None:
    make("luna", delivery_radius_m=1_000)
    nowhere = detail(api, "luna")
    assert (nowhere["distance_m"], nowhere["delivery_fee"]) == (None, None)
    assert (nowhere["eta_minutes"], nowhere["delivers_here"]) == (None, None)
    here = detail(api, "luna", lat=LAT, lng=LNG)
    assert (here["distance_m"], here["delivery_fee"]["amount_minor"], here["delivers_here"]) == (0, 290, True)
    assert detail(api, "luna", lat=LAT + 0.02, lng=LNG)["delivers_here"] is False


@pytest.mark.parametrize(
    "params", [{"lat": LAT}, {"lng": LNG}, {"lat": "nan", "lng": 0}, {"lat": 1, "lng": 999}]
)
def test_half_a_point_is_none(api: APIClient, make: Make, params: dict[str, Any]) -> None:
    make("luna")
    answer = api.get("/api/v1/restaurants/luna/", params)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


def test_whoever_is_not_there(api: APIClient, make: Make) -> None:
    left = make("left")
    Restaurant.objects.update(is_active=False)
    for key in ("nobody", uuid4(), left.pk, "left", "00000000-0000"):
        answer = api.get(f"/api/v1/restaurants/{key}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "restaurant_not_found")


@pytest.mark.parametrize("path", ["%00", "a%20b", "..%2f", "%F0%9F%8D%95"])
def test_an_address_that_is_none(api: APIClient, db: None, path: str) -> None:
    answer = api.get(f"/api/v1/restaurants/{path}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_menu_costs_five_queries_whatever_its_length(
    api: APIClient, make: Make, django_assert_num_queries: Any
) -> None:
    make("short", menu=a_menu(1))
    make("long", menu=a_menu(60))
    for slug in ("short", "long"):
        with django_assert_num_queries(5):
            detail(api, slug)


def test_it_is_revalidated(api: APIClient, make: Make) -> None:
    make("luna")
    first = api.get("/api/v1/restaurants/luna/")
    again = api.get("/api/v1/restaurants/luna/", headers={"If-None-Match": first["ETag"]})
    assert set(first["Cache-Control"].split(", ")) == {"public", "max-age=10"}
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("slug", ["mine", "cuisines"])
def test_a_name_cannot_hide_an_address_of_the_api(api: APIClient, make: Make, slug: str) -> None:
    with pytest.raises(Restaurant.DoesNotExist):
        make(slug, osm_id="node/7")
    assert detail(api, f"{slug}-7")["name"] == slug.capitalize()
