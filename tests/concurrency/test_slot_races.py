"""The last place of a kitchen's quarter of an hour, and fifty who want it."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from deliveryapp.batch import Batch
from deliveryapp.clock import utc_now
from deliveryapp.models import User
from orders.models import Order
from orders.scheduling import kitchen_slot
from restaurants.models import Restaurant, SlotLoad
from tests.cast import cart
from tests.crowd import PATIENCE_S, at_once
from tests.orders.stage import ClientOf, Stage, place
from tests.worker import drain

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wide_pool")]
FIFTY = 50
AHEAD = timedelta(hours=3)


def in_three_hours() -> str:
    return (kitchen_slot(utc_now()) + AHEAD).isoformat()


def all_at_once(stage: Stage, user: User, as_: ClientOf, people: int) -> list[Any]:
    apps = [as_(user) for _ in range(people)]
    at = in_three_hours()
    return at_once(*(lambda app=app: place(app, cart(stage.kitchen, scheduled_for=at)) for app in apps))


def codes(answers: list[Any]) -> Counter[str]:
    return Counter(answer.json().get("code", "placed") for answer in answers)


def test_fifty_want_the_last_place(stage: Stage, ada: User, as_: ClientOf) -> None:
    Restaurant.objects.update(slot_capacity=3)
    for _ in range(2):
        assert stage.place(scheduled_for=in_three_hours()).status_code == 201

    answers = all_at_once(stage, ada, as_, FIFTY)

    assert codes(answers) == {"placed": 1, "slot_full": FIFTY - 1}
    later = (kitchen_slot(utc_now()) + AHEAD + timedelta(minutes=15)).isoformat().replace("+00:00", "Z")
    assert {a.json()["next_free_at"] for a in answers if a.status_code == 409} == {later}
    assert [row.taken for row in SlotLoad.objects.all()] == [3]
    assert Order.objects.count() == 3
    drain()
    stage.assert_clean()


def test_one_place_in_a_slot_that_nobody_counted_yet(stage: Stage, ada: User, as_: ClientOf) -> None:
    """The counter's row does not exist: everybody inserts it."""
    Restaurant.objects.update(slot_capacity=1)
    answers = all_at_once(stage, ada, as_, FIFTY)
    assert codes(answers) == {"placed": 1, "slot_full": FIFTY - 1}
    assert [row.taken for row in SlotLoad.objects.all()] == [1]


def test_control_who_only_looks_before_writing_overbooks(
    stage: Stage, ada: User, as_: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the condition in the statement: everybody has seen a place before anybody takes it."""
    people = 5
    Restaurant.objects.update(slot_capacity=1)
    count_up, all_have_looked = Batch.count_up, threading.Barrier(people)

    def count_without_limit(self: Batch, row: Any, *, limit: int, **names: Any) -> None:
        taken = SlotLoad.objects.filter(starts_at=row.starts_at).values_list("taken", flat=True).first() or 0
        all_have_looked.wait(PATIENCE_S)
        assert taken < limit
        count_up(self, row, limit=30_000, **names)

    monkeypatch.setattr(Batch, "count_up", count_without_limit)
    answers = all_at_once(stage, ada, as_, people)

    assert codes(answers) == {"placed": people}
    assert [row.taken for row in SlotLoad.objects.all()] == [people]


def test_a_place_is_given_back_once_by_customer_kitchen_and_clock(
    stage: Stage, ada: User, as_: ClientOf
) -> None:
    """Customer, kitchen and time-out end the same order at the same moment."""
    from orders.services.cancelling import time_out_restaurant

    Restaurant.objects.update(slot_capacity=9)
    for _ in range(4):
        stay, order_id = stage.placed(), stage.placed()
        before = SlotLoad.objects.order_by("starts_at").last()
        assert before is not None
        at_once(
            lambda order_id=order_id: stage.cancel(order_id),
            lambda order_id=order_id: stage.board(order_id, "reject", {"reason": "other"}),
            lambda order_id=order_id: time_out_restaurant(order_id=order_id, now=utc_now()),
        )
        drain()
        after = SlotLoad.objects.get(pk=before.pk)
        assert after.taken == before.taken - 1
        assert stage.order(stay)["status"] == "placed"
    stage.assert_clean()
