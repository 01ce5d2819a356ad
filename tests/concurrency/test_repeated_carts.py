"""One cart submitted many times at once, without a key (R5)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from deliveryapp.batch import Batch
from deliveryapp.models import User
from orders.models import Order, RecentCart
from orders.services import repeating
from tests.cast import cart
from tests.crowd import PATIENCE_S, at_once, statuses
from tests.orders.stage import ORDERS, TOTAL_MINOR, ClientOf, Stage
from tests.worker import drain

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wide_pool")]
MANY = 50
MANY_CONNECTED = 20  # who waits at a barrier keeps a connection of the pool
HELD = [("hold", TOTAL_MINOR)]


@pytest.fixture
def submit(stage: Stage, ada: User, as_: ClientOf) -> Callable[[int], list[Any]]:
    """So many of Ada's screens send the same cart in one moment, none with a key."""
    body = cart(stage.kitchen, allow_duplicate=False)

    def together(many: int) -> list[Any]:
        apps = [as_(ada) for _ in range(many)]
        return at_once(*(lambda app=app: app.post(ORDERS, body, format="json") for app in apps))

    return together


def test_fifty_submits_are_one_order(stage: Stage, submit: Callable[[int], list[Any]]) -> None:
    answers = submit(MANY)

    assert Counter(statuses(answers)) == {201: 1, 409: MANY - 1}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    order = Order.objects.get()
    assert {problem["code"] for problem in refused} == {"duplicate_order"}
    assert {problem["earlier_order"]["id"] for problem in refused} == {str(order.pk)}
    assert stage.sandbox.effects(order.pk) == HELD
    drain()
    stage.assert_clean()


def test_after_an_order_that_came_to_nothing_one_of_many_takes_its_place(
    stage: Stage, submit: Callable[[int], list[Any]]
) -> None:
    for _ in range(5):
        before = Order.objects.count()
        assert Counter(statuses(submit(4))) == {201: 1, 409: 3}
        assert Order.objects.count() == before + 1
        newest = RecentCart.objects.get().order
        drain()
        stage.must(stage.cancel(newest.pk))
    stage.assert_clean()


def test_control_looking_before_writing_lets_everybody_through(
    stage: Stage, submit: Callable[[int], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The textbook's check: is there such an order? Nobody has written one yet when everybody looks."""
    everybody_has_looked = threading.Barrier(MANY_CONNECTED)

    def look(batch: Batch, order: Order, cart: str, *, allow_duplicate: bool) -> None:
        if RecentCart.objects.filter(pk=cart).exists():
            raise repeating.refusal(cart)
        everybody_has_looked.wait(PATIENCE_S)

    monkeypatch.setattr(repeating, "remember", look)

    assert Counter(statuses(submit(MANY_CONNECTED))) == {201: MANY_CONNECTED}
    assert Order.objects.count() == MANY_CONNECTED


def test_those_who_mean_it_all_get_theirs(stage: Stage, ada: User, as_: ClientOf) -> None:
    body = cart(stage.kitchen, allow_duplicate=True)
    apps = [as_(ada) for _ in range(8)]
    answers = at_once(*(lambda app=app: app.post(ORDERS, body, format="json") for app in apps))

    assert statuses(answers) == [201] * 8
    assert {stage.sandbox.effects(answer.json()["id"])[0] for answer in answers} == set(HELD)
    assert RecentCart.objects.count() == 1
