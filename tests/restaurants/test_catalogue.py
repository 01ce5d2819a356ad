"""The menu as staff write it: owners and managers edit, the kitchen switches. Dov must see nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from rest_framework.test import APIClient

from deliveryapp.models import User
from restaurants.api.catalogue_serializers import CatalogueOutput
from restaurants.models import MenuItem, MenuSection, Option, OptionGroup, Restaurant, StaffMember
from tests.cast import make_user
from tests.restaurants.conftest import Make

As = Callable[[User | None], APIClient]
MONDAY_NOON = datetime(2025, 5, 5, 9, tzinfo=UTC)  # 12:00 in Helsinki


@pytest.fixture
def luna(make: Make, bo: User) -> Restaurant:
    return make("luna", owner=bo)


@pytest.fixture
def api(as_: As, bo: User) -> APIClient:
    return as_(bo)


@pytest.fixture
def mia(luna: Restaurant) -> User:
    """Works in Bo's kitchen and manages nothing."""
    user = make_user("Mia")
    StaffMember.objects.create(restaurant=luna, user=user, role="kitchen")
    return user


def url(restaurant: Restaurant, *parts: object) -> str:
    return f"/api/v1/restaurants/{restaurant.pk}/catalogue/" + "".join(f"{part}/" for part in parts)


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def counts() -> list[int]:
    return [model.objects.count() for model in (MenuSection, MenuItem, OptionGroup, Option)]


def dish(name: str = "Dish 1") -> MenuItem:
    return MenuItem.objects.get(restaurant__slug="luna", name=name)


