"""A swap is answered at the moment at which its time is over: one of them decides, and the price follows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError
from django.db.models import F

from deliveryapp.batch import StaleWrite
from deliveryapp.clock import utc_now
from orders.models import Amendment, Order, OrderLine
from orders.services import amending
from payments.models import Payment
from tests.crowd import PATIENCE_S, at_once
from tests.orders.stage import TOTAL_MINOR, Stage
from tests.orders.test_amending import answer, meal, propose
from tests.worker import drain

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wide_pool")]
ROUNDS = 20
SWAPPED_MINOR = 3_900 + 290 + 156


def due(stage: Stage, order_id: UUID) -> None:
    """The large burger of this order may become a regular one, and the time to say so is just over."""
    burger = next(line for line in stage.order(order_id)["lines"] if line["name"] == "Burger")
    assert propose(stage, order_id, burger["id"]).status_code == 200
    Amendment.objects.filter(order_id=order_id).update(expires_at=F("expires_at") - timedelta(minutes=3))


def time_out() -> Callable[[], Any]:
    return lambda: amending.time_out_swaps(now=utc_now())


def test_the_answer_and_the_clock(stage: Stage) -> None:
    for _ in range(ROUNDS):
        order_id = UUID(stage.place(lines=meal(stage)).json()["id"])
        due(stage, order_id)
        [said, _] = at_once(lambda order_id=order_id: answer(stage, order_id, "accept"), time_out())

        end = Amendment.objects.get(order_id=order_id).state
        order, paid = Order.objects.get(pk=order_id), Payment.objects.get(order_id=order_id)
        total_minor = SWAPPED_MINOR if said.status_code == 200 else TOTAL_MINOR
        assert (said.status_code, end) in [(200, "accepted"), (409, "expired")]
        assert (order.total_minor, paid.amount_minor) == (total_minor, total_minor)
        assert order.history.count() == 4  # created, placed, proposed, and one decision
    drain()
    stage.assert_clean()


def test_control_without_the_lock_both_decide_on_what_they_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find the proposal open; the conditional update of the order stops one, or the database does, since
    they take their rows in no common order.
    """
    order_id = UUID(stage.place(lines=meal(stage)).json()["id"])
    due(stage, order_id)
    [amendment] = Amendment.objects.filter(order_id=order_id)
    both_have_read = threading.Barrier(2)

    def read_only(order_id: UUID) -> Order:
        order = Order.objects.get(pk=order_id)
        both_have_read.wait(PATIENCE_S)
        return order

    def accept() -> None:
        amending.answer_swap(
            order_id=order_id, user_id=made_by, amendment_id=amendment.pk, answer="accept", now=utc_now()
        )

    made_by = amendment.made_by
    monkeypatch.setattr(amending, "lock_order", read_only)
    both = at_once(accept, time_out(), refusals=(StaleWrite, OrderLine.DoesNotExist, OperationalError))
    assert sum(isinstance(result, Exception) for result in both) == 1, both
    assert Order.objects.get(pk=order_id).history.count() == 4
