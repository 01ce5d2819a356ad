"""What goes wrong on the way and is told: a late kitchen, nobody free, a driver who fell silent (R7, F7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import F
from django.db.models.functions import Now

from deliveryapp.clock import utc_now
from deliveryapp.models import OutboxEvent, SagaRun
from drivers.models import Assignment, Delivery, Driver
from drivers.tasks import dispatch, watch_for_silent_drivers
from orders.models import Customer, NotificationRequest, Order
from tests.drivers.test_silence import listen
from tests.orders.stage import (
    TOTAL_MINOR,
    Stage,
    assert_problem,
    events_of,
    hurry,
    nothing_changes,
    path_of,
    saga_of,
    told,
)
from tests.worker import drain

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def rest() -> None:
    hurry()
    drain()


def pass_by(order_id: UUID, minutes: float) -> None:
    """So much later, for what the kitchen promised."""
    shift = timedelta(minutes=minutes)
    Order.objects.filter(pk=order_id).update(
        ready_at=F("ready_at") - shift, promised_ready_at=F("promised_ready_at") - shift
    )
    rest()


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def board_of(stage: Stage, state: str = "active") -> list[dict[str, Any]]:
    path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/orders/"
    rows: list[dict[str, Any]] = stage.bo.get(path, {"state": state}).json()["results"]
    return rows


class TestPrepTime:
    def test_the_kitchen_promises_anew(self, stage: Stage) -> None:
        order_id = stage.assigned()
        Order.objects.update(confirmed_at=F("confirmed_at") - 5 * MINUTE)
        before = utc_now()
        board = stage.must(stage.board(order_id, "prep-time", {"minutes": 25}))

        ready_at = moment(board["ready_at"])
        assert before + 25 * MINUTE <= ready_at <= utc_now() + 25 * MINUTE
        assert board["prep_minutes"] == 30  # since the confirmation
        assert Delivery.objects.get().ready_at == ready_at
        assert path_of(order_id)[-1] == ("confirmed", "restaurant", "ready in 25 minutes")
        assert events_of(order_id)[-1] == "OrderPrepTimeChanged"
        event = OutboxEvent.objects.get(type="OrderPrepTimeChanged")
        assert (event.data["actor"], moment(event.data["ready_at"])) == ("restaurant", ready_at)
        stage.assert_clean()

    @pytest.mark.parametrize("minutes", [0, 181, "10", None])
    def test_only_a_sensible_time(self, stage: Stage, minutes: object) -> None:
        order_id = stage.confirmed()
        with nothing_changes(stage.sandbox):
            answer = stage.board(order_id, "prep-time", {"minutes": minutes})
            assert_problem(answer, 400, "invalid_input")

    def test_neither_before_the_yes_nor_when_it_is_cooked(self, stage: Stage) -> None:
        waiting, cooked = stage.placed(), stage.confirmed()
        stage.must(stage.board(cooked, "ready"))
        with nothing_changes(stage.sandbox):
            for order_id, status in ((waiting, "placed"), (cooked, "ready")):
                answer = stage.board(order_id, "prep-time", {"minutes": 10})
                assert assert_problem(answer, 409, "order_state")["order_status"] == status


class TestLateKitchen:
    def test_within_five_minutes_nobody_says_anything(self, stage: Stage) -> None:
        order_id = stage.assigned()
        pass_by(order_id, 15 + 4.9)
        assert told(order_id) == []
        assert saga_of(order_id)[:2] == ("running", "await_pickup")

    @pytest.mark.parametrize("rides", [True, False])
    def test_then_everybody_hears_of_it_once(self, stage: Stage, rides: bool) -> None:
        order_id = stage.assigned() if rides else stage.confirmed()
        pass_by(order_id, 15 + 5.1)
        rest()
        pass_by(order_id, 1)

        driver = [("pickup_moved", "driver")] if rides else []
        assert told(order_id) == [("kitchen_late", "restaurant"), ("order_late", "customer"), *driver]
        assert path_of(order_id)[-1] == ("confirmed", "system", "kitchen_late")
        assert events_of(order_id).count("OrderPrepTimeChanged") == 1
        expected = Delivery.objects.get().ready_at
        assert timedelta(minutes=9) < expected - utc_now() < timedelta(minutes=10)
        assert stage.order(order_id)["attention"] == ["order_late"]
        run = SagaRun.objects.get()
        assert (run.status, run.attempts) == ("running", 0)
        stage.assert_clean()

    def test_a_new_promise_that_is_broken_too_is_reminded_of_but_ada_is_left_in_peace(
        self, stage: Stage
    ) -> None:
        order_id = stage.assigned()
        pass_by(order_id, 15 + 6)
        stage.must(stage.board(order_id, "prep-time", {"minutes": 10}))
        pass_by(order_id, 10 + 6)
        kinds = [kind for kind, _ in told(order_id)]
        assert kinds == ["kitchen_late", "order_late", "pickup_moved", "kitchen_late", "pickup_moved"]

    def test_after_twenty_minutes_support_looks_until_it_is_ready(self, stage: Stage) -> None:
        order_id = stage.assigned()
        pass_by(order_id, 15 + 20.1)
        assert saga_of(order_id) == ("manual_review", "await_pickup", "kitchen_late")

        stage.must(stage.board(order_id, "ready"))
        assert saga_of(order_id)[:2] == ("running", "await_pickup")
        assert stage.order(order_id)["attention"] == []
        stage.must(stage.ride(order_id, "picked-up"))
        stage.must(stage.ride(order_id, "delivered"))
        assert saga_of(order_id)[0] == "completed"
        stage.assert_clean()

    def test_or_until_it_promises_anew(self, stage: Stage) -> None:
        order_id = stage.assigned()
        pass_by(order_id, 15 + 30)
        assert saga_of(order_id)[0] == "manual_review"
        stage.must(stage.board(order_id, "prep-time", {"minutes": 5}))
        assert saga_of(order_id)[:2] == ("running", "await_pickup")

    def test_who_cancels_a_late_order_is_not_blamed(self, stage: Stage) -> None:
        order_id = stage.assigned()
        pass_by(order_id, 15 + 6)
        stage.must(stage.cancel(order_id))
        assert Customer.objects.get().cancelled_count == 0


class TestNobodyFree:
    def give_up(self, order_id: UUID) -> None:
        Delivery.objects.filter(order_id=order_id).update(deadline_at=Now(), next_search_at=Now())
        dispatch(region="helsinki")
        drain()

    def test_the_customer_hears_of_it_once_and_may_leave_free_of_charge(self, stage: Stage) -> None:
        order_id = stage.confirmed()
        stage.must(stage.board(order_id, "preparing"))
        self.give_up(order_id)
        rest()

        assert saga_of(order_id) == ("manual_review", "assign_driver", "no_driver_found")
        assert told(order_id) == [("search_takes_longer", "customer")]
        order = stage.order(order_id)
        assert order["attention"] == ["search_takes_longer"]
        assert order["cancel_refund"]["amount_minor"] == TOTAL_MINOR
        stage.must(stage.cancel(order_id))
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR), ("release", TOTAL_MINOR)]
        assert Customer.objects.get().cancelled_count == 0
        stage.assert_clean()

    def test_when_somebody_accepts_it_is_over(self, stage: Stage) -> None:
        order_id = stage.confirmed()
        self.give_up(order_id)
        stage.cleo_goes_online()
        Delivery.objects.update(next_search_at=Now())
        stage.must(stage.cleo.post(f"/api/v1/driver/offers/{stage.cleo_is_asked()}/accept/"))

        assert saga_of(order_id)[:2] == ("running", "await_pickup")
        assert stage.order(order_id)["attention"] == []
        assert told(order_id) == [("search_takes_longer", "customer")]


def silence(minutes: float = 6) -> None:
    """Cleo's phone says nothing any more; the watch looks."""
    listen(30)
    at = utc_now() - timedelta(minutes=minutes)
    assignment = Assignment.objects.live().get()
    fields = {"assigned_at": at} | ({"picked_up_at": at} if assignment.picked_up_at else {})
    Assignment.objects.filter(pk=assignment.pk).update(**fields)
    Driver.objects.update(last_seen_at=at)
    from deliveryapp import positions

    positions.forget(region="helsinki", driver_id=assignment.driver_id)
    watch_for_silent_drivers()
    drain()