def add(api: APIClient, luna: Restaurant, kind: str, **fields: Any) -> str:
    answer = api.post(url(luna, kind), fields, format="json")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def test_the_whole_menu_costs_seven_statements(
    api: APIClient, luna: Restaurant, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(7):
        body = api.get(url(luna)).json()
    assert set(body) == set(CatalogueOutput().fields)
    assert (body["role"], body["may_edit"], body["timezone"]) == ("owner", True, "Europe/Helsinki")
    mains = body["sections"][0]
    assert [item["name"] for item in mains["items"]] == ["Dish 1", "Dish 2", "Dish 3"]
    assert mains["items"][0]["option_groups"][0]["options"][1]["price_delta"]["amount_minor"] == 250


def test_a_dish_from_the_first_word_to_the_order_page(api: APIClient, luna: Restaurant) -> None:
    section = add(api, luna, "sections", name="Soups", position=5)
    item = add(
        api,
        luna,
        "items",
        section_id=section,
        name="Borscht",
        price_minor=990,
        allergens=["milk", "celery"],
        diets=["vegetarian"],
        stock=4,
    )
    meal = add(api, luna, "groups", item_id=item, name="Side", min_choices=1, max_choices=1)
    drink = add(api, luna, "options", group_id=meal, name="With a drink", price_delta_minor=300)
    add(api, luna, "options", group_id=meal, name="Plain")
    which = add(
        api, luna, "groups", item_id=item, name="Which?", opened_by_id=drink, min_choices=1, max_choices=1
    )
    kvass = add(api, luna, "options", group_id=which, name="Kvass", price_delta_minor=50)

    menu = APIClient().get("/api/v1/restaurants/luna/").json()["menu"]["sections"]
    assert [row["name"] for row in menu] == ["Mains", "Drinks", "Soups"]
    [borscht] = menu[-1]["items"]
    assert (borscht["allergens"], borscht["left"], borscht["available"]) == (["celery", "milk"], 4, True)
    [side] = borscht["option_groups"]
    assert [row["name"] for row in side["options"]] == ["With a drink", "Plain"]
    assert [row["id"] for row in side["options"][0]["option_groups"][0]["options"]] == [kvass]
    assert side["options"][1]["option_groups"] == []


def test_changing_says_only_what_changes(api: APIClient, luna: Restaurant) -> None:
    answer = api.patch(url(luna, "items", dish().pk), {"price_minor": 1111, "stock": 3}, format="json")
    assert (answer.status_code, answer.json()) == (200, {"id": str(dish().pk)})
    changed = dish()
    assert (changed.price_minor, changed.stock, changed.allergens) == (1111, 3, ["gluten"])
    api.patch(url(luna, "items", changed.pk), {"stock": None}, format="json")
    assert dish().stock is None


def test_what_is_archived_is_off_the_menu_and_comes_back(api: APIClient, luna: Restaurant) -> None:
    assert api.delete(url(luna, "items", dish().pk)).status_code == 204
    names = [
        row["name"]
        for row in APIClient().get("/api/v1/restaurants/luna/").json()["menu"]["sections"][0]["items"]
    ]
    assert names == ["Dish 2", "Dish 3"]
    assert [row["name"] for row in api.get(url(luna)).json()["sections"][0]["items"]] == names
    shown = api.get(url(luna), {"archived": "true"}).json()["sections"][0]["items"]
    assert (shown[0]["name"], shown[0]["archived"]) == ("Dish 1", True)
    switch = f"/api/v1/restaurants/{luna.pk}/items/{dish().pk}/"
    assert problem(api.patch(switch, {"available": True}, format="json")) == (404, "menu_item_not_found")

    assert api.patch(url(luna, "items", dish().pk), {"archived": False}, format="json").status_code == 200
    assert dish().archived_at is None
    assert dish().is_available


def test_a_section_takes_its_items_along(api: APIClient, luna: Restaurant) -> None:
    section = dish().section_id
    assert api.delete(url(luna, "sections", section)).status_code == 204
    assert MenuItem.objects.filter(restaurant=luna, archived_at=None).count() == 0
    back = api.patch(url(luna, "items", dish().pk), {"archived": False}, format="json")
    assert problem(back) == (422, "parent_invalid")


WRONG = [
    ("sections", {}),
    ("sections", {"name": ""}),
    ("sections", {"name": "x" * 81}),
    ("sections", {"name": "Lunch", "windows": [{"weekdays": [7], "starts": "10:00", "ends": "12:00"}]}),
    ("sections", {"name": "Lunch", "windows": [{"weekdays": [], "starts": "10:00", "ends": "12:00"}]}),
    ("sections", {"name": "Lunch", "windows": [{"weekdays": [1], "starts": "25:00", "ends": "12:00"}]}),
    ("items", {"price_minor": -1}),
    ("items", {"price_minor": 10_000_001}),
    ("items", {"price_minor": 9.5}),
    ("items", {"price_minor": "990"}),
    ("items", {"price_minor": True}),
    ("items", {"stock": -1}),
    ("items", {"stock": 1.5}),
    ("items", {"allergens": ["gravel"]}),
    ("items", {"diets": ["keto"]}),
    ("items", {"name": "4242 4242 4242 4242"}),
    ("items", {"section_id": "none"}),
    ("groups", {"max_choices": 0}),
    ("groups", {"min_choices": -1}),
    ("options", {"price_delta_minor": -1}),
]


@pytest.mark.parametrize(("kind", "fields"), WRONG)
def test_what_is_not_a_row_is_refused(
    api: APIClient, luna: Restaurant, kind: str, fields: dict[str, Any]
) -> None:
    whole: dict[str, dict[str, Any]] = {
        "sections": {},
        "items": {"section_id": str(dish().section_id), "name": "Soup", "price_minor": 100},
        "groups": {"item_id": str(dish().pk), "name": "Group"},
        "options": {"group_id": str(OptionGroup.objects.filter(item=dish()).first().pk), "name": "Option"},  # type: ignore[union-attr]
    }
    before = counts()
    answer = api.post(url(luna, kind), whole[kind] | fields, format="json")
    assert answer.status_code == 400, answer.content
    assert counts() == before


def test_rules_between_fields(api: APIClient, luna: Restaurant) -> None:
    before, item = counts(), dish()
    group = {"item_id": str(item.pk), "name": "Group", "min_choices": 3, "max_choices": 2}
    assert problem(api.post(url(luna, "groups"), group, format="json")) == (422, "choices_invalid")
    marks = {"diets": ["vegan"], "allergens": ["milk"]}
    refused = api.patch(url(luna, "items", item.pk), marks, format="json")
    assert problem(refused) == (422, "marks_contradict")
    assert (refused.json()["diet"], refused.json()["allergen"]) == ("vegan", "milk")
    first = api.patch(url(luna, "items", item.pk), {"external_key": "d1"}, format="json")
    assert first.status_code == 200
    taken = api.patch(url(luna, "items", dish("Dish 2").pk), {"external_key": "d1"}, format="json")
    assert problem(taken) == (409, "external_key_taken")
    assert (counts(), dish().allergens, dish("Dish 2").external_key) == (before, ["gluten"], "")


def test_groups_are_nested_one_level_and_no_more(api: APIClient, luna: Restaurant) -> None:
    item = dish()
    [size, extras] = OptionGroup.objects.filter(item=item)
    large, olives = size.options.all()[1], extras.options.all()[0]
    inner = add(api, luna, "groups", item_id=str(item.pk), name="Inner", opened_by_id=str(large.pk))
    deep = add(api, luna, "options", group_id=inner, name="Deep")
    before = counts()

    def nest(opened_by: object, group: object = None) -> tuple[int, str]:
        body = {"item_id": str(item.pk), "name": "X", "opened_by_id": str(opened_by)}
        if group:
            return problem(api.patch(url(luna, "groups", group), body, format="json"))
        return problem(api.post(url(luna, "groups"), body, format="json"))

    assert nest(deep) == (422, "nested_too_deep")
    assert nest(olives.pk, size.pk) == (422, "nested_too_deep"), "it opens others itself"
    foreign = Option.objects.filter(group__item=dish("Dish 2")).first()
    assert foreign
    assert nest(foreign.pk) == nest(uuid4()) == (422, "parent_invalid")
    assert counts() == before


def test_a_menu_has_an_end(api: APIClient, luna: Restaurant) -> None:
    MenuSection.objects.bulk_create(MenuSection(restaurant=luna, name=str(n)) for n in range(58))
    assert problem(api.post(url(luna, "sections"), {"name": "More"}, format="json")) == (
        409,
        "catalogue_full",
    )


REQUESTS: list[tuple[str, str, dict[str, Any]]] = [
    ("get", "", {}),
    ("post", "sections/", {"name": "X"}),
    ("patch", "sections/{section}/", {"name": "X"}),
    ("delete", "sections/{section}/", {}),
    ("post", "items/", {"section_id": "{section}", "name": "X", "price_minor": 1}),
    ("patch", "items/{item}/", {"price_minor": 1}),
    ("delete", "items/{item}/", {}),
    ("post", "groups/", {"item_id": "{item}", "name": "X"}),
    ("patch", "groups/{group}/", {"name": "X"}),
    ("delete", "groups/{group}/", {}),
    ("post", "options/", {"group_id": "{group}", "name": "X"}),
    ("patch", "options/{option}/", {"name": "X"}),
    ("delete", "options/{option}/", {}),
]


def send(
    api: APIClient, luna: Restaurant, method: str, path: str, body: dict[str, Any], of: str = "luna"
) -> Any:
    option = Option.objects.filter(group__item__restaurant__slug=of).select_related("group__item").first()
    assert option
    ids = {
        "option": str(option.pk),
        "group": str(option.group_id),
        "item": str(option.group.item_id),
        "section": str(option.group.item.section_id),
    }
    filled = {name: value.format(**ids) if isinstance(value, str) else value for name, value in body.items()}
    return getattr(api, method)(url(luna) + path.format(**ids), filled, format="json")


def state() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values()) for model in (MenuSection, MenuItem, OptionGroup, Option)
    ]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_who_may(
    as_: As, dov: User, mia: User, make: Make, luna: Restaurant, method: str, path: str, body: dict[str, Any]
) -> None:
    make("sol", owner=dov)
    before = state()
    assert problem(send(as_(dov), luna, method, path, body)) == (404, "restaurant_not_found")
    assert problem(send(as_(None), luna, method, path, body)) == (401, "unauthenticated")
    by_mia = send(as_(mia), luna, method, path, body)
    if method == "get":
        assert (by_mia.status_code, by_mia.json()["may_edit"]) == (200, False)
    else:
        assert problem(by_mia) == (403, "role_required")
    assert state() == before


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS[1:])
def test_rows_of_another_restaurant(
    api: APIClient, dov: User, make: Make, luna: Restaurant, method: str, path: str, body: dict[str, Any]
) -> None:
    make("sol", owner=dov)
    before = state()
    answer = send(api, luna, method, path, body, of="sol")
    if path == "sections/":
        assert answer.status_code == 201  # names nothing foreign
        return
    assert answer.status_code in (404, 422), answer.content
    assert answer.json()["code"] in {
        "menu_section_not_found",
        "menu_item_not_found",
        "option_group_not_found",
        "option_not_found",
        "parent_invalid",
    }
    assert state() == before


