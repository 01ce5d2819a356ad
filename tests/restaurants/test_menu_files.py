"""A menu as a file: all or nothing, the same file twice changes nothing, and no spreadsheet runs it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from deliveryapp.models import User
from restaurants.models import MenuItem, MenuSection, Option, OptionGroup, Restaurant, StaffMember
from restaurants.services.importing import MOST_ROWS
from tests.cast import make_user
from tests.restaurants.conftest import Make

As = Callable[[User | None], APIClient]
HEADER = (
    "kind,key,parent,opened_by,name,price_minor,price_delta_minor,min_choices,max_choices,"
    "allergens,windows,stock\n"
)
MENU = (
    HEADER
    + "section,lunch,,,Lunch,,,,,,01234 10:30-15:00; 5 12:00-16:00,\n"
    + "item,soup,lunch,,Borscht,990,,,,milk celery,,12\n"
    + "group,side,soup,,Side,,,1,1,,,\n"
    + "option,drink,side,,With a drink,,300,,,,,\n"
    + "group,which,soup,drink,Which?,,,1,1,,,\n"
    + "option,kvass,which,,Kvass,,50,,,,,\n"
)


@pytest.fixture
def luna(make: Make, bo: User) -> Restaurant:
    return make("luna", owner=bo)


@pytest.fixture
def api(as_: As, bo: User) -> APIClient:
    return as_(bo)


def url(luna: Restaurant, what: str) -> str:
    return f"/api/v1/restaurants/{luna.pk}/catalogue/{what}/"


def send(api: APIClient, luna: Restaurant, text: str | bytes, query: str = "") -> Any:
    return api.post(url(luna, "import") + query, text, content_type="text/csv")


def state() -> list[Any]:
    models = (MenuSection, MenuItem, OptionGroup, Option)
    return [list(model.objects.order_by("pk").values()) for model in models]


def said(answer: Any) -> tuple[int, int, int]:
    assert answer.status_code == 200, answer.content
    body = answer.json()
    return body["created"], body["changed"], body["unchanged"]


def test_a_menu_is_written_and_written_again(api: APIClient, luna: Restaurant) -> None:
    assert said(send(api, luna, MENU)) == (6, 0, 0)
    soup = MenuItem.objects.get(external_key="soup")
    assert (soup.name, soup.price_minor, soup.allergens, soup.stock) == (
        "Borscht",
        990,
        ["celery", "milk"],
        12,
    )
    assert soup.section.windows == [
        {"weekdays": [0, 1, 2, 3, 4], "starts": "10:30", "ends": "15:00"},
        {"weekdays": [5], "starts": "12:00", "ends": "16:00"},
    ]
    assert OptionGroup.objects.get(external_key="which").opened_by == Option.objects.get(external_key="drink")
    before = state()
    assert said(send(api, luna, MENU)) == (0, 0, 6)
    assert state() == before


def test_a_dry_run_tells_and_writes_nothing(api: APIClient, luna: Restaurant) -> None:
    before = state()
    answer = send(api, luna, MENU, "?dry_run=true")
    assert (said(answer), answer.json()["dry_run"]) == ((6, 0, 0), True)
    assert state() == before


def test_what_the_file_changes_and_what_it_leaves(api: APIClient, luna: Restaurant) -> None:
    send(api, luna, MENU)
    text = "kind,key,parent,name,price_minor\nitem,soup,lunch,Borscht,1090\n"
    assert said(send(api, luna, text)) == (0, 1, 0)
    soup = MenuItem.objects.get(external_key="soup")
    assert (soup.price_minor, soup.allergens, soup.stock) == (1_090, ["celery", "milk"], 12)
    assert MenuItem.objects.filter(restaurant=luna, archived_at=None).count() == 4


def test_off_the_menu_and_back_by_file(api: APIClient, luna: Restaurant) -> None:
    send(api, luna, MENU)
    text = "kind,key,parent,name,price_minor,archived\nitem,soup,lunch,Borscht,990,{}\n"
    assert said(send(api, luna, text.format("true"))) == (0, 1, 0)
    assert MenuItem.objects.get(external_key="soup").archived_at is not None
    assert said(send(api, luna, text.format(""))) == (0, 1, 0)
    assert MenuItem.objects.get(external_key="soup").archived_at is None


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_what_goes_out_comes_in_again(api: APIClient, luna: Restaurant, kind: str) -> None:
    send(api, luna, MENU)
    out = api.get(url(luna, f"export/{kind}"))
    assert out.status_code == 200
    assert out.headers["Content-Disposition"] == f'attachment; filename="menu-luna.{kind}"'
    before = state()
    media = {"csv": "text/csv", "json": "application/json"}[kind]
    answer = api.post(url(luna, "import"), out.content, content_type=media)
    rows = sum(len(part) for part in before)
    assert said(answer) == (0, 0, rows)
    assert state() == before


def test_a_file_never_brings_back_what_was_sold(api: APIClient, luna: Restaurant) -> None:
    send(api, luna, MENU)
    out = api.get(url(luna, "export/csv")).content
    MenuItem.objects.filter(external_key="soup").update(stock=3)
    api.post(url(luna, "import"), out, content_type="text/csv")
    assert MenuItem.objects.get(external_key="soup").stock == 3


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1)", "'=1", "''@x"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(api: APIClient, luna: Restaurant, name: str) -> None:
    MenuItem.objects.filter(name="Dish 1").update(name=name)
    out = api.get(url(luna, "export/csv")).content
    cells = [cell for row in csv.reader(io.StringIO(out.decode())) for cell in row]
    assert f"'{name}" in cells
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and cell]
    before = state()
    api.post(url(luna, "import"), out, content_type="text/csv")
    assert state() == before


WRONG = [
    ("item,a,none,,A,100,,,,,,", [(2, "parent", "unknown_key")]),
    ("item,a,lunch,,,100,,,,,,", [(2, "name", "blank")]),
    ("item,a,lunch,,A,-1,,,,,,", [(2, "price_minor", "min_value")]),
    ("item,a,lunch,,A,9.5,,,,,,", [(2, "price_minor", "invalid")]),
    ("item,a,lunch,,A,,,,,,,", [(2, "price_minor", "required")]),
    ("item,a,lunch,,A,100,,,,gravel,,", [(2, "allergens", "invalid_choice")]),
    ("section,a,,,A,,,,,,noon,", [(2, "windows", "invalid")]),
    ("section,,,,A,,,,,,,", [(2, "key", "blank")]),
    ("pudding,a,,,A,,,,,,,", [(2, "kind", "invalid_choice")]),
    ("section,a,,,4242 4242 4242 4242,,,,,,,", [(2, "name", "card_number_refused")]),
    ("section,a,,,A,,,,,,,\nsection,a,,,B,,,,,,,", [(3, "key", "key_repeated")]),
    ("section,a,,,A,,,,,,,,more", [(2, "", "unknown_column")]),
]


@pytest.mark.parametrize(("rows", "errors"), WRONG)
def test_a_wrong_row_is_named_and_nothing_is_written(
    api: APIClient, luna: Restaurant, rows: str, errors: list[tuple[int, str, str]]
) -> None:
    before = state()
    answer = send(api, luna, f"{HEADER}{rows}\nsection,right,,,Right,,,,,,,\n")
    assert (answer.status_code, answer.json()["code"]) == (422, "import_refused"), answer.content
    found = [
        (error["line"], error["field"].split(".")[0], error["code"]) for error in answer.json()["errors"]
    ]
    assert found == errors
    assert state() == before


def test_rules_of_the_menu_hold_for_files(api: APIClient, luna: Restaurant) -> None:
    send(api, luna, MENU)
    before = state()
    text = (
        "kind,key,parent,opened_by,name,price_minor,min_choices,max_choices,allergens,diets\n"
        "item,soup,lunch,,Borscht,990,,,milk,vegan\n"
        "group,side,soup,,Side,,3,2,,\n"
        "group,deep,soup,kvass,Deep,,0,1,,\n"
    )
    errors = send(api, luna, text).json()["errors"]
    assert [(error["line"], error["code"]) for error in errors] == [
        (2, "marks_contradict"),
        (3, "choices_invalid"),
        (4, "nested_too_deep"),
    ]
    assert state() == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"what,ever\n1,2\n",
        b"kind,kind\nsection,a\n",
        b"kind,key\n\xff\xfe,a\n",
        b"kind,key,name\nsection,\x00,a\n",
        b'kind,key,name\nsection,"a,b\n',
        HEADER.encode(),
        HEADER.encode() + b"section,a,,,A,,,,,,,\n" * (MOST_ROWS + 1),
    ],
    ids=["empty", "columns", "twice", "utf8", "nul", "quote", "no rows", "too many"],
)
def test_what_is_no_file_of_rows(api: APIClient, luna: Restaurant, body: bytes) -> None:
    before = state()
    answer = send(api, luna, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_file"), answer.content
    assert state() == before


@pytest.mark.parametrize("body", [{}, [], {"rows": {}}, {"rows": [1]}, {"rows": [{"kind": "item", "x": 1}]}])
def test_json_that_is_none(api: APIClient, luna: Restaurant, body: Any) -> None:
    before = state()
    answer = api.post(url(luna, "import"), body, format="json")
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] in ("malformed_file", "import_refused")
    assert state() == before


def test_too_large(api: APIClient, luna: Restaurant) -> None:
    answer = send(api, luna, HEADER + "#" * 300_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_who_may(as_: As, bo: User, dov: User, make: Make, luna: Restaurant) -> None:
    make("sol", owner=dov)
    mia = make_user("Mia")
    StaffMember.objects.create(restaurant=luna, user=mia, role="kitchen")
    before = state()
    answers = {who: send(as_(user), luna, MENU) for who, user in [("dov", dov), ("mia", mia), ("none", None)]}
    assert {who: (answer.status_code, answer.json()["code"]) for who, answer in answers.items()} == {
        "dov": (404, "restaurant_not_found"),
        "mia": (403, "role_required"),
        "none": (401, "unauthenticated"),
    }
    assert as_(dov).get(url(luna, "export/csv")).status_code == 404
    assert as_(mia).get(url(luna, "export/csv")).status_code == 200
    assert state() == before


def test_keys_of_another_restaurant_mean_nothing(
    api: APIClient, dov: User, make: Make, luna: Restaurant
) -> None:
    sol = make("sol", owner=dov)
    foreign = MenuSection.objects.filter(restaurant=sol).first()
    assert foreign
    before = list(MenuItem.objects.filter(restaurant=sol).order_by("pk").values())
    answer = send(api, luna, f"kind,key,parent,name,price_minor\nitem,a,{foreign.pk},A,100\n")
    assert answer.json()["errors"][0]["code"] == "unknown_key"
    assert list(MenuItem.objects.filter(restaurant=sol).order_by("pk").values()) == before