class TestSilentDriver:
    def test_before_pick_up_somebody_else_is_looked_for_and_all_are_told(self, stage: Stage) -> None:
        order_id = stage.assigned()
        silence()

        assert Assignment.objects.get().release_reason == "silent"
        assert Driver.objects.get().status == "offline"
        assert saga_of(order_id)[:2] == ("running", "await_pickup")
        assert sorted(told(order_id)) == [("driver_changed", "customer"), ("driver_replaced", "restaurant")]
        assert stage.order(order_id)["attention"] == ["driver_changed"]
        [card] = board_of(stage)
        assert card["driver"] is None
        assert_problem(stage.ride(order_id, "picked-up"), 404, "assignment_not_found")
        stage.assert_clean()

    def test_the_next_driver_brings_it(self, stage: Stage) -> None:
        order_id = stage.assigned()
        silence()
        stage.cleo_goes_online()
        Assignment.objects.update(released_at=F("released_at") - timedelta(hours=1))
        Delivery.objects.update(next_search_at=Now(), radius_m=15_000)
        stage.must(stage.cleo.post(f"/api/v1/driver/offers/{stage.cleo_is_asked()}/accept/"))
        assert stage.order(order_id)["attention"] == []
        stage.must(stage.board(order_id, "ready"))
        stage.must(stage.ride(order_id, "picked-up"))
        stage.must(stage.ride(order_id, "delivered"))
        assert saga_of(order_id)[0] == "completed"
        stage.assert_clean()

    def test_after_pick_up_support_looks_and_he_keeps_the_order(self, stage: Stage) -> None:
        order_id = stage.on_the_road()
        silence()

        assert saga_of(order_id) == ("manual_review", "await_delivery", "driver_silent")
        assert told(order_id) == [("driver_silent", "customer")]
        assert stage.order(order_id)["attention"] == ["driver_silent"]
        assert Assignment.objects.get().status == "picked_up"
        assert stage.order(order_id)["status"] == "picked_up"
        stage.assert_clean()

    def test_when_he_is_heard_again_it_is_over(self, stage: Stage) -> None:
        order_id = stage.on_the_road()
        silence()
        Driver.objects.update(last_seen_at=utc_now() + timedelta(seconds=1))
        watch_for_silent_drivers()
        drain()

        assert saga_of(order_id)[:2] == ("running", "await_delivery")
        assert stage.order(order_id)["attention"] == []
        stage.must(stage.ride(order_id, "delivered"))
        assert saga_of(order_id)[0] == "completed"

    def test_or_when_he_delivers(self, stage: Stage) -> None:
        order_id = stage.on_the_road()
        silence()
        stage.must(stage.ride(order_id, "delivered"))
        assert saga_of(order_id)[0] == "completed"
        stage.assert_clean()

    def test_a_driver_who_is_released_otherwise_is_no_news(self, stage: Stage) -> None:
        order_id = stage.assigned()
        stage.must(stage.ride(order_id, "release", {"reason": "vehicle"}))
        assert told(order_id) == []


def test_a_request_to_notify_is_there_once_whoever_asks(stage: Stage) -> None:
    """The table refuses what the lock did not keep out."""
    from django.db import IntegrityError

    order_id = stage.confirmed()
    row: dict[str, Any] = {
        "order_id": order_id,
        "kind": "order_late",
        "audience": "customer",
        "recipient_id": order_id,
        "requested_at": utc_now(),
    }
    NotificationRequest.objects.create(**row)
    with pytest.raises(IntegrityError, match="notification_is_requested_once"):
        NotificationRequest.objects.create(**row)


def test_a_run_in_review_keeps_its_place(stage: Stage) -> None:
    """Nothing is undone by asking a person."""
    order_id = stage.on_the_road()
    silence()
    run = SagaRun.objects.get(subject_id=order_id)
    assert (run.lease_token, run.finished_at is not None) == (None, True)
    assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR), ("capture", TOTAL_MINOR)]
