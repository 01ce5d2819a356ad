"""GET /api/v1/restaurants/: who delivers here, in what order, at what price, and whether they are open."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from restaurants.api.serializers import RestaurantOutput
from restaurants.hours import WeeklySpan
from restaurants.models import MenuItem, Restaurant, SpecialDay
from tests.restaurants.conftest import MARKET_SQUARE, Make

LAT, LNG = MARKET_SQUARE
LIST = "/api/v1/restaurants/"
NORTH_1_KM = 0.008993  # degrees of latitude
MONDAY_NOON = datetime(2025, 5, 5, 9, tzinfo=UTC)  # 12:00 in Helsinki


@pytest.fixture
def api() -> APIClient:
    """Nobody in particular: browsing needs no account."""
    return APIClient()


def browse(api: APIClient, **params: Any) -> Any:
    answer = api.get(LIST, {"lat": LAT, "lng": LNG, **params})
    assert answer.status_code == 200, answer.content
    return answer.json()


def slugs(api: APIClient, **params: Any) -> list[str]:
    return [row["slug"] for row in browse(api, **params)["results"]]


@time_machine.travel(MONDAY_NOON, tick=False)
def test_a_card_has_all_that_a_list_shows(api: APIClient, make: Make) -> None:
    hours = [WeeklySpan(0, time(11), time(22))]
    luna = make(
        "luna", lat=LAT + 2 * NORTH_1_KM, hours=hours, prep_minutes=20, rating_tenths=46, rating_count=31
    )

    page = browse(api)

    assert page == {
        "results": [
            {
                "id": str(luna.pk),
                "slug": "luna",
                "name": "Luna",
                "kind": "restaurant",
                "cuisines": ["pizza"],
                "street": "Market Street 1",
                "lat": LAT + 2 * NORTH_1_KM,
                "lng": LNG,
                "price_level": 2,
                "rating": 4.6,
                "rating_count": 31,
                "distance_m": 2000,
                "delivery_fee": {"amount_minor": 390, "currency": "EUR"},  # 2.90 and 1 km at 1.00
                "minimum_order": {"amount_minor": 1000, "currency": "EUR"},
                "eta_minutes": {"from": 30, "to": 45},
                "open": True,
                "next_opening_at": None,
                "closes_at": "2025-05-05T19:00:00Z",
                "last_order_at": "2025-05-05T19:00:00Z",
                "picture_url": "/restaurants/luna/picture.svg",
                "promotions": [],
                "dish": None,
            }
        ],
        "next": None,
        "previous": None,
        "count": 1,
        "cuisines": [{"name": "pizza", "count": 1}],
    }
    assert set(page["results"][0]) == set(RestaurantOutput().fields)


def test_only_those_whose_radius_reaches_the_point(api: APIClient, make: Make) -> None:
    make("reaches", lat=LAT + NORTH_1_KM, delivery_radius_m=1_000)
    make("one-metre-short", lat=LAT + NORTH_1_KM, delivery_radius_m=999)
    Restaurant.objects.filter(pk=make("gone").pk).update(is_active=False)
    assert slugs(api) == ["reaches"]


@pytest.mark.parametrize(
    ("restaurant_at", "customer_at"),
    [
        ((-16.5, 179.999), (-16.5, -179.999)),
        ((-16.5, -179.999), (-16.5, 179.999)),
        ((89.999, 0.0), (89.999, 180.0)),
        ((-89.999, 10.0), (-89.999, -170.0)),
        ((0.0, 0.0), (0.0, 0.0)),
    ],
)
def test_the_ends_of_the_map(
    api: APIClient, make: Make, restaurant_at: tuple[float, float], customer_at: tuple[float, float]
) -> None:
    make("edge", lat=restaurant_at[0], lng=restaurant_at[1])
    make("far", lat=45.0, lng=90.0)
    assert slugs(api, lat=customer_at[0], lng=customer_at[1]) == ["edge"]


@time_machine.travel(MONDAY_NOON, tick=False)
def test_closed_ones_say_when_they_open(api: APIClient, make: Make) -> None:
    make("evening", hours=[WeeklySpan(0, time(18), time(2))])
    row = browse(api)["results"][0]
    assert (row["open"], row["next_opening_at"], row["closes_at"]) == (False, "2025-05-05T15:00:00Z", None)


@time_machine.travel(MONDAY_NOON, tick=False)
def test_a_special_day_closes_today(api: APIClient, make: Make) -> None:
    SpecialDay.objects.create(restaurant=make("holiday"), date=MONDAY_NOON.date())
    row = browse(api)["results"][0]
    assert (row["open"], row["next_opening_at"]) == (False, "2025-05-05T21:00:00Z")


@time_machine.travel(MONDAY_NOON, tick=False)
def test_a_pause_ends_by_itself_but_not_before_the_doors_open(api: APIClient, make: Make) -> None:
    make("paused", hours=[WeeklySpan(0, time(11), time(13)), WeeklySpan(0, time(18), time(22))])
    Restaurant.objects.update(paused_until=MONDAY_NOON + timedelta(minutes=30))
    assert browse(api)["results"][0]["next_opening_at"] == "2025-05-05T09:30:00Z"
    Restaurant.objects.update(paused_until=MONDAY_NOON + timedelta(hours=2))
    row = browse(api)["results"][0]
    assert (row["open"], row["next_opening_at"]) == (False, "2025-05-05T15:00:00Z")
    Restaurant.objects.update(paused_until=MONDAY_NOON)
    assert browse(api)["results"][0]["open"] is True


def test_switched_off_means_closed_without_a_promise(api: APIClient, make: Make) -> None:
    make("off")
    Restaurant.objects.update(is_accepting=False)
    row = browse(api)["results"][0]
    assert (row["open"], row["next_opening_at"], row["closes_at"]) == (False, None, None)


@time_machine.travel(MONDAY_NOON, tick=False)
def test_open_now(api: APIClient, make: Make) -> None:
    make("lunch", hours=[WeeklySpan(0, time(11), time(14))])
    make("dinner", hours=[WeeklySpan(0, time(18), time(22))])
    Restaurant.objects.filter(pk=make("off").pk).update(is_accepting=False)
    assert slugs(api, open_now="true") == ["lunch"]
    assert sorted(slugs(api, open_now="false")) == ["dinner", "lunch", "off"]


def test_by_cuisine_and_by_words(api: APIClient, make: Make) -> None:
    make("napoli", name="Napoli", cuisines=("pizza", "italian"))
    make("ginza", name="Ginza", cuisines=("sushi",))
    MenuItem.objects.filter(restaurant__slug="ginza", name="Dish 1").update(name="Salmon maki")
    MenuItem.objects.filter(restaurant__slug="napoli", name="Dish 1").update(name="Maki", is_available=False)
    assert slugs(api, cuisine="italian") == ["napoli"]
    assert slugs(api, cuisine="ital") == []
    assert slugs(api, q="gin") == ["ginza"]
    assert slugs(api, q="SUSHI") == ["ginza"]
    assert slugs(api, q="maki") == ["ginza"]  # Napoli's is not sold
    assert slugs(api, q="100%_") == []
    assert slugs(api, q="", cuisine="", sort="distance") == slugs(api)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("distance", ["near", "middle", "far"]),
        ("rating", ["far", "near", "middle"]),
        ("fee", ["middle", "near", "far"]),
        ("eta", ["middle", "far", "near"]),
    ],
)
def test_sorting(api: APIClient, make: Make, sort: str, expected: list[str]) -> None:
    make("near", rating_tenths=40, rating_count=9, delivery_fee_minor=300, prep_minutes=60)
    middle = {"rating_tenths": 40, "rating_count": 5, "delivery_fee_minor": 0, "prep_minutes": 10}
    make("middle", lat=LAT + NORTH_1_KM / 2, **middle)
    make("far", lat=LAT + NORTH_1_KM, rating_tenths=49, delivery_fee_minor=500, prep_minutes=30)
    assert slugs(api, sort=sort) == expected


@pytest.mark.parametrize("sort", ["distance", "rating", "fee", "eta"])
def test_pages_go_forth_and_back_without_gap_or_repeat(api: APIClient, make: Make, sort: str) -> None:
    for number in range(7):
        make(f"r{number}", lat=LAT + NORTH_1_KM * (number % 3) / 3, rating_tenths=40 + number % 2)
    everybody = slugs(api, sort=sort)
    pages = [browse(api, sort=sort, limit=3)]
    while pages[-1]["next"]:
        pages.append(api.get(pages[-1]["next"]).json())
    shown = [[row["slug"] for row in page["results"]] for page in pages]
    assert shown == [everybody[:3], everybody[3:6], everybody[6:]]
    back = api.get(pages[-1]["previous"]).json()
    assert [row["slug"] for row in back["results"]] == shown[1]
    first = api.get(back["previous"]).json()
    assert ([row["slug"] for row in first["results"]], first["previous"]) == (shown[0], None)


def test_a_page_stands_still_when_somebody_leaves(api: APIClient, make: Make) -> None:
    for number in range(4):
        make(f"r{number}", lat=LAT + NORTH_1_KM * number / 10)
    page = browse(api, limit=2)
    Restaurant.objects.filter(slug="r1").update(is_active=False)
    assert [row["slug"] for row in api.get(page["next"]).json()["results"]] == ["r2", "r3"]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"lat": None}, "lat"),
        ({"lng": None}, "lng"),
        ({"lat": "91"}, "lat"),
        ({"lng": "-180.5"}, "lng"),
        ({"lat": "nan"}, "lat"),
        ({"lng": "Infinity"}, "lng"),
        ({"lat": "north"}, "lat"),
        ({"lat": ""}, "lat"),
        ({"sort": "name"}, "sort"),
        ({"open_now": "perhaps"}, "open_now"),
        ({"q": "x" * 81}, "q"),
        ({"price_level": "5"}, "price_level"),
        ({"price_level": "1,"}, "price_level"),
        ({"min_rating": "5.1"}, "min_rating"),
        ({"min_rating": "nan"}, "min_rating"),
        ({"free_delivery": "perhaps"}, "free_delivery"),
        ({"diet": "\x00"}, "diet"),
        ({"q": "a\x00b"}, "q"),
        ({"cuisine": "\x00"}, "cuisine"),
        ({"cursor": "garbage"}, "cursor"),
        ({"cursor": "W2ZhbHNlXQ=="}, "cursor"),  # [false]
        ({"cursor": "W2ZhbHNlLCAxLCAyLCAieCIsICJ5Il0="}, "cursor"),  # [false, 1, 2, "x", "y"]
        ({"cursor": "eyJhIjogMX0="}, "cursor"),  # {"a": 1}
        ({"cursor": "ä"}, "cursor"),
    ],
)
def test_bad_questions(api: APIClient, db: None, params: dict[str, Any], field: str) -> None:
    query = {name: value for name, value in ({"lat": LAT, "lng": LNG} | params).items() if value is not None}
    answer = api.get(LIST, query)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["errors"][0]["field"]) == ("invalid_input", field)


@pytest.mark.parametrize("limit", ["0", "-1", "1000000", "x"])
def test_a_limit_out_of_bounds_is_brought_back(api: APIClient, make: Make, limit: str) -> None:
    make("luna")
    assert slugs(api, limit=limit) == ["luna"]


@pytest.mark.parametrize(
    ("params", "queries"),
    [
        ({}, 2),
        ({"open_now": "true"}, 3),
        ({"q": "dish"}, 3),
        ({"q": "pizzza"}, 4),  # a typing error is looked for when nothing is spelled so
        ({"q": "dish", "open_now": "true", "diet": "vegetarian", "min_rating": "0"}, 4),
    ],
)
def test_a_page_costs_the_same_whatever_its_length(
    api: APIClient, make: Make, params: dict[str, str], queries: int, django_assert_num_queries: Any
) -> None:
    make("r0")
    with django_assert_num_queries(queries):
        assert len(slugs(api, **params)) == 1
    for number in range(1, 30):
        make(f"r{number}")
    with django_assert_num_queries(queries):
        assert len(slugs(api, **params, limit=100)) == 30


@time_machine.travel(MONDAY_NOON, tick=False)
def test_anybody_s_answer_may_be_cached_and_revalidated(api: APIClient, make: Make) -> None:
    make("luna")
    query = {"lat": LAT, "lng": LNG}
    first = api.get(LIST, query)
    assert set(first["Cache-Control"].split(", ")) == {"public", "max-age=10"}
    assert "Cookie" not in first.get("Vary", "")
    again = api.get(LIST, query, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    Restaurant.objects.update(delivery_fee_minor=0)
    changed = api.get(LIST, query, headers={"If-None-Match": first["ETag"]})
    assert (changed.status_code, changed["ETag"] == first["ETag"]) == (200, False)


def test_refusals_are_not_cached(api: APIClient, db: None) -> None:
    assert "Cache-Control" not in api.get(LIST)
    assert "Cache-Control" not in api.get(f"{LIST}nobody/")


def test_a_stale_token_does_not_spoil_browsing(api: APIClient, make: Make) -> None:
    make("luna")
    api.credentials(HTTP_AUTHORIZATION="Bearer expired")
    assert slugs(api) == ["luna"]


def test_cuisines_by_how_many_offer_them(api: APIClient, make: Make) -> None:
    make("a", cuisines=("pizza", "italian"))
    make("b", cuisines=("pizza",))
    make("c", cuisines=("sushi",))
    Restaurant.objects.filter(slug="c").update(is_active=False)
    answer = api.get(f"{LIST}cuisines/")
    assert answer.json() == {"results": [{"name": "pizza", "count": 2}, {"name": "italian", "count": 1}]}


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_browsing_only_reads(api: APIClient, db: None, method: str) -> None:
    assert getattr(api, method)(LIST).status_code == 405
