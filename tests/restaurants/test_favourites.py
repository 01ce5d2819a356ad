"""PUT, DELETE and GET /api/v1/favourites/: Ada keeps what she likes; nobody else sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from deliveryapp.models import User
from restaurants.models import Favourite, Restaurant
from restaurants.services import favourites
from tests.restaurants.conftest import MARKET_SQUARE, Make

LAT, LNG = MARKET_SQUARE
As = Callable[[User | None], APIClient]
MINE = "/api/v1/favourites/"


def kept(api: APIClient) -> list[str]:
    return [row["slug"] for row in api.get(MINE).json()["results"]]


def test_ada_keeps_two_and_drops_one(as_: As, make: Make, ada: User, dov: User) -> None:
    luna, sol, api = make("luna"), make("sol"), as_(ada)
    for place in (luna, sol, luna):
        assert api.put(f"{MINE}{place.pk}/").status_code == 204
    assert kept(api) == ["sol", "luna"]
    assert kept(as_(dov)) == []
    for _ in range(2):
        assert api.delete(f"{MINE}{luna.pk}/").status_code == 204
    assert kept(api) == ["sol"]


def test_the_list_of_favourites_that_deliver_here(
    as_: As, make: Make, ada: User, django_assert_num_queries: Any
) -> None:
    api, here = as_(ada), {"lat": LAT, "lng": LNG}
    for slug, cuisine in (("luna", "pizza"), ("sol", "sushi"), ("other", "pizza")):
        make(slug, cuisines=(cuisine,))
    far = make("far", lat=LAT + 0.1)
    for place in Restaurant.objects.exclude(slug="other"):
        api.put(f"{MINE}{place.pk}/")
    assert far.slug in kept(api)
    with django_assert_num_queries(3):  # who asks, then as for everybody
        answer = api.get(f"{MINE}restaurants/", here)
    assert sorted(row["slug"] for row in answer.json()["results"]) == ["luna", "sol"]
    assert "public" not in answer.get("Cache-Control", "")
    assert [
        row["slug"] for row in api.get(f"{MINE}restaurants/", here | {"cuisine": "sushi"}).json()["results"]
    ] == ["sol"]


def test_one_query_whatever_their_number(
    as_: As, make: Make, ada: User, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        Favourite.objects.create(user=ada, restaurant=make(f"r{number}"))
    api = as_(ada)
    with django_assert_num_queries(2):  # and who asks
        assert len(kept(api)) == 5


def test_what_cannot_be_kept(as_: As, make: Make, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    luna, gone, api = make("luna"), make("gone"), as_(ada)
    Restaurant.objects.filter(pk=gone.pk).update(is_active=False)
    for restaurant_id in (gone.pk, uuid4()):
        assert api.put(f"{MINE}{restaurant_id}/").json()["code"] == "restaurant_not_found"
    monkeypatch.setattr(favourites, "MOST", 1)
    assert api.put(f"{MINE}{luna.pk}/").status_code == 204
    assert api.put(f"{MINE}{luna.pk}/").status_code == 204
    assert api.put(f"{MINE}{make('sol').pk}/").json()["code"] == "favourites_full"
    assert kept(api) == ["luna"]


def test_one_that_left_is_still_shown_as_gone(as_: As, make: Make, ada: User) -> None:
    luna, api = make("luna"), as_(ada)
    api.put(f"{MINE}{luna.pk}/")
    Restaurant.objects.update(is_active=False)
    [row] = api.get(MINE).json()["results"]
    assert (row["restaurant_id"], row["active"]) == (str(luna.pk), False)


@pytest.mark.parametrize("method", ["put", "delete"])
def test_somebody_without_a_name_keeps_nothing(as_: As, make: Make, method: str) -> None:
    assert getattr(as_(None), method)(f"{MINE}{make('luna').pk}/").status_code == 401
    assert as_(None).get(MINE).status_code == 401