class TestSoldOut:
    def test_the_kitchen_switches_an_option(self, as_: As, mia: User, luna: Restaurant) -> None:
        large = Option.objects.get(group__item=dish(), name="Large")
        path = f"/api/v1/restaurants/{luna.pk}/options/{large.pk}/"
        answer = as_(mia).patch(path, {"available": False}, format="json")
        assert (answer.status_code, answer.json()["available"]) == (200, False)
        menu = APIClient().get("/api/v1/restaurants/luna/").json()["menu"]["sections"][0]["items"][0]
        assert [row["available"] for row in menu["option_groups"][0]["options"]] == [True, False]

    @pytest.mark.parametrize(
        ("zone", "now", "until"),
        [
            ("Europe/Helsinki", "2025-05-05T09:00:00Z", "2025-05-05T21:00:00Z"),
            ("America/New_York", "2025-05-05T03:00:00Z", "2025-05-05T04:00:00Z"),
            ("Europe/Helsinki", "2025-10-26T09:00:00Z", "2025-10-26T22:00:00Z"),  # the long day
            ("Africa/Cairo", "2025-04-24T12:00:00Z", "2025-04-24T22:00:00Z"),  # its midnight is skipped
        ],
    )
    def test_until_the_end_of_the_restaurant_s_day(
        self, as_: As, mia: User, luna: Restaurant, zone: str, now: str, until: str
    ) -> None:
        Restaurant.objects.update(timezone=zone)
        path = f"/api/v1/restaurants/{luna.pk}/items/{dish().pk}/"
        with time_machine.travel(now, tick=False):
            answer = as_(mia).patch(path, {"available": False, "until": "end_of_day"}, format="json").json()
        assert (answer["available"], answer["sold_out_until"]) == (False, until)
        with time_machine.travel(until, tick=False):
            menu = APIClient().get("/api/v1/restaurants/luna/").json()["menu"]
        assert menu["sections"][0]["items"][0]["available"] is True, "it resets itself"

    def test_a_word_that_is_none(self, api: APIClient, luna: Restaurant) -> None:
        path = f"/api/v1/restaurants/{luna.pk}/items/{dish().pk}/"
        answer = api.patch(path, {"available": False, "until": "doomsday"}, format="json")
        assert problem(answer) == (400, "invalid_input")
        assert dish().is_available


class TestMarks:
    def test_only_what_suits(self, luna: Restaurant) -> None:
        MenuItem.objects.filter(name="Dish 1").update(diets=["vegan", "vegetarian"], allergens=["nuts"])
        MenuItem.objects.filter(name="Dish 2").update(diets=["vegan"], allergens=[])

        def shown(query: str) -> list[str]:
            body = APIClient().get(f"/api/v1/restaurants/luna/?{query}").json()
            return [item["name"] for section in body["menu"]["sections"] for item in section["items"]]

        assert shown("diet=vegan") == ["Dish 1", "Dish 2"]
        assert shown("diet=vegan&without=nuts") == ["Dish 2"]
        assert shown("diet=vegan&diet=vegetarian") == ["Dish 1"]
        assert shown("without=gluten&without=nuts") == ["Dish 2"]
        assert problem(APIClient().get("/api/v1/restaurants/luna/?diet=keto")) == (400, "invalid_input")
