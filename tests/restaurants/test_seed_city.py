"""manage.py seed_city: a whole city at once, and the second time nothing."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from deliveryapp.city import load_city
from deliveryapp.models import User
from restaurants.models import MenuItem, OpeningHours, Option, Restaurant, StaffMember

GRID = "grid:12x12"  # 24 places


def seed(*args: str, city: str = GRID, restaurants: int = 6, drivers: int = 3, customers: int = 4) -> str:
    out = io.StringIO()
    sizes = [f"--restaurants={restaurants}", f"--drivers={drivers}", f"--customers={customers}"]
    call_command("seed_city", f"--city={city}", *sizes, *args, stdout=out)
    return out.getvalue()


def everything() -> dict[str, list[dict[str, Any]]]:
    """Every row of the apps that are seeded."""
    labels = ("restaurants", "drivers", "orders", "deliveryapp")
    models = [model for label in labels for model in apps.get_app_config(label).get_models()]
    return {model._meta.label: list(model.objects.order_by("pk").values()) for model in models}


def log_in(email: str) -> APIClient:
    api = APIClient()
    answer = api.post("/api/v1/auth/token/", {"email": email, "password": "demo-pass-1"}, format="json")
    assert answer.status_code == 200, answer.content
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}")
    return api


def roles(email: str) -> Any:
    return log_in(email).get("/api/v1/me/").json()["roles"]


@pytest.mark.django_db(transaction=True)
def test_the_second_run_changes_nothing(django_assert_max_num_queries: Any) -> None:
    told = seed()
    assert "restaurants: 6, of which 6 new" in told
    assert ("drivers: 4, of which 4 new" in told, "customers: 5, of which 5 new" in told) == (True, True)
    before = everything()
    with django_assert_max_num_queries(20):
        assert "of which 0 new" in seed("--always-open")
    assert everything() == before


def test_more_restaurants_are_added_beside_the_first(db: None) -> None:
    seed(restaurants=3)
    first = set(Restaurant.objects.values_list("pk", flat=True))
    assert "restaurants: 6, of which 3 new" in seed(restaurants=6)
    assert first < set(Restaurant.objects.values_list("pk", flat=True))


def test_the_same_seed_makes_the_same_city(db: None) -> None:
    def facts() -> list[Any]:
        rows = Restaurant.objects.order_by("slug").values_list("slug", "lat", "prep_minutes", "picture_svg")
        items = MenuItem.objects.order_by("restaurant__slug", "section__position", "position")
        return [*rows, *items.values_list("restaurant__slug", "name", "price_minor")]

    def clear() -> None:
        for model in reversed(list(apps.get_app_config("restaurants").get_models())):
            model.objects.all()._raw_delete("default")

    seed("--seed=7")
    first = facts()
    clear()
    seed("--seed=7")
    assert facts() == first
    clear()
    seed("--seed=8")
    assert facts() != first


def test_who_is_who(db: None) -> None:
    seed()
    assert [len(roles("bo@demo.example")["restaurants"]), roles("bo@demo.example")["driver"]] == [1, None]
    assert roles("kitchen-005@demo.example")["restaurants"][0]["role"] == "owner"
    assert roles("ada@demo.example")["customer"] is not None
    assert roles("cleo@demo.example")["driver"]["region"] == GRID
    assert roles("driver-003@demo.example")["driver"]["status"] == "offline"
    assert roles("support@demo.example")["support"] is True
    assert not User.objects.filter(
        email__in=["driver-004@demo.example", "customer-005@demo.example"]
    ).exists()
    assert StaffMember.objects.count() == Restaurant.objects.count() == 6
    assert User.objects.filter(email__contains="kitchen").count() == 5


def test_support_may_look_at_the_admin(client: Client, db: None) -> None:
    seed()
    client.force_login(User.objects.get(email="support@demo.example"))
    assert client.get("/admin/restaurants/restaurant/").status_code == 200
    assert not User.objects.get(email="support@demo.example").is_superuser


def test_every_address_of_a_customer_has_a_restaurant_that_delivers(db: None) -> None:
    seed(city="grid:60x60", restaurants=8, customers=20)
    for number in (1, 7, 20):
        api = log_in(f"customer-{number:03d}@demo.example")
        addresses = api.get("/api/v1/addresses/").json()
        rows = addresses["results"] if isinstance(addresses, dict) else addresses
        assert 1 <= len(rows) <= 3
        for row in rows:
            place = {"lat": row["lat"], "lng": row["lng"]}
            assert api.get("/api/v1/restaurants/", place).json()["results"]


def test_around_the_clock_or_the_hours_of_the_map(db: None) -> None:
    seed("--always-open", restaurants=2)
    assert OpeningHours.objects.filter(opens="00:00", closes="00:00").count() == 14
    seed(restaurants=4)
    real = OpeningHours.objects.exclude(opens="00:00", closes="00:00")
    assert real.values("restaurant").distinct().count() == 2


def test_a_share_of_them_is_open_around_the_clock_bos_first(db: None) -> None:
    seed("--always-open", "40", restaurants=4)

    around_the_clock = OpeningHours.objects.filter(opens="00:00", closes="00:00")
    sleepless = Restaurant.objects.filter(pk__in=around_the_clock.values("restaurant"))
    assert sleepless.count() == 2
    assert sleepless.filter(staff__user__email="bo@demo.example").exists()


@pytest.mark.slow
def test_the_whole_of_helsinki(db: None) -> None:
    places = load_city("helsinki").places
    seed(city="helsinki", restaurants=10_000, drivers=0, customers=0)
    assert Restaurant.objects.count() == len(places)
    assert set(Restaurant.objects.values_list("osm_id", flat=True)) == {place.osm_id for place in places}
    assert Restaurant.objects.values("slug").distinct().count() == len(places)
    assert MenuItem.objects.values("restaurant").distinct().count() == len(places)
    assert Option.objects.count() > 10 * len(places)


@pytest.mark.parametrize(
    "args",
    [["--city=atlantis"], ["--city=grid:1x1"], ["--restaurants=0"], ["--drivers=-1"], ["--customers=many"]],
)
def test_sizes_and_cities_that_are_none(db: None, args: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("seed_city", *args, stdout=io.StringIO(), stderr=io.StringIO())
    assert not User.objects.exists()
