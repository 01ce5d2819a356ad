"""Owners and managers write the hours; customers get what they say. Dov must see nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from deliveryapp.models import User
from restaurants.api.hours import HOURS, HoursOutput
from restaurants.models import HoursChange, OpeningHours, Restaurant, SpecialDay, StaffMember
from tests.restaurants.conftest import Make

FRIDAY_NOON = datetime(2026, 5, 8, 9, tzinfo=UTC)
As = Callable[[User | None], APIClient]


@pytest.fixture
def luna(make: Make, bo: User) -> Restaurant:
    return make("luna", owner=bo)


def url(restaurant: Restaurant, action: str = "hours") -> str:
    return f"/api/v1/restaurants/{restaurant.pk}/{action}/"


def rows() -> list[Any]:
    week = OpeningHours.objects.values_list("weekday", "opens", "closes")
    days = SpecialDay.objects.values_list("date", "repeats_yearly", "opens", "closes")
    limits = Restaurant.objects.values_list("last_order_minutes", "slot_capacity")
    return [sorted(week), sorted(days, key=str), *limits]


def put(api: APIClient, restaurant: Restaurant, **changes: Any) -> Any:
    return api.put(url(restaurant), HOURS | changes, format="json")


@time_machine.travel(FRIDAY_NOON, tick=False)
def test_written_and_read_again_with_a_trail(as_: As, bo: User, luna: Restaurant) -> None:
    before = as_(bo).get(url(luna)).json()
    written = put(as_(bo), luna)
    assert (written.status_code, set(written.json())) == (200, set(HoursOutput().fields)), written.content
    expected = HOURS | {"timezone": "Europe/Helsinki"}
    expected["special_days"] = [
        HOURS["special_days"][1],
        {"date": "2000-12-06", "repeats_yearly": True, "spans": []},
    ]
    assert written.json() == as_(bo).get(url(luna)).json() == expected
    assert rows() == [
        [(4, time(11), time(14, 30)), (4, time(17), time(2))],
        [(date(2000, 12, 6), True, None, None), (date(2026, 12, 31), False, time(12), time(20))],
        (30, 8),
    ]

    change = HoursChange.objects.get()
    assert (change.restaurant_id, change.user_id, change.at) == (luna.pk, bo.pk, FRIDAY_NOON)
    assert {"timezone": "Europe/Helsinki", **change.before} == before
    assert {"timezone": "Europe/Helsinki", **change.after} == written.json()
    put(as_(bo), luna)
    assert HoursChange.objects.count() == 1  # the same again is no change


def test_the_public_page_says_so(as_: As, bo: User, luna: Restaurant) -> None:
    put(as_(bo), luna)
    with time_machine.travel(FRIDAY_NOON, tick=False):
        page = as_(None).get("/api/v1/restaurants/luna/").json()
        assert page["special_days"] == [
            {"date": "2000-12-06", "opens": None, "closes": None, "repeats_yearly": True},
            {"date": "2026-12-31", "opens": "12:00", "closes": "20:00", "repeats_yearly": False},
        ]
        assert (page["open"], page["closes_at"], page["last_order_at"]) == (
            True,
            "2026-05-08T11:30:00Z",
            "2026-05-08T11:00:00Z",
        )
    with time_machine.travel(FRIDAY_NOON + timedelta(hours=2), tick=False):  # 14:00, doors close at 14:30
        page = as_(None).get("/api/v1/restaurants/luna/").json()
        assert (page["open"], page["next_opening_at"]) == (False, "2026-05-08T14:00:00Z")
        assert (page["closes_at"], page["last_order_at"]) == (None, None)


def test_who_may(as_: As, bo: User, cleo: User, dov: User, luna: Restaurant) -> None:
    StaffMember.objects.create(restaurant=luna, user=cleo, role="kitchen")
    before = rows()
    lines = {"text": "12-06 closed"}
    for user, read, write in ((None, 401, 401), (dov, 404, 404), (cleo, 200, 403)):
        assert as_(user).get(url(luna)).status_code == read
        assert put(as_(user), luna).status_code == write
        assert as_(user).post(url(luna, "special-days/import"), lines, format="json").status_code == write
    assert rows() == before
    StaffMember.objects.filter(user=cleo).update(role="manager")
    assert put(as_(cleo), luna).status_code == 200
    assert HoursChange.objects.get().user_id == cleo.pk


SPAN = {"opens": "10:00", "closes": "12:00"}
NOON = {"opens": "11:59", "closes": "13:00"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"week": [{"weekday": 1, **SPAN}, {"weekday": 1, **NOON}]}, "hours_invalid"),
        (
            {
                "week": [
                    {"weekday": 6, "opens": "22:00", "closes": "03:00"},
                    {"weekday": 0, "opens": "02:00", "closes": "10:00"},
                ]
            },
            "hours_invalid",
        ),
        (
            {"week": [{"weekday": 1, "opens": "00:00", "closes": "00:00"}, {"weekday": 1, **SPAN}]},
            "hours_invalid",
        ),
        ({"special_days": [{"date": "2026-12-24", "spans": [SPAN, NOON]}]}, "hours_invalid"),
        ({"special_days": [{"date": "2026-12-24", "spans": []}] * 2}, "hours_invalid"),
        (
            {
                "special_days": [
                    {"date": "2026-12-24", "repeats_yearly": True, "spans": []},
                    {"date": "2025-12-24", "repeats_yearly": True, "spans": [SPAN]},
                ]
            },
            "hours_invalid",
        ),
        ({"week": [{"weekday": 7, **SPAN}]}, "invalid_input"),
        ({"week": [{"weekday": True, **SPAN}]}, "invalid_input"),
        ({"week": [{"weekday": 1, "opens": "25:00", "closes": "12:00"}]}, "invalid_input"),
        ({"week": [{"weekday": 1, "opens": "9:00", "closes": "12:00"}]}, "invalid_input"),
        ({"week": [{"weekday": 1, "opens": "10:00:30", "closes": "12:00"}]}, "invalid_input"),
        ({"week": [{"weekday": 1, "opens": 10, "closes": 12}]}, "invalid_input"),
        ({"week": None}, "invalid_input"),
        ({"week": [{"weekday": n % 7, **SPAN} for n in range(71)]}, "invalid_input"),
        ({"special_days": [{"date": "2026-02-30", "spans": []}]}, "invalid_input"),
        ({"special_days": [{"date": "2026-02-28"}]}, "invalid_input"),
        ({"special_days": [{"date": "2026-02-28", "repeats_yearly": "yes", "spans": []}]}, "invalid_input"),
        ({"last_order_minutes": -1}, "invalid_input"),
        ({"last_order_minutes": 241}, "invalid_input"),
        ({"slot_capacity": 0}, "invalid_input"),
        ({"slot_capacity": 2.5}, "invalid_input"),
    ],
)
def test_refused_and_nothing_changed(
    as_: As, bo: User, luna: Restaurant, changes: dict[str, Any], code: str
) -> None:
    before = rows()
    refused = put(as_(bo), luna, **changes)
    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert rows() == before
    assert not HoursChange.objects.exists()


def test_touching_spans_fit(as_: As, bo: User, luna: Restaurant) -> None:
    week = [
        {"weekday": 6, "opens": "22:00", "closes": "02:00"},
        {"weekday": 0, "opens": "02:00", "closes": "10:00"},
        {"weekday": 0, "opens": "10:00", "closes": "12:00"},
    ]
    assert put(as_(bo), luna, week=week).status_code == 200


class TestImport:
    def lines(self, api: APIClient, restaurant: Restaurant, text: Any) -> Any:
        return api.post(url(restaurant, "special-days/import"), {"text": text}, format="json")

    def test_days_are_added_or_replaced_and_others_stay(self, as_: As, bo: User, luna: Restaurant) -> None:
        put(as_(bo), luna)
        text = "# holidays\n12-06  11:00-15:00\n\n2026-12-24 Closed\n2026-12-25\t12:00 - 16:00,18:00-02:00 #x"
        imported = self.lines(as_(bo), luna, text)
        assert imported.status_code == 200, imported.content
        assert imported.json()["week"] == HOURS["week"]
        assert rows()[1] == [
            (date(2000, 12, 6), True, time(11), time(15)),
            (date(2026, 12, 24), False, None, None),
            (date(2026, 12, 25), False, time(12), time(16)),
            (date(2026, 12, 25), False, time(18), time(2)),
            (date(2026, 12, 31), False, time(12), time(20)),
        ]
        assert HoursChange.objects.count() == 2

    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            ("2026-12-24 closed\n2026-13-24 closed\n2026-12-26 shut", [2, 3]),
            ("02-30 closed", [1]),
            ("2026-12-24", [1]),
            ("2026-12-24 11:00", [1]),
            ("2026-12-24 11:00-25:00", [1]),
            ("2026-12-24 11:00-12:00,", [1]),
        ],
    )
    def test_all_lines_or_none(
        self, as_: As, bo: User, luna: Restaurant, text: str, lines: list[int]
    ) -> None:
        before = rows()
        refused = self.lines(as_(bo), luna, text)
        assert (refused.status_code, refused.json()["code"]) == (400, "hours_invalid")
        assert [row["line"] for row in refused.json()["rows"]] == lines
        assert rows() == before

    @pytest.mark.parametrize(
        "text",
        [
            "2026-12-24 closed\n2026-12-24 11:00-12:00",
            "2026-12-24 11:00-13:00, 12:00-14:00",
            "\n".join(f"{1900 + n}-01-01 closed" for n in range(401)),
        ],
    )
    def test_days_that_do_not_fit(self, as_: As, bo: User, luna: Restaurant, text: str) -> None:
        refused = self.lines(as_(bo), luna, text)
        assert (refused.status_code, refused.json()["code"]) == (400, "hours_invalid")
        assert not SpecialDay.objects.exists()

    @pytest.mark.parametrize("text", [None, "", 7, ["12-06 closed"], "\x00"])
    def test_no_text(self, as_: As, bo: User, luna: Restaurant, text: Any) -> None:
        assert self.lines(as_(bo), luna, text).status_code == 400
