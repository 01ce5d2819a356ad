"""The last use of a promotion, and uses that come back while others want them."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest
from django.db.models import F
from rest_framework.test import APIClient

from deliveryapp.batch import Batch
from orders.models import Order
from orders.services import discounting
from restaurants.models import Promotion, PromotionUse
from tests.cast import cart, make_user
from tests.crowd import PATIENCE_S, at_once, statuses
from tests.orders.stage import ORDERS, ClientOf, Stage
from tests.orders.test_promotions import promotion, spent
from tests.worker import drain

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wide_pool")]
BUYERS = 20
CONNECTED = 8  # who waits at a barrier keeps a connection of the pool


@pytest.fixture
def buyers(as_: ClientOf) -> list[APIClient]:
    return [as_(make_user(f"Buyer{number}")) for number in range(BUYERS)]


def all_order(apps: list[APIClient], body: dict[str, Any]) -> list[Any]:
    return at_once(*(lambda app=app: app.post(ORDERS, body, format="json") for app in apps))


@pytest.mark.parametrize("uses", [1, 5])
def test_twenty_buyers_and_the_last_uses(stage: Stage, buyers: list[APIClient], uses: int) -> None:
    row = promotion(stage, code="LAST", max_uses=uses)

    answers = all_order(buyers, cart(stage.kitchen, promotion_code="LAST"))

    assert Counter(statuses(answers)) == {201: uses, 409: BUYERS - uses}
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert {(body["code"], body["by_customer"]) for body in refused} == {("promotion_used_up", False)}
    assert spent(row) == (uses, uses)
    assert Order.objects.count() == Order.objects.filter(discount_minor=500).count() == uses
    drain()
    stage.assert_clean()


def test_control_looking_before_writing_gives_away_more(
    stage: Stage, buyers: list[APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody has seen that one use is left, and everybody writes that he took it."""
    row = promotion(stage, code="LAST", max_uses=1)
    everybody_has_looked = threading.Barrier(CONNECTED)

    def look_and_write(batch: Batch, order: Order, promised: object) -> None:
        seen = Promotion.objects.values_list("used", flat=True).get(pk=row.pk)
        everybody_has_looked.wait(PATIENCE_S)
        batch.update(Promotion.objects.filter(pk=row.pk), used=seen + 1)

    monkeypatch.setattr(discounting, "take_use", look_and_write)
    answers = all_order(buyers[:CONNECTED], cart(stage.kitchen, promotion_code="LAST"))
    assert Counter(statuses(answers)) == {201: CONNECTED}
    assert (spent(row)[0], Order.objects.filter(promotion=row).count()) == (1, CONNECTED)


@pytest.mark.parametrize("fields", [{"max_uses_per_customer": 2}, {"is_first_order_only": True}])
def test_one_customer_in_many_windows(stage: Stage, fields: dict[str, Any]) -> None:
    """Ada's own uses are counted by the same statement."""
    row = promotion(stage, code="MINE", **fields)
    most = fields.get("max_uses_per_customer", 1)

    answers = all_order([stage.ada] * 10, cart(stage.kitchen, promotion_code="MINE"))

    assert Counter(statuses(answers)) == {201: most, 409: 10 - most}
    assert PromotionUse.objects.get(promotion=row).used == most
    drain()
    stage.assert_clean()


def test_a_use_that_comes_back_is_there_for_one(stage: Stage, buyers: list[APIClient]) -> None:
    """Cancelling twice at once gives it back once, and the places of kitchen and stock with it."""
    row = promotion(stage, code="LAST", max_uses=1)
    stage.kitchen.restaurant.slot_capacity = 100
    stage.kitchen.restaurant.save()
    type(stage.kitchen.soup).objects.update(stock=F("position") + 1_000)
    body = cart(stage.kitchen, promotion_code="LAST")
    for _ in range(5):
        order_id = stage.placed(promotion_code="LAST")
        answers = at_once(
            lambda order_id=order_id: stage.cancel(order_id),
            lambda order_id=order_id: stage.board(order_id, "reject", {"reason": "too_busy"}),
            *(lambda app=app: app.post(ORDERS, body, format="json") for app in buyers[:4]),
        )
        assert sorted(statuses(answers[:2])) == [200, 409]
        taken = statuses(answers[2:]).count(201)
        assert taken in (0, 1)
        assert spent(row) == (taken, taken)
        drain()
        for won in Order.objects.filter(status="placed"):
            stage.must(stage.cancel(won.pk, by=_owner(won, buyers)))
    stage.assert_clean()


def _owner(order: Order, buyers: list[APIClient]) -> APIClient:
    [owner] = [app for app in buyers if app.get(f"{ORDERS}{order.pk}/").status_code == 200]
    return owner
