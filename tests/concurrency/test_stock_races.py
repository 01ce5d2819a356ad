"""The last pieces of a counted item, and a price that changes while somebody orders."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F
from rest_framework.test import APIClient

from deliveryapp.batch import Batch
from deliveryapp.models import User
from orders.models import Order, OrderLine
from orders.services import placing, quoting, stock
from restaurants.models import MenuItem
from tests.cast import cart, make_user
from tests.crowd import PATIENCE_S, at_once, statuses
from tests.orders.stage import ORDERS, ClientOf, Stage
from tests.worker import drain

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wide_pool")]
BUYERS = 50
CONNECTED = 8  # who waits at a barrier keeps a connection of the pool
ROUNDS = 6


@pytest.fixture
def buyers(as_: ClientOf) -> list[APIClient]:
    return [as_(make_user(f"Buyer{number}")) for number in range(BUYERS)]


def left(item: MenuItem) -> int | None:
    return MenuItem.objects.values_list("stock", flat=True).get(pk=item.pk)


def sold(item: MenuItem) -> int:
    """Pieces in orders that were not given back."""
    kept = OrderLine.objects.filter(item_id=item.pk).exclude(order__status__in=["failed", "cancelled"])
    return sum(kept.values_list("quantity", flat=True))


def one_soup(stage: Stage) -> dict[str, Any]:
    lines = [{"item_id": str(stage.kitchen.soup.pk), "quantity": 1}]
    return cart(stage.kitchen, lines=lines)


def all_order(apps: list[APIClient], body: dict[str, Any]) -> list[Any]:
    return at_once(*(lambda app=app: app.post(ORDERS, body, format="json") for app in apps))


@pytest.mark.parametrize("pieces", [1, 7])
def test_fifty_buyers_and_the_last_pieces(stage: Stage, buyers: list[APIClient], pieces: int) -> None:
    soup = stage.kitchen.soup
    MenuItem.objects.filter(pk=soup.pk).update(stock=pieces)

    answers = all_order(buyers, one_soup(stage))

    assert Counter(statuses(answers)) == {201: pieces, 409: BUYERS - pieces}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {(body["code"], body["item_id"]) for body in refused} == {("item_out_of_stock", str(soup.pk))}
    assert (left(soup), sold(soup), Order.objects.count()) == (0, pieces, pieces)
    drain()
    stage.assert_clean()


def test_control_looking_before_writing_oversells(
    stage: Stage, buyers: list[APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The textbook's way: everybody has seen that one is left, and everybody writes one less."""
    soup = stage.kitchen.soup
    MenuItem.objects.filter(pk=soup.pk).update(stock=1)
    everybody_has_looked = threading.Barrier(CONNECTED)

    def look_and_write(batch: Batch, lines: object) -> None:
        seen = left(soup) or 0
        everybody_has_looked.wait(PATIENCE_S)
        batch.update(MenuItem.objects.filter(pk=soup.pk), stock=seen - 1)

    monkeypatch.setattr(stock, "take", look_and_write)

    assert Counter(statuses(all_order(buyers[:CONNECTED], one_soup(stage)))) == {201: CONNECTED}
    assert (left(soup), sold(soup)) == (0, CONNECTED)


def test_two_dishes_in_either_order_of_the_cart(stage: Stage, buyers: list[APIClient]) -> None:
    """Locks are taken in one order: nobody waits in a circle, and nobody gets half a cart."""
    kitchen = stage.kitchen
    MenuItem.objects.filter(pk__in=[kitchen.soup.pk, kitchen.burger.pk]).update(stock=20)
    MenuItem.objects.filter(pk=kitchen.burger.pk).update(stock=12)
    soup = {"item_id": str(kitchen.soup.pk), "quantity": 1}
    burger = {"item_id": str(kitchen.burger.pk), "quantity": 1, "option_ids": [str(kitchen.regular.pk)]}
    bodies = [cart(kitchen, lines=lines) for lines in ([soup, burger], [burger, soup])]

    answers = at_once(
        *(
            lambda app=app, body=bodies[number % 2]: app.post(ORDERS, body, format="json")
            for number, app in enumerate(buyers[:24])
        )
    )

    assert Counter(statuses(answers)) == {201: 12, 409: 12}
    assert (left(kitchen.soup), left(kitchen.burger)) == (8, 0)
    drain()
    stage.assert_clean()


