"""Counted stock, nested options and hours of the day, as an order meets them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from deliveryapp import identity, saga
from deliveryapp.models import User
from orders.models import Order, OrderLine
from restaurants.models import MenuItem, MenuSection, Option, OptionGroup
from tests.cast import cart
from tests.orders.stage import Stage, assert_problem, hurry, nothing_changes, path_of
from tests.worker import drain

pytestmark = pytest.mark.django_db(transaction=True)
LUNCH = [{"weekdays": [0, 1, 2, 3, 4], "starts": "10:30", "ends": "15:00"}]
MONDAY_LUNCH = datetime(2026, 5, 4, 9, tzinfo=UTC)  # 12:00 in Helsinki


def count(stage: Stage, **stock: int | None) -> None:
    for name, pieces in stock.items():
        MenuItem.objects.filter(pk=getattr(stage.kitchen, name).pk).update(stock=pieces)


def left(stage: Stage, name: str = "soup") -> int | None:
    return MenuItem.objects.get(pk=getattr(stage.kitchen, name).pk).stock


def soups(stage: Stage, *quantities: int) -> dict[str, Any]:
    return {"lines": [{"item_id": str(stage.kitchen.soup.pk), "quantity": each} for each in quantities]}


class TestStock:
    def test_an_order_takes_its_pieces(self, stage: Stage) -> None:
        count(stage, soup=5)
        order_id = stage.placed(**soups(stage, 2, 1))
        assert left(stage) == 2
        assert (
            list(OrderLine.objects.filter(order=order_id).values_list("is_counted", flat=True)) == [True] * 2
        )
        stage.assert_clean()

    def test_the_last_piece_and_then_none(self, stage: Stage) -> None:
        count(stage, soup=2)
        stage.placed()
        path = f"/api/v1/restaurants/{stage.kitchen.restaurant.slug}/"
        soup = stage.ada.get(path).json()["menu"]["sections"][0]["items"][0]
        assert (soup["available"], soup["left"]) == (False, 0)
        with nothing_changes(stage.sandbox):
            body = assert_problem(stage.place(), 409, "item_out_of_stock")
        assert (body["item_id"], body["left"]) == (str(stage.kitchen.soup.pk), 0)
        assert body["detail"] == "Soup is sold out."

    @pytest.mark.parametrize("door", ["quotes", "orders"])
    def test_more_than_there_are_over_several_lines(self, stage: Stage, door: str) -> None:
        count(stage, soup=3)
        with nothing_changes(stage.sandbox):
            body = stage.ada.post(
                f"/api/v1/{door}/", cart(stage.kitchen, **soups(stage, 2, 2)), format="json"
            )
            problem = assert_problem(body, 409, "item_out_of_stock")
        assert (problem["left"], problem["detail"]) == (3, "Only 3 of Soup are left.")
        assert left(stage) == 3

    def test_a_quote_takes_nothing(self, stage: Stage) -> None:
        count(stage, soup=2)
        assert stage.ada.post("/api/v1/quotes/", cart(stage.kitchen), format="json").status_code == 200
        assert left(stage) == 2

    @pytest.mark.parametrize("end", ["cancel", "reject", "declined", "timeout"])
    def test_given_back_once_when_nobody_cooked(self, stage: Stage, end: str) -> None:
        count(stage, soup=5)
        if end == "declined":
            assert stage.place(payment_method="pm_card_visa_chargeDeclined").status_code == 402
        else:
            order_id = stage.placed()
            assert left(stage) == 3
            _end(stage, order_id, end)
            _end(stage, order_id, end)
        drain()
        assert left(stage) == 5
        stage.assert_clean()

    def test_what_was_confirmed_stays_taken(self, stage: Stage) -> None:
        count(stage, soup=5)
        order_id = stage.confirmed()
        assert stage.cancel(order_id).status_code == 200
        assert path_of(order_id)[-1][0] == "cancelled"
        assert left(stage) == 3

    def test_what_was_not_counted_then_is_not_given_back(self, stage: Stage) -> None:
        order_id = stage.placed()
        count(stage, soup=5)
        assert stage.cancel(order_id).status_code == 200
        assert left(stage) == 5

    def test_what_is_counted_no_more_stays_so(self, stage: Stage) -> None:
        count(stage, soup=5)
        order_id = stage.placed()
        count(stage, soup=None)
        assert stage.cancel(order_id).status_code == 200
        assert left(stage) is None

    def test_a_repeated_key_takes_once(self, stage: Stage) -> None:
        count(stage, soup=5)
        answers = [stage.place("one-key-for-both") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert left(stage) == 3

    def test_counting_costs_no_statement(self, stage: Stage) -> None:
        costs = []
        for pieces in (None, 100):
            count(stage, soup=pieces, burger=pieces)
            with CaptureQueriesContext(connection) as captured:
                assert stage.place(lines=[_burger(stage), soups(stage, 1)["lines"][0]]).status_code == 201
            costs.append(len(captured.captured_queries))
        assert costs[0] == costs[1]

    def test_the_database_keeps_it_above_nothing(self, stage: Stage) -> None:
        with pytest.raises(IntegrityError, match="menu_item_stock_not_negative"):
            count(stage, soup=-1)


def _burger(stage: Stage, *options: Option) -> dict[str, Any]:
    chosen = options or (stage.kitchen.regular,)
    option_ids = [str(option.pk) for option in chosen]
    return {"item_id": str(stage.kitchen.burger.pk), "quantity": 1, "option_ids": option_ids}


def _end(stage: Stage, order_id: UUID, how: str) -> None:
    if how == "cancel":
        stage.cancel(order_id)
    elif how == "reject":
        stage.board(order_id, "reject", {"reason": "too_busy"})
    else:
        Order.objects.filter(pk=order_id).update(placed_at=datetime.now(UTC) - timedelta(minutes=6))
        hurry()
        drain()
        saga.sweep()


class TestNestedOptions:
    @pytest.fixture
    def sauce(self, stage: Stage) -> list[Option]:
        """Who takes the large burger is asked for one of two sauces; the second costs 0.80."""
        group = OptionGroup.objects.create(
            item=stage.kitchen.burger,
            opened_by=stage.kitchen.large,
            name="Sauce",
            min_choices=1,
            max_choices=1,
            position=5,
        )
        names = (("Plain", 0), ("Truffle", 80))
        return [
            Option.objects.create(group=group, name=name, price_delta_minor=minor) for name, minor in names
        ]

    def test_priced_and_kept_behind_what_opened_it(self, stage: Stage, sauce: list[Option]) -> None:
        line = _burger(stage, sauce[1], stage.kitchen.large)
        order = stage.place(lines=[line]).json()
        assert order["subtotal"]["amount_minor"] == 1_400 + 300 + 80
        kept = OrderLine.objects.get(order_id=order["id"]).options
        assert [(option["group"], option["name"]) for option in kept] == [
            ("Size", "Large"),
            ("Sauce", "Truffle"),
        ]

    def test_not_asked_of_others(self, stage: Stage, sauce: list[Option]) -> None:
        assert stage.place(lines=[_burger(stage, stage.kitchen.regular)]).status_code == 201

    def test_the_rules_of_an_opened_group(self, stage: Stage, sauce: list[Option]) -> None:
        for chosen in (
            [stage.kitchen.large],
            [stage.kitchen.large, *sauce],
            [stage.kitchen.regular, sauce[0]],
            [sauce[0]],
            [stage.kitchen.large, sauce[0], sauce[0]],
        ):
            with nothing_changes(stage.sandbox):
                assert_problem(stage.place(lines=[_burger(stage, *chosen)]), 422, "option_invalid")

    def test_what_is_archived_or_sold_out_cannot_be_chosen(self, stage: Stage, sauce: list[Option]) -> None:
        later = datetime.now(UTC) + timedelta(hours=1)
        line = _burger(stage, stage.kitchen.large, sauce[0])
        Option.objects.filter(pk=sauce[0].pk).update(sold_out_until=later)
        body = assert_problem(stage.place(lines=[line]), 409, "item_unavailable")
        assert body["option_id"] == str(sauce[0].pk)
        Option.objects.filter(pk=sauce[0].pk).update(sold_out_until=None, archived_at=later)
        assert_problem(stage.place(lines=[line]), 422, "option_invalid")
        OptionGroup.objects.filter(pk=sauce[0].group_id).update(archived_at=later)
        assert stage.place(lines=[_burger(stage, stage.kitchen.large)]).status_code == 201


class TestHoursOfTheDay:
    @pytest.mark.parametrize(
        ("at", "next_at"),
        [
            ("2026-05-04T07:29:59Z", "2026-05-04T07:30:00Z"),
            ("2026-05-04T12:00:00Z", "2026-05-05T07:30:00Z"),
            ("2026-05-09T09:00:00Z", "2026-05-11T07:30:00Z"),
            ("2026-10-24T09:00:00Z", "2026-10-26T08:30:00Z"),  # the clocks go back on Sunday
        ],
    )
    def test_refused_outside(self, stage: Stage, at: str, next_at: str) -> None:
        MenuSection.objects.update(windows=LUNCH)
        with time_machine.travel(at, tick=False):
            before = Order.objects.count()
            quoted = _quote(stage)
            body = assert_problem(quoted, 409, "item_not_served")
            path = f"/api/v1/restaurants/{stage.kitchen.restaurant.slug}/"
            soup = stage.ada.get(path).json()["menu"]["sections"][0]["items"][0]
        assert (body["item_id"], body["next_served_at"]) == (str(stage.kitchen.soup.pk), next_at)
        assert (soup["available"], soup["served_now"], soup["next_served_at"]) == (False, False, next_at)
        assert Order.objects.count() == before

    def test_served_inside_and_by_the_item_s_own_hours(self, stage: Stage) -> None:
        evening = [{"weekdays": [0], "starts": "22:00", "ends": "02:00"}]
        MenuSection.objects.update(windows=LUNCH)
        MenuItem.objects.filter(pk=stage.kitchen.burger.pk).update(windows=evening)
        with time_machine.travel(MONDAY_LUNCH, tick=False):
            quoted = _quote(stage)
            assert quoted.status_code == 200, quoted.content
            late = _quote(stage, lines=[_burger(stage)])
            assert_problem(late, 409, "item_not_served")
        with time_machine.travel("2026-05-04T22:30:00Z", tick=False):  # Tuesday, 01:30: still Monday's night
            late = _quote(stage, lines=[_burger(stage)])
            assert late.status_code == 200, late.content


def _quote(stage: Stage, **changes: Any) -> Any:
    """With a token that is good at the time the test travelled to."""
    api = APIClient()
    token = identity.issue(user=User.objects.get(email="ada@demo.example")).access
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return api.post("/api/v1/quotes/", cart(stage.kitchen, **changes), format="json")
