"""PUT and DELETE /api/v1/restaurants/{id}/delivery-area/: Bo draws how far he delivers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from deliveryapp.models import User
from restaurants.models import Restaurant, StaffMember
from tests.restaurants.conftest import MARKET_SQUARE, Make

LAT, LNG = MARKET_SQUARE
As = Callable[[User | None], APIClient]
SQUARE = [[LNG - 0.02, LAT], [LNG + 0.02, LAT], [LNG + 0.02, LAT + 0.02], [LNG - 0.02, LAT + 0.02]]


@pytest.fixture
def luna(make: Make, bo: User) -> Restaurant:
    return make("luna", owner=bo, delivery_radius_m=100)


def put(api: APIClient, place: Restaurant, ring: Any) -> Any:
    body = {"type": "Polygon", "coordinates": [ring]}
    return api.put(f"/api/v1/restaurants/{place.pk}/delivery-area/", body, format="json")


def slugs(lat: float, lng: float) -> list[str]:
    rows = APIClient().get("/api/v1/restaurants/", {"lat": lat, "lng": lng}).json()["results"]
    return [row["slug"] for row in rows]


def test_an_area_replaces_the_radius_everywhere(as_: As, luna: Restaurant, bo: User) -> None:
    inside, outside = (LAT + 0.01, LNG), (LAT - 0.0005, LNG)  # the second is within the radius
    assert (slugs(*inside), slugs(*outside)) == ([], ["luna"])
    answer = put(as_(bo), luna, SQUARE)
    closed = {"type": "Polygon", "coordinates": [[*SQUARE, SQUARE[0]]]}
    assert (answer.status_code, answer.json()) == (200, closed)
    assert (slugs(*inside), slugs(*outside)) == (["luna"], [])
    detail = APIClient().get("/api/v1/restaurants/luna/", {"lat": inside[0], "lng": inside[1]}).json()
    assert (detail["delivers_here"], detail["delivery_area"]) == (True, closed)
    assert as_(bo).delete(f"/api/v1/restaurants/{luna.pk}/delivery-area/").status_code == 204
    assert (slugs(*inside), slugs(*outside)) == ([], ["luna"])


def test_a_quote_is_refused_outside_the_area(as_: As, luna: Restaurant, bo: User, ada: User) -> None:
    put(as_(bo), luna, SQUARE)
    item = luna.items.filter(name="Dish 1").get()
    size = item.option_groups.get(name="Size").options.first()
    assert size is not None
    door = {"street": "Kauppatori 1", "city": "Helsinki", "lng": LNG}
    line = {"item_id": str(item.pk), "quantity": 2, "option_ids": [str(size.pk)]}
    body = {"restaurant_id": str(luna.pk), "lines": [line]}
    for lat, status in ((LAT + 0.01, 200), (LAT - 0.0005, 409)):
        answer = as_(ada).post("/api/v1/quotes/", body | {"delivery": door | {"lat": lat}}, format="json")
        assert answer.status_code == status, answer.content


@pytest.mark.parametrize(
    ("ring", "status", "code"),
    [
        (SQUARE[:2], 400, "invalid_input"),
        ([*SQUARE[:2], SQUARE[0]], 422, "area_invalid"),
        ([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]], 422, "area_invalid"),  # a bow tie
        ([*SQUARE, [LNG, LAT + 1]], 422, "area_invalid"),
        ([*SQUARE, [LNG, 91]], 400, "invalid_input"),
        ([*SQUARE, ["nan", LAT]], 400, "invalid_input"),
        ([*SQUARE, [LNG]], 400, "invalid_input"),
        (SQUARE * 51, 400, "invalid_input"),
        ("everywhere", 400, "invalid_input"),
    ],
)
def test_what_is_no_area(as_: As, luna: Restaurant, bo: User, ring: Any, status: int, code: str) -> None:
    answer = put(as_(bo), luna, ring)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    luna.refresh_from_db()
    assert luna.delivery_area is None


def test_strangers_and_cooks_draw_nothing(as_: As, luna: Restaurant, cleo: User, dov: User) -> None:
    StaffMember.objects.create(restaurant=luna, user=cleo, role="kitchen")
    assert put(as_(dov), luna, SQUARE).status_code == 404
    assert put(as_(cleo), luna, SQUARE).json()["code"] == "role_required"
    assert put(as_(None), luna, SQUARE).status_code == 401
    assert as_(dov).delete(f"/api/v1/restaurants/{luna.pk}/delivery-area/").status_code == 404
    luna.refresh_from_db()
    assert luna.delivery_area is None
