"""Every way an order can end, through everybody's API, the workers' part done by hand; audited after each."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models import F
from django.db.models.functions import Now

from deliveryapp.models import SagaStep, User
from drivers.models import Assignment, Delivery, Driver
from drivers.tasks import dispatch
from orders.models import Customer, Order, OrderFailure
from payments.models import Payment
from restaurants.models import Ticket
from tests.orders.stage import (
    TOTAL_MINOR,
    ClientOf,
    Stage,
    assert_problem,
    events_of,
    hurry,
    nothing_changes,
    path_of,
    saga_of,
)
from tests.worker import drain

pytestmark = pytest.mark.django_db

PLACED = [("created", "customer", ""), ("placed", "system", "")]
HELD = [("hold", TOTAL_MINOR)]
RELEASED = [*HELD, ("release", TOTAL_MINOR)]


def assert_let_go(stage: Stage, order_id: UUID) -> None:
    """The hold is released, nobody rides, the ticket is off the board, and the saga is at its end."""
    assert stage.sandbox.effects(order_id) == RELEASED
    assert Payment.objects.get(order_id=order_id).state == "voided"
    assert saga_of(order_id)[0] == "compensated"
    assert not Assignment.objects.live().filter(order_id=order_id).exists()
    assert not Ticket.objects.filter(order_id=order_id, withdrawn_at=None).exists()
    stage.assert_clean()


class TestDelivered:
    def test_from_cart_to_door(self, stage: Stage) -> None:
        order_id = stage.on_the_road()
        assert stage.sandbox.effects(order_id) == [*HELD, ("capture", TOTAL_MINOR)]
        stage.must(stage.ride(order_id, "delivered"))

        assert path_of(order_id) == [
            *PLACED,
            ("confirmed", "restaurant", ""),
            ("preparing", "restaurant", ""),
            ("ready", "restaurant", ""),
            ("picked_up", "driver", ""),
            ("delivered", "driver", ""),
        ]
        assert events_of(order_id) == [
            "OrderCreated",
            "OrderPlaced",
            "OrderConfirmed",
            "OrderPreparing",
            "OrderReady",
            "OrderPickedUp",
            "OrderDelivered",
        ]
        assert events_of(order_id, "payments") == ["PaymentAuthorized", "PaymentCaptured"]
        assert stage.sandbox.effects(order_id) == [*HELD, ("capture", TOTAL_MINOR)]
        assert saga_of(order_id) == ("completed", "await_delivery", "")
        assert (Driver.objects.get().status, Driver.objects.get().active_count) == ("available", 0)
        stage.assert_clean()

    def test_the_customer_sees_it_all(self, stage: Stage) -> None:
        order_id = stage.on_the_road()
        stage.must(stage.ride(order_id, "delivered"))
        order = stage.order(order_id)

        assert (order["status"], order["cancellable"], order["failure"]) == ("delivered", False, None)
        assert order["payment"]["status"] == "captured"
        times = [order[name] for name in ("created_at", "placed_at", "confirmed_at", "picked_up_at")]
        assert times == sorted(times) < [order["delivered_at"]] * len(times)
        assert [move["to"] for move in order["history"]] == [to for to, _, _ in path_of(order_id)]
        assert order["prep_minutes"] == 15

    def test_repeating_what_was_said_changes_nothing(self, stage: Stage) -> None:
        order_id = stage.on_the_road()
        with nothing_changes(stage.sandbox):
            assert stage.ride(order_id, "picked-up").status_code == 200
        stage.must(stage.ride(order_id, "delivered"))
        with nothing_changes(stage.sandbox):
            assert stage.ride(order_id, "delivered").json()["order_status"] == "delivered"

    def test_ready_alone_is_enough(self, stage: Stage) -> None:
        order_id = stage.confirmed()
        stage.must(stage.board(order_id, "ready"))

        assert [to for to, _, _ in path_of(order_id)][-2:] == ["preparing", "ready"]
        assert events_of(order_id)[-2:] == ["OrderPreparing", "OrderReady"]

    def test_food_that_is_not_ready_cannot_be_picked_up(self, stage: Stage) -> None:
        order_id = stage.assigned()
        with nothing_changes(stage.sandbox):
            problem = assert_problem(stage.ride(order_id, "picked-up"), 409, "order_not_ready")
        assert problem["order_status"] == "confirmed"
        assert Assignment.objects.get().status == "assigned"

    def test_food_that_was_not_picked_up_cannot_be_delivered(self, stage: Stage) -> None:
        order_id = stage.assigned()
        with nothing_changes(stage.sandbox):
            assert_problem(stage.ride(order_id, "delivered"), 409, "assignment_state")
        assert Order.objects.get().status == "confirmed"


class TestRejected:
    def test_the_hold_is_released(self, stage: Stage) -> None:
        order_id = stage.placed()
        stage.must(stage.board(order_id, "reject", {"reason": "too_busy", "detail": "wedding party"}))

        assert path_of(order_id) == [
            *PLACED,
            ("cancelled", "restaurant", "rejected_by_restaurant: too_busy wedding party"),
        ]
        assert stage.order(order_id)["cancel_reason"] == "rejected_by_restaurant"
        assert_let_go(stage, order_id)

    def test_a_confirmed_order_cannot_be_rejected(self, stage: Stage) -> None:
        order_id = stage.confirmed()
        with nothing_changes(stage.sandbox):
            problem = assert_problem(stage.board(order_id, "reject", {"reason": "other"}), 409, "order_state")
        assert problem["order_status"] == "confirmed"

    def test_a_rejected_order_cannot_be_confirmed(self, stage: Stage) -> None:
        order_id = stage.placed()
        stage.must(stage.board(order_id, "reject", {"reason": "other"}))
        with nothing_changes(stage.sandbox):
            problem = assert_problem(
                stage.board(order_id, "confirm", {"prep_minutes": 5}), 409, "order_state"
            )
        assert problem["order_status"] == "cancelled"


class TestNobodyInTheKitchenAnswers:
    def late(self, order_id: UUID, by: timedelta) -> None:
        Order.objects.filter(pk=order_id).update(placed_at=F("placed_at") - by)
        hurry()
        drain()

    def test_not_yet(self, stage: Stage) -> None:
        order_id = stage.placed()
        self.late(order_id, timedelta(minutes=4, seconds=50))
        assert stage.order(order_id)["status"] == "placed"

    def test_after_five_minutes(self, stage: Stage) -> None:
        order_id = stage.placed()
        self.late(order_id, timedelta(minutes=5))

        assert path_of(order_id) == [*PLACED, ("cancelled", "system", "restaurant_timeout")]
        assert_let_go(stage, order_id)
        assert_problem(stage.board(order_id, "confirm", {"prep_minutes": 5}), 409, "order_state")


class TestCancelledByTheCustomer:
    def test_before_the_restaurant_confirms(self, stage: Stage) -> None:
        order_id = stage.placed()
        answer = stage.must(stage.cancel(order_id, reason="wrong address"))

        assert (answer["status"], answer["cancel_reason"]) == ("cancelled", "cancelled_by_customer")
        assert path_of(order_id) == [
            *PLACED,
            ("cancelled", "customer", "cancelled_by_customer: wrong address"),
        ]
        assert events_of(order_id)[-1] == "OrderCancelled"
        assert Customer.objects.get().cancelled_count == 1
        assert_let_go(stage, order_id)

    def test_while_a_driver_is_on_his_way(self, stage: Stage) -> None:
        order_id = stage.assigned()
        stage.must(stage.cancel(order_id))

        assert Assignment.objects.get().status == "released"
        assert Assignment.objects.get().release_reason == "order_cancelled"
        assert (Driver.objects.get().status, Driver.objects.get().active_count) == ("available", 0)
        assert Delivery.objects.get().status == "cancelled"
        assert events_of(order_id, "drivers")[-1] == "DriverReleased"
        assert_let_go(stage, order_id)
        assert_problem(stage.ride(order_id, "picked-up"), 404, "assignment_not_found")

    def test_while_a_driver_is_being_asked(self, stage: Stage) -> None:
        stage.cleo_goes_online()
        order_id = stage.confirmed()
        offer_id = stage.cleo_is_asked()
        stage.must(stage.cancel(order_id))

        assert_problem(stage.cleo.post(f"/api/v1/driver/offers/{offer_id}/accept/"), 409, "offer_withdrawn")
        assert_let_go(stage, order_id)

    @pytest.mark.parametrize("verbs", [("preparing",), ("preparing", "ready")])
    def test_while_the_kitchen_cooks(self, stage: Stage, verbs: tuple[str, ...]) -> None:
        order_id = stage.confirmed()
        for verb in verbs:
            stage.must(stage.board(order_id, verb))
        stage.must(stage.cancel(order_id))
        assert_let_go(stage, order_id)
        assert_problem(stage.board(order_id, "ready"), 409, "order_state")

    def test_not_once_it_is_at_the_door(self, stage: Stage) -> None:
        order_id = stage.on_the_road()
        stage.must(stage.ride(order_id, "delivered"))
        with nothing_changes(stage.sandbox):
            problem = assert_problem(stage.cancel(order_id), 409, "order_not_cancellable")
        assert problem["order_status"] == "delivered"
        assert Customer.objects.get().cancelled_count == 0

    def test_only_once(self, stage: Stage) -> None:
        order_id = stage.placed()
        stage.must(stage.cancel(order_id))
        with nothing_changes(stage.sandbox):
            problem = assert_problem(stage.cancel(order_id), 409, "order_not_cancellable")
        assert problem["order_status"] == "cancelled"
        assert Customer.objects.get().cancelled_count == 1

    def test_before_the_bank_has_said_yes(self, stage: Stage) -> None:
        order_id = stage.unsettled(payment_method="pm_card_threeDSecureRequired")
        assert stage.order(order_id)["cancellable"] is True
        stage.must(stage.cancel(order_id, reason="no phone at hand"))

        assert path_of(order_id)[-1] == ("failed", "customer", "cancelled_by_customer")
        assert OrderFailure.objects.get().code == "cancelled_by_customer"
        assert stage.sandbox.effects(order_id) == []
        assert Payment.objects.get().state == "voided"
        assert saga_of(order_id)[0] == "compensated"
        stage.assert_clean()

    def test_while_the_provider_is_silent_what_it_held_is_released(self, stage: Stage) -> None:
        stage.sandbox.faults({"operation": "payment_intents.create", "kind": "lost_after_effect", "times": 1})
        order_id = stage.unsettled()
        assert stage.sandbox.effects(order_id) == HELD
        assert stage.cancel(order_id).status_code == 200
        for _ in range(3):
            hurry()
            drain()

        assert stage.sandbox.effects(order_id) == RELEASED
        assert Payment.objects.get().state == "voided"
        assert saga_of(order_id)[0] == "compensated"
        stage.assert_clean()


class TestCancelledBySupport:
    def test_after_pick_up_the_money_goes_back(self, stage: Stage, sam: User, as_: ClientOf) -> None:
        order_id = stage.on_the_road()
        stage.must(stage.cancel(order_id, by=as_(sam), reason="the bag fell into the sea"))

        assert path_of(order_id)[-1] == (
            "cancelled",
            "support",
            "cancelled_by_support: the bag fell into the sea",
        )
        assert stage.sandbox.effects(order_id) == [*HELD, ("capture", TOTAL_MINOR), ("refund", TOTAL_MINOR)]
        payment = Payment.objects.get()
        assert (payment.state, payment.captured_minor, payment.refunded_minor) == (
            "refunded",
            TOTAL_MINOR,
            TOTAL_MINOR,
        )
        assert saga_of(order_id)[0] == "compensated"
        assert Driver.objects.get().active_count == 0
        assert Customer.objects.get().cancelled_count == 0
        stage.assert_clean()

    def test_before_pick_up_nothing_was_taken(self, stage: Stage, sam: User, as_: ClientOf) -> None:
        order_id = stage.assigned()
        stage.must(stage.cancel(order_id, by=as_(sam)))
        assert_let_go(stage, order_id)

    def test_not_after_the_door(self, stage: Stage, sam: User, as_: ClientOf) -> None:
        order_id = stage.on_the_road()
        stage.must(stage.ride(order_id, "delivered"))
        with nothing_changes(stage.sandbox):
            assert_problem(stage.cancel(order_id, by=as_(sam)), 409, "order_not_cancellable")

    def test_support_that_orders_is_a_customer(self, stage: Stage, sam: User, as_: ClientOf) -> None:
        mine = Stage(stage.kitchen, stage.sandbox, as_(sam), stage.bo, stage.cleo)
        order_id = mine.on_the_road()
        stage.must(mine.cancel(order_id))
        assert Order.objects.get().history.latest("seq").actor == "customer"


class TestNoDriver:
    def give_up(self, order_id: UUID) -> None:
        """The dispatcher looks around after the deadline."""
        Delivery.objects.filter(order_id=order_id).update(deadline_at=Now(), next_search_at=Now())
        dispatch(region="helsinki")
        drain()

    def test_a_person_is_told_and_the_search_goes_on(self, stage: Stage) -> None:
        order_id = stage.confirmed()
        self.give_up(order_id)

        assert saga_of(order_id) == ("manual_review", "assign_driver", "no_driver_found")
        assert events_of(order_id, "drivers") == ["DriverSearchStarted", "NoDriverFound"]
        assert stage.order(order_id)["status"] == "confirmed"
        assert stage.sandbox.effects(order_id) == HELD
        stage.assert_clean()

        stage.cleo_goes_online()
        Delivery.objects.update(next_search_at=Now())
        stage.must(stage.cleo.post(f"/api/v1/driver/offers/{stage.cleo_is_asked()}/accept/"))
        assert saga_of(order_id)[:2] == ("running", "await_pickup")
        stage.must(stage.board(order_id, "ready"))
        stage.must(stage.ride(order_id, "picked-up"))
        stage.must(stage.ride(order_id, "delivered"))

        assert saga_of(order_id)[0] == "completed"
        assert stage.sandbox.effects(order_id) == [*HELD, ("capture", TOTAL_MINOR)]
        stage.assert_clean()

    def test_the_customer_may_give_up_too(self, stage: Stage) -> None:
        order_id = stage.confirmed()
        self.give_up(order_id)
        stage.must(stage.cancel(order_id))
        assert_let_go(stage, order_id)

    def test_a_driver_who_gives_back_is_replaced_or_a_person_is_told(self, stage: Stage) -> None:
        order_id = stage.assigned()
        stage.must(stage.ride(order_id, "release", {"reason": "vehicle"}))
        assert Driver.objects.get().active_count == 0
        stage.must(stage.cleo.post("/api/v1/driver/offline/"))
        self.give_up(order_id)
        hurry()
        drain()

        assert saga_of(order_id)[0] == "manual_review"
        assert saga_of(order_id)[2] == "no_driver_found"
        stage.assert_clean()


def test_the_saga_writes_down_each_step_before_it_takes_it(stage: Stage) -> None:
    order_id = stage.on_the_road()
    stage.must(stage.ride(order_id, "delivered"))

    steps = SagaStep.objects.filter(run__subject_id=order_id).order_by("id")
    done = [(row.step, row.outcome) for row in steps]
    assert done == [
        (step, "done")
        for step in (
            "authorize_payment",
            "notify_restaurant",
            "await_confirmation",
            "assign_driver",
            "await_pickup",
            "capture_payment",
            "await_delivery",
        )
    ]


def test_compensation_goes_backwards(stage: Stage) -> None:
    order_id = stage.assigned()
    stage.must(stage.cancel(order_id))

    undone = SagaStep.objects.filter(run__subject_id=order_id, phase="compensation").order_by("id")
    assert [row.step for row in undone] == [
        "await_pickup",
        "assign_driver",
        "await_confirmation",
        "notify_restaurant",
        "authorize_payment",
    ]
