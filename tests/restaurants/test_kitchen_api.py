"""What staff switch: pause, resume, sold out. Bo cooks; Dov must see nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from rest_framework.test import APIClient

from deliveryapp.models import User
from restaurants.api.serializers import KitchenOutput, MenuItemStateOutput
from restaurants.models import MenuItem, Restaurant, StaffMember
from tests.restaurants.conftest import Make

MONDAY_NOON = datetime(2025, 5, 5, 9, tzinfo=UTC)
As = Callable[[User | None], APIClient]


@pytest.fixture
def luna(make: Make, bo: User) -> Restaurant:
    return make("luna", owner=bo)


def url(restaurant: Restaurant, action: str) -> str:
    return f"/api/v1/restaurants/{restaurant.pk}/{action}/"


def item_url(restaurant: Restaurant, name: str = "Dish 1") -> str:
    item = MenuItem.objects.get(restaurant__slug="luna", name=name)
    return url(restaurant, f"items/{item.pk}")


def state(restaurant: Restaurant) -> tuple[bool, datetime | None]:
    restaurant.refresh_from_db()
    return restaurant.is_accepting, restaurant.paused_until


@time_machine.travel(MONDAY_NOON, tick=False)
def test_pause_for_a_while_and_resume(as_: As, bo: User, luna: Restaurant) -> None:
    paused = as_(bo).post(url(luna, "pause"), {"minutes": 30}, format="json")
    assert (paused.status_code, set(paused.json())) == (200, set(KitchenOutput().fields))
    assert paused.json()["open"] is False
    assert paused.json()["paused_until"] == paused.json()["next_opening_at"] == "2025-05-05T09:30:00Z"
    assert state(luna) == (True, MONDAY_NOON + timedelta(minutes=30))

    resumed = as_(bo).post(url(luna, "resume"))
    assert (resumed.status_code, resumed.json()["open"], resumed.json()["paused_until"]) == (200, True, None)
    assert state(luna) == (True, None)


@time_machine.travel(MONDAY_NOON, tick=False)
def test_a_fast_city_s_pause_is_short_on_the_wall(as_: As, bo: User, luna: Restaurant, settings: Any) -> None:
    settings.SIMULATION_SPEED = 20
    as_(bo).post(url(luna, "pause"), {"minutes": 30}, format="json")
    assert state(luna) == (True, MONDAY_NOON + timedelta(seconds=90))


@time_machine.travel(MONDAY_NOON, tick=False)
def test_pause_until_a_time(as_: As, bo: User, luna: Restaurant) -> None:
    paused = as_(bo).post(url(luna, "pause"), {"until": "2025-05-06T11:00:00+03:00"}, format="json").json()
    assert paused["paused_until"] == paused["next_opening_at"] == "2025-05-06T08:00:00Z"
    assert state(luna) == (True, MONDAY_NOON + timedelta(hours=23))


@time_machine.travel(MONDAY_NOON, tick=False)
@pytest.mark.parametrize(
    "body",
    [
        {"until": "2025-05-05T08:59:59Z"},
        {"until": "2025-05-12T09:00:01Z"},
        {"until": "2025-05-06T11:00:00"},
        {"until": "tomorrow"},
        {"until": None},
        {"until": "2025-05-06T08:00:00Z", "minutes": 30},
    ],
)
def test_no_time_to_pause_until(as_: As, bo: User, luna: Restaurant, body: object) -> None:
    before = state(luna)
    refused = as_(bo).post(url(luna, "pause"), body, format="json")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
    assert state(luna) == before


def test_pause_until_resumed(as_: As, bo: User, luna: Restaurant) -> None:
    paused = as_(bo).post(url(luna, "pause"), {"minutes": None}, format="json").json()
    assert (paused["accepting"], paused["open"], paused["next_opening_at"]) == (False, False, None)
    assert as_(bo).post(url(luna, "resume")).json()["open"] is True


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"minutes": 0},
        {"minutes": -5},
        {"minutes": 1441},
        {"minutes": 1.5},
        {"minutes": "30"},
        {"minutes": True},
        [],
    ],
)
def test_a_pause_of_no_length(as_: As, bo: User, luna: Restaurant, body: Any) -> None:
    answer = as_(bo).post(url(luna, "pause"), body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert state(luna) == (True, None)


def test_sold_out_and_back(as_: As, bo: User, luna: Restaurant) -> None:
    answer = as_(bo).patch(item_url(luna), {"available": False}, format="json")
    assert (answer.status_code, set(answer.json())) == (200, set(MenuItemStateOutput().fields))
    assert (answer.json()["name"], answer.json()["available"]) == ("Dish 1", False)
    assert MenuItem.objects.filter(is_available=False).values_list("name", flat=True).get() == "Dish 1"
    assert as_(bo).patch(item_url(luna), {"available": True}, format="json").json()["available"] is True
    assert not MenuItem.objects.filter(is_available=False).exists()


@time_machine.travel(MONDAY_NOON, tick=False)
def test_sold_out_until_tomorrow_comes_back_by_itself(as_: As, bo: User, luna: Restaurant) -> None:
    body = {"available": False, "sold_out_until": "2025-05-06T06:00:00Z"}
    answer = as_(bo).patch(item_url(luna), body, format="json").json()
    assert (answer["available"], answer["sold_out_until"]) == (False, "2025-05-06T06:00:00Z")
    with time_machine.travel(MONDAY_NOON + timedelta(days=1), tick=False):
        menu = APIClient().get("/api/v1/restaurants/luna/").json()["menu"]
    assert menu["sections"][0]["items"][0]["available"] is True


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"available": None},
        {"available": "no"},
        {"available": 0},
        {"available": False, "sold_out_until": "2020-01-01T00:00:00Z"},
        {"available": False, "sold_out_until": "tomorrow"},
    ],
)
def test_an_availability_that_is_none(as_: As, bo: User, luna: Restaurant, body: Any) -> None:
    answer = as_(bo).patch(item_url(luna), body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert not MenuItem.objects.exclude(is_available=True, sold_out_until=None).exists()


def test_only_availability_can_be_changed(as_: As, bo: User, luna: Restaurant) -> None:
    body = {"available": True, "price_minor": 1, "name": "Free", "restaurant": str(uuid4())}
    assert as_(bo).patch(item_url(luna), body, format="json").status_code == 200
    dish = MenuItem.objects.get(restaurant=luna, name="Dish 1")
    assert dish.price_minor == 1000


def test_an_item_of_another_restaurant(as_: As, bo: User, dov: User, make: Make, luna: Restaurant) -> None:
    foreign = MenuItem.objects.filter(restaurant=make("sol", owner=dov)).first()
    assert foreign
    answer = as_(bo).patch(url(luna, f"items/{foreign.pk}"), {"available": False}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "menu_item_not_found")
    foreign.refresh_from_db()
    assert foreign.is_available


def test_mine_lists_where_i_work_and_nothing_else(
    as_: As, bo: User, dov: User, make: Make, luna: Restaurant
) -> None:
    sol = make("sol", owner=dov)
    StaffMember.objects.create(restaurant=sol, user=bo, role="kitchen")
    Restaurant.objects.filter(pk=make("left", owner=bo).pk).update(is_active=False)
    rows = as_(bo).get("/api/v1/restaurants/mine/").json()["results"]
    assert [(row["slug"], row["role"], row["open"]) for row in rows] == [
        ("luna", "owner", True),
        ("sol", "kitchen", True),
    ]
    assert set(rows[0]) == set(KitchenOutput().fields)
    assert as_(bo).get("/api/v1/me/").json()["roles"]["restaurants"] == [
        {"id": str(luna.pk), "slug": "luna", "name": "Luna", "role": "owner"},
        {"id": str(sol.pk), "slug": "sol", "name": "Sol", "role": "kitchen"},
    ]


def test_who_works_nowhere(as_: As, dov: User, luna: Restaurant) -> None:
    assert as_(dov).get("/api/v1/restaurants/mine/").json() == {"results": []}
    assert as_(dov).get("/api/v1/me/").json()["roles"]["restaurants"] is None


ACTIONS = [
    ("post", "pause", {"minutes": 30}),
    ("post", "resume", {}),
    ("patch", "items/{item}", {"available": False}),
]


@pytest.mark.parametrize(("method", "action", "body"), ACTIONS)
def test_for_a_stranger_it_does_not_exist(
    as_: As, dov: User, make: Make, luna: Restaurant, method: str, action: str, body: dict[str, Any]
) -> None:
    make("sol", owner=dov)
    item = MenuItem.objects.filter(restaurant=luna).first()
    assert item
    path = url(luna, action.format(item=item.pk))
    answer = getattr(as_(dov), method)(path, body, format="json")
    unknown = getattr(as_(dov), method)(path.replace(str(luna.pk), str(uuid4())), body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (404, "restaurant_not_found")
    assert answer.json() == unknown.json()
    assert state(luna) == (True, None)
    assert not MenuItem.objects.filter(is_available=False).exists()


@pytest.mark.parametrize(("method", "action", "body"), ACTIONS)
def test_nobody_in_particular_must_sign_in(
    as_: As, luna: Restaurant, method: str, action: str, body: dict[str, Any]
) -> None:
    answer = getattr(as_(None), method)(url(luna, action.format(item=uuid4())), body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert as_(None).get("/api/v1/restaurants/mine/").status_code == 401


def test_a_dismissed_cook_has_no_way_in(as_: As, bo: User, luna: Restaurant) -> None:
    StaffMember.objects.all().delete()
    answer = as_(bo).post(url(luna, "pause"), {"minutes": 30}, format="json")
    assert (answer.status_code, state(luna)) == (404, (True, None))