def test_cancel_and_reject_give_back_once(stage: Stage) -> None:
    soup = stage.kitchen.soup
    MenuItem.objects.filter(pk=soup.pk).update(stock=10)
    for _ in range(ROUNDS):
        order_id = stage.placed()
        calls: list[Callable[[], Any]] = [
            lambda order_id=order_id: stage.cancel(order_id),
            lambda order_id=order_id: stage.cancel(order_id),
            lambda order_id=order_id: stage.board(order_id, "reject", {"reason": "too_busy"}),
        ]
        assert sorted(statuses(at_once(*calls))) == [200, 409, 409]
        assert left(soup) == 10
        drain()
    stage.assert_clean()


def test_cancel_and_confirm_agree_on_the_pan(stage: Stage) -> None:
    """Whoever is first decides: what was confirmed is cooked and stays taken."""
    soup = stage.kitchen.soup
    for _ in range(ROUNDS):
        MenuItem.objects.filter(pk=soup.pk).update(stock=10)
        order_id = stage.placed()
        answers = at_once(
            lambda order_id=order_id: stage.board(order_id, "confirm", {"prep_minutes": 10}),
            lambda order_id=order_id: stage.cancel(order_id),
        )
        confirmed = answers[0].status_code == 200
        assert left(soup) == (8 if confirmed else 10)
        drain()
    stage.assert_clean()


def change_price(stage: Stage, price_minor: int) -> Any:
    kitchen = stage.kitchen
    path = f"/api/v1/restaurants/{kitchen.restaurant.pk}/catalogue/items/{kitchen.soup.pk}/"
    return stage.bo.patch(path, {"price_minor": price_minor}, format="json")


def quoted_minor(stage: Stage, body: dict[str, Any]) -> int:
    total: int = stage.ada.post("/api/v1/quotes/", body, format="json").json()["total"]["amount_minor"]
    return total


def test_a_price_changes_while_somebody_orders(stage: Stage) -> None:
    """Ada pays what she saw, or is told; never what she did not see."""
    body = cart(stage.kitchen)
    for number in range(2 * ROUNDS):
        seen_minor, before = quoted_minor(stage, body), Order.objects.count()
        asked = body | {"expected_total_minor": seen_minor}
        answers = at_once(
            lambda number=number: change_price(stage, 1_300 + 50 * number),
            lambda asked=asked: stage.ada.post(ORDERS, asked, format="json"),
        )
        assert answers[0].status_code == 200
        told = answers[1].json()
        if answers[1].status_code == 201:
            order = Order.objects.get(pk=told["id"])
            [line] = order.lines.all()
            assert order.total_minor == told["total"]["amount_minor"] == seen_minor
            assert line.total_minor == line.unit_price_minor * line.quantity == order.subtotal_minor
            drain()
        else:
            assert (answers[1].status_code, told["code"]) == (409, "price_changed")
            assert told["total_minor"] == quoted_minor(stage, body)
            assert Order.objects.count() == before
    stage.assert_clean()


def test_control_without_the_expected_total_she_pays_what_she_did_not_see(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price is changed between what Ada saw and what the server reads: only her own figure tells."""
    body = cart(stage.kitchen)
    seen_minor = quoted_minor(stage, body)

    def after_the_change(**how: Any) -> Any:
        MenuItem.objects.filter(pk=stage.kitchen.soup.pk).update(price_minor=F("price_minor") + 500)
        return quoting.quote(**how)

    monkeypatch.setattr(placing, "quote", after_the_change)

    guarded = stage.ada.post(ORDERS, body | {"expected_total_minor": seen_minor}, format="json")
    assert (guarded.status_code, guarded.json()["code"]) == (409, "price_changed")
    assert Order.objects.count() == 0
    blind = stage.ada.post(ORDERS, body, format="json")
    assert blind.status_code == 201
    assert blind.json()["total"]["amount_minor"] > seen_minor


def test_the_stock_is_counted_anew_while_it_is_sold(stage: Stage, buyers: list[APIClient], bo: User) -> None:
    """A manager's figure and the orders do not lose each other: what is sold after it comes off it."""
    kitchen = stage.kitchen
    MenuItem.objects.filter(pk=kitchen.soup.pk).update(stock=100)
    path = f"/api/v1/restaurants/{kitchen.restaurant.pk}/catalogue/items/{kitchen.soup.pk}/"
    answers = at_once(
        lambda: stage.bo.patch(path, {"stock": 5}, format="json"),
        *(lambda app=app: app.post(ORDERS, one_soup(stage), format="json") for app in buyers[:20]),
    )
    accepted = statuses(answers[1:]).count(201)
    remaining = left(kitchen.soup)
    assert remaining is not None
    assert accepted == sold(kitchen.soup)
    assert 5 - accepted <= remaining <= 5
    assert remaining >= 0
