"""GET /api/v1/orders/{id}/again/: Ada's earlier order as a cart of today, with what is gone or changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from orders.models import Order
from restaurants.models import Restaurant
from tests.cast import HOME
from tests.orders.stage import Stage


@pytest.fixture
def order(stage: Stage) -> dict[str, Any]:
    """Two soups and a large burger without onions."""
    kitchen = stage.kitchen
    burger = {
        "item_id": str(kitchen.burger.pk),
        "quantity": 1,
        "option_ids": [str(kitchen.large.pk)],
        "note": "no onions",
    }
    soups = {"item_id": str(kitchen.soup.pk), "quantity": 2}
    return stage.order(stage.placed(lines=[soups, burger]))


def again(stage: Stage, order: dict[str, Any]) -> Any:
    answer = stage.ada.get(f"/api/v1/orders/{order['id']}/again/")
    assert answer.status_code == 200, answer.content
    return answer.json()


def eur(amount_minor: int) -> dict[str, Any]:
    return {"amount_minor": amount_minor, "currency": "EUR"}


def test_what_has_not_changed_can_be_quoted_as_it_is(stage: Stage, order: dict[str, Any]) -> None:
    today, kitchen = again(stage, order), stage.kitchen
    assert today["changes"] == []
    assert today["restaurant"] == {
        "id": str(kitchen.restaurant.pk),
        "slug": "bos-kitchen",
        "name": "Bos Kitchen",
        "currency": "EUR",
        "open": True,
        "next_opening_at": None,
    }
    assert today["lines"][1] == {
        "item_id": str(kitchen.burger.pk),
        "name": "Burger",
        "quantity": 1,
        "option_ids": [str(kitchen.large.pk)],
        "options": ["Large"],
        "note": "no onions",
        "unit_price": eur(1700),
    }
    wanted = ("item_id", "quantity", "option_ids", "note")
    lines = [{name: line[name] for name in wanted} for line in today["lines"]]
    body = {"restaurant_id": today["restaurant"]["id"], "lines": lines, "delivery": HOME}
    quote = stage.ada.post("/api/v1/quotes/", body, format="json").json()
    assert quote["subtotal"] == order["subtotal"]
    assert Order.objects.count() == 1


def _dearer(stage: Stage) -> None:
    stage.kitchen.soup.price_minor += 50
    stage.kitchen.soup.save()


def _sold_out(stage: Stage) -> None:
    stage.kitchen.soup.sold_out_until = utc_now() + timedelta(hours=1)
    stage.kitchen.soup.save()


def _gone(stage: Stage) -> None:
    stage.kitchen.soup.delete()


def _no_large(stage: Stage) -> None:
    stage.kitchen.large.is_available = False
    stage.kitchen.large.save()


def _renamed(stage: Stage) -> None:
    stage.kitchen.large.name = "Huge"
    stage.kitchen.large.save()


def _two_sizes(stage: Stage) -> None:
    group = stage.kitchen.large.group
    group.min_choices = group.max_choices = 2
    group.save()


@pytest.mark.parametrize(
    ("happen", "name", "code", "now", "left"),
    [
        (_dearer, "Soup", "price_changed", eur(2600), ["Soup", "Burger"]),
        (_sold_out, "Soup", "item_sold_out", None, ["Burger"]),
        (_gone, "Soup", "item_gone", None, ["Burger"]),
        (_no_large, "Burger", "option_sold_out", None, ["Soup"]),
        (_renamed, "Burger", "option_gone", None, ["Soup"]),
        (_two_sizes, "Burger", "options_changed", None, ["Soup"]),
    ],
)
def test_what_changed_is_said_item_by_item(
    stage: Stage,
    order: dict[str, Any],
    happen: Callable[[Stage], None],
    name: str,
    code: str,
    now: Any,
    left: list[str],
) -> None:
    happen(stage)
    today = again(stage, order)
    line = next(line for line in order["lines"] if line["name"] == name)
    assert today["changes"] == [
        {
            "line_id": line["id"],
            "item_id": line["item_id"],
            "name": name,
            "quantity": line["quantity"],
            "code": code,
            "before": line["total"],
            "now": now,
        }
    ]
    assert [row["name"] for row in today["lines"]] == left


def test_a_closed_kitchen_says_so(stage: Stage, order: dict[str, Any]) -> None:
    Restaurant.objects.update(is_accepting=False)
    today = again(stage, order)
    assert (today["restaurant"]["open"], len(today["lines"])) == (False, 2)


def test_one_that_left_the_platform(stage: Stage, order: dict[str, Any]) -> None:
    Restaurant.objects.update(is_active=False)
    answer = stage.ada.get(f"/api/v1/orders/{order['id']}/again/")
    assert (answer.status_code, answer.json()["code"]) == (404, "restaurant_not_found")


def test_nobody_else_sees_what_ada_ate(stage: Stage, order: dict[str, Any], as_: Any, dov: User) -> None:
    stranger: APIClient = as_(dov)
    assert stranger.get(f"/api/v1/orders/{order['id']}/again/").status_code == 404
    assert stage.bo.get(f"/api/v1/orders/{order['id']}/again/").status_code == 404


def test_five_statements_whatever_its_length(
    stage: Stage, order: dict[str, Any], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(5):  # who asks, the order, its lines, the kitchen, its menu
        again(stage, order)
