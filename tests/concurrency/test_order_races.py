"""Several decide one order's fate at once (R4, R5): one wins, the others get a clear answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import F

from deliveryapp import saga
from deliveryapp.models import User
from orders.models import Customer, NotificationRequest, Order
from orders.saga import make_amends
from orders.services import kitchen as kitchen_services
from payments.models import CustomerCredit, Payment
from tests.crowd import PATIENCE_S, at_once, statuses
from tests.orders.stage import TOTAL_MINOR, ClientOf, Stage, hurry, path_of, saga_of
from tests.worker import drain

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wide_pool")]
ROUNDS = 6
RELEASED = [("hold", TOTAL_MINOR), ("release", TOTAL_MINOR)]


def confirm(stage: Stage, order_id: UUID) -> Callable[[], Any]:
    return lambda: stage.board(order_id, "confirm", {"prep_minutes": 10})


def reject(stage: Stage, order_id: UUID) -> Callable[[], Any]:
    return lambda: stage.board(order_id, "reject", {"reason": "too_busy"})


def settle() -> None:
    for _ in range(3):
        hurry()
        drain()


def test_confirm_and_reject(stage: Stage) -> None:
    for _ in range(ROUNDS):
        order_id = stage.placed()
        answers = at_once(confirm(stage, order_id), reject(stage, order_id))

        assert sorted(statuses(answers)) == [200, 409]
        confirmed = answers[0].status_code == 200
        loser = answers[1 if confirmed else 0].json()
        end = "confirmed" if confirmed else "cancelled"
        assert (loser["code"], loser["order_status"]) == ("order_state", end)
        assert [to for to, _, _ in path_of(order_id)] == ["created", "placed", end]
        settle()
        assert (stage.sandbox.effects(order_id) == RELEASED) is not confirmed
    stage.assert_clean()


def test_confirm_and_cancel(stage: Stage) -> None:
    for _ in range(ROUNDS):
        order_id = stage.placed()
        answers = at_once(confirm(stage, order_id), lambda order_id=order_id: stage.cancel(order_id))

        confirm_status, cancel_status = statuses(answers)
        assert cancel_status == 200
        assert confirm_status in (200, 409)
        passed = ["confirmed"] if confirm_status == 200 else []
        assert [to for to, _, _ in path_of(order_id)] == ["created", "placed", *passed, "cancelled"]
        settle()
        assert stage.sandbox.effects(order_id) == RELEASED
        assert saga_of(order_id)[0] == "compensated"
    stage.assert_clean()


def test_confirm_and_the_timer(stage: Stage) -> None:
    for _ in range(ROUNDS):
        order_id = stage.placed()
        Order.objects.filter(pk=order_id).update(placed_at=F("placed_at") - timedelta(minutes=6))
        hurry()
        answers = at_once(confirm(stage, order_id), saga.sweep)

        [status] = statuses(answers[:1])
        settle()
        order = Order.objects.get(pk=order_id)
        assert (status, order.status) in [(200, "confirmed"), (409, "cancelled")]
        assert (stage.sandbox.effects(order_id) == RELEASED) is (status == 409)
        assert saga_of(order_id)[0] == ("running" if status == 200 else "compensated")
    stage.assert_clean()


def test_confirm_and_close(stage: Stage) -> None:
    """The kitchen's tablet says yes while its owner closes on what is open."""
    path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/"
    for _ in range(ROUNDS):
        order_id = stage.placed()
        answers = at_once(confirm(stage, order_id), lambda: stage.bo.post(f"{path}close/"), saga.sweep)

        status, closed = statuses(answers[:2])
        settle()
        end = "confirmed" if status == 200 else "cancelled"
        assert (status, closed) in [(200, 200), (409, 200)]
        assert [to for to, _, _ in path_of(order_id)] == ["created", "placed", end]
        assert (stage.sandbox.effects(order_id) == RELEASED) is (status == 409)
        assert stage.bo.post(f"{path}resume/").status_code == 200
    stage.assert_clean()


def test_two_workers_make_amends_once(stage: Stage) -> None:
    """A worker whose lease ended and its successor do the same step."""
    for number in range(1, ROUNDS + 1):
        order_id = stage.placed()
        assert reject(stage, order_id)().status_code == 200
        at_once(*[lambda order_id=order_id: make_amends(order_id)] * 4)
        settle()
        assert CustomerCredit.objects.get().balance_minor == 200 * number
        assert NotificationRequest.objects.filter(order_id=order_id).count() == 1
    stage.assert_clean()


def test_two_cancels_count_once(stage: Stage) -> None:
    for number in range(1, ROUNDS + 1):
        order_id = stage.placed()
        answers = at_once(*[lambda order_id=order_id: stage.cancel(order_id)] * 2)

        assert sorted(statuses(answers)) == [200, 409]
        assert Customer.objects.get().cancelled_count == number
        settle()
        assert stage.sandbox.effects(order_id) == RELEASED
    stage.assert_clean()


def test_two_workers_on_one_saga(stage: Stage) -> None:
    """A nudge and the sweep meet: each step runs once."""
    for _ in range(ROUNDS):
        answer = stage.place()
        order_id = UUID(answer.json()["id"])
        at_once(*[saga.sweep] * 4)
        assert saga_of(order_id)[:2] == ("running", "await_confirmation")
    stage.assert_clean()


def test_support_cancels_while_the_money_is_captured(stage: Stage, sam: User, as_: ClientOf) -> None:
    """R4: whether the capture came first or not, nothing is kept in the end."""
    for _ in range(3):
        stage.sandbox.faults(
            {"operation": "payment_intents.capture", "kind": "latency", "seconds": 0.1, "times": 1}
        )
        order_id = stage.assigned()
        stage.must(stage.board(order_id, "ready"))
        assert stage.ride(order_id, "picked-up").status_code == 200
        support = as_(sam)
        hurry()
        answers = at_once(
            saga.sweep, lambda order_id=order_id, support=support: stage.cancel(order_id, by=support)
        )

        assert statuses(answers[1:]) == [200]
        settle()
        payment = Payment.objects.get(order_id=order_id)
        assert payment.state in ("voided", "refunded")
        assert payment.kept_minor == 0
        assert saga_of(order_id)[0] == "compensated"
        stage.sandbox.calm()
    stage.assert_clean()


def test_two_taps_on_picked_up_capture_once(stage: Stage) -> None:
    order_id = stage.assigned()
    stage.must(stage.board(order_id, "ready"))
    answers = at_once(*[lambda: stage.ride(order_id, "picked-up")] * 4)

    assert statuses(answers) == [200] * 4
    settle()
    assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR), ("capture", TOTAL_MINOR)]
    assert [to for to, _, _ in path_of(order_id)].count("picked_up") == 1


def test_control_without_the_lock_both_decide_on_what_they_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both read `placed` before either writes; the second guard, the conditional update, stops one."""
    order_id = stage.placed()
    both_have_read = threading.Barrier(2)

    def read_only(order_id: UUID) -> Order:
        order = Order.objects.get(pk=order_id)
        both_have_read.wait(PATIENCE_S)
        return order

    monkeypatch.setattr(kitchen_services, "lock_order", read_only)
    stage.bo.raise_request_exception = False  # the signal it listens to does not know whose request it was
    answers = at_once(confirm(stage, order_id), reject(stage, order_id))

    assert sorted(statuses(answers)) == [200, 500]
    assert len(path_of(order_id)) == 3
