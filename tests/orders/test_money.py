"""An order's money after it was placed: refunds, tips, credit, receipts and earnings, through the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Sum
from rest_framework.test import APIClient

from deliveryapp.models import User
from orders.models import Customer, Order
from payments.models import CustomerCredit, LedgerEntry, Payment, PaymentOperation, Refund
from payments.services import sweep
from tests.orders.stage import ORDERS, TOTAL_MINOR, ClientOf, Stage, assert_problem, hurry, nothing_changes
from tests.worker import drain

pytestmark = pytest.mark.django_db
FOOD_MINOR, DELIVERY_MINOR, SERVICE_MINOR = 2_500, 290, 100
KITCHEN_MINOR = FOOD_MINOR - 375  # less 15 % commission
HELD = [("hold", TOTAL_MINOR)]
TAKEN = [*HELD, ("capture", TOTAL_MINOR)]


@pytest.fixture
def support(sam: User, as_: ClientOf) -> APIClient:
    return as_(sam)


def euros(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "EUR"}


def delivered(stage: Stage) -> UUID:
    order_id = stage.on_the_road()
    stage.must(stage.ride(order_id, "delivered"))
    drain()
    return order_id


def refund(app: APIClient, order_id: UUID, body: dict[str, Any], key: str | None = None) -> Any:
    path = f"{ORDERS}{order_id}/refunds/"
    return app.post(path, body, format="json", HTTP_IDEMPOTENCY_KEY=key or str(uuid4()))


def given(answer: Any) -> None:
    assert answer.status_code == 201, answer.content


def tip(app: APIClient, order_id: UUID, tip_minor: object) -> Any:
    return app.put(f"{ORDERS}{order_id}/tip/", {"tip_minor": tip_minor}, format="json")


def receipt(stage: Stage, order_id: UUID) -> dict[str, Any]:
    document: dict[str, Any] = stage.ada.get(f"{ORDERS}{order_id}/receipt/").json()
    return document


def balance(account: str) -> int:
    """Of an account in the books; what we owe is negative."""
    return LedgerEntry.objects.filter(account=account).aggregate(sum=Sum("amount_minor"))["sum"] or 0


def line_of(stage: Stage, order_id: UUID) -> dict[str, Any]:
    line: dict[str, Any] = stage.order(order_id)["lines"][0]
    return line


class TestTheBooks:
    def test_a_delivered_order_is_shared_out(self, stage: Stage) -> None:
        delivered(stage)
        payment = Payment.objects.get()
        driver_minor = Order.objects.get().payout_minor
        assert payment.fee_minor > 0
        assert {name: balance(name) for name in LedgerEntry.Account.values if balance(name)} == {
            "provider": TOTAL_MINOR - payment.fee_minor,
            "provider_fees": payment.fee_minor,
            "restaurant": -KITCHEN_MINOR,
            "driver": -driver_minor,
            "platform": KITCHEN_MINOR + driver_minor - TOTAL_MINOR,
        }
        stage.assert_clean()

    def test_a_cancelled_order_leaves_nothing(self, stage: Stage) -> None:
        order_id = stage.placed()
        assert (balance("holds"), balance("held")) == (TOTAL_MINOR, -TOTAL_MINOR)
        stage.must(stage.cancel(order_id))
        drain()
        assert {name for name in LedgerEntry.Account.values if balance(name)} == set()
        stage.assert_clean()


class TestRefunds:
    def test_a_line_is_borne_by_the_kitchen_as_far_as_it_was_paid(
        self, stage: Stage, support: APIClient
    ) -> None:
        order_id = delivered(stage)
        line = line_of(stage, order_id)
        one_minor = line["total"]["amount_minor"] // line["quantity"]
        kitchen_before, platform_before = balance("restaurant"), balance("platform")
        answer = refund(
            support,
            order_id,
            {
                "lines": [{"line_id": line["id"], "quantity": 1}],
                "borne_by": "restaurant",
                "reason": "missing",
            },
        )
        assert answer.status_code == 201, answer.content
        assert (answer.json()["status"], answer.json()["amount"]) == ("succeeded", euros(one_minor))
        own_minor = (one_minor * 85 + 50) // 100
        assert balance("restaurant") - kitchen_before == own_minor
        assert balance("platform") - platform_before == one_minor - own_minor
        assert balance("refunds") == 0
        assert stage.sandbox.effects(order_id) == [*TAKEN, ("refund", one_minor)]
        assert receipt(stage, order_id)["refunded"] == euros(one_minor)
        assert Payment.objects.get().state == "partially_refunded"
        stage.assert_clean()

    def test_fees_and_a_tip_are_refunded_apart(self, stage: Stage, support: APIClient) -> None:
        order_id = delivered(stage)
        given(refund(support, order_id, {"fees": ["service_fee"]}))
        given(refund(support, order_id, {"fees": ["delivery_fee"], "amount_minor": 10}))
        refunds = [("refund", SERVICE_MINOR), ("refund", DELIVERY_MINOR + 10)]
        assert stage.sandbox.effects(order_id) == [*TAKEN, *refunds]
        stage.assert_clean()

    def test_two_of_the_same_amount_are_two(self, stage: Stage, support: APIClient) -> None:
        order_id = delivered(stage)
        for _ in range(2):
            given(refund(support, order_id, {"amount_minor": 100}))
        assert stage.sandbox.effects(order_id) == [*TAKEN, ("refund", 100), ("refund", 100)]
        assert Payment.objects.get().refunded_minor == 200
        stage.assert_clean()

    def test_the_same_key_is_one(self, stage: Stage, support: APIClient) -> None:
        order_id = delivered(stage)
        first = refund(support, order_id, {"amount_minor": 100}, key="once").json()
        assert refund(support, order_id, {"amount_minor": 100}, key="once").json() == first
        assert_problem(refund(support, order_id, {"amount_minor": 101}, key="once"), 422, "refund_key_reused")
        assert stage.sandbox.effects(order_id) == [*TAKEN, ("refund", 100)]

    def test_never_more_than_was_paid(self, stage: Stage, support: APIClient) -> None:
        order_id = delivered(stage)
        given(refund(support, order_id, {"amount_minor": TOTAL_MINOR - 50}))
        with nothing_changes(stage.sandbox):
            problem = assert_problem(refund(support, order_id, {"amount_minor": 51}), 422, "refund_too_large")
        assert problem["left_minor"] == 50
        given(refund(support, order_id, {"amount_minor": 50}))
        assert Payment.objects.get().state == "refunded"
        stage.assert_clean()

    def test_a_line_is_not_refunded_twice(self, stage: Stage, support: APIClient) -> None:
        order_id = delivered(stage)
        body = {"lines": [{"line_id": line_of(stage, order_id)["id"]}]}
        given(refund(support, order_id, body))
        assert_problem(refund(support, order_id, body), 422, "refund_too_large")

    def test_an_answer_that_was_lost_is_looked_for(self, stage: Stage, support: APIClient) -> None:
        order_id = delivered(stage)
        stage.sandbox.faults({"operation": "refunds.create", "kind": "lost_after_effect", "times": 1})
        answer = refund(support, order_id, {"amount_minor": 100})
        assert (answer.status_code, answer.json()["status"]) == (201, "pending")
        hurry()
        sweep()
        assert Refund.objects.get().state == "succeeded"
        assert PaymentOperation.objects.get(kind="refund").attempts == 2
        assert stage.sandbox.effects(order_id) == [*TAKEN, ("refund", 100)]
        stage.assert_clean()

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({}, 400, "nothing_chosen"),
            ({"amount_minor": -1}, 400, "invalid_input"),
            ({"amount_minor": 1.5}, 400, "invalid_input"),
            ({"amount_minor": True}, 400, "invalid_input"),
            ({"fees": ["everything"]}, 400, "invalid_input"),
            ({"borne_by": "ada"}, 400, "invalid_input"),
            ({"lines": [{"line_id": str(uuid4())}]}, 400, "nothing_chosen"),
            ({"lines": [{"line_id": "x"}]}, 400, "invalid_input"),
            ({"lines": [{"line_id": str(uuid4()), "quantity": 0}]}, 400, "invalid_input"),
        ],
    )
    def test_nonsense_is_refused(
        self, stage: Stage, support: APIClient, body: dict[str, Any], status: int, code: str
    ) -> None:
        order_id = delivered(stage)
        with nothing_changes(stage.sandbox):
            assert_problem(refund(support, order_id, body), status, code)

    def test_not_before_the_capture_and_not_for_a_stranger(self, stage: Stage, support: APIClient) -> None:
        order_id = stage.placed()
        assert_problem(refund(support, order_id, {"amount_minor": 1}), 409, "nothing_to_refund")
        assert_problem(refund(support, uuid4(), {"amount_minor": 1}), 404, "order_not_found")
        assert_problem(refund(stage.ada, order_id, {"amount_minor": 1}), 404, "order_not_found")


class TestCredit:
    def test_credit_instead_of_a_refund_pays_the_next_order(self, stage: Stage, support: APIClient) -> None:
        order_id = delivered(stage)
        answer = refund(support, order_id, {"amount_minor": 400, "to_credit": True})
        assert (answer.json()["status"], answer.json()["destination"]) == ("succeeded", "credit")
        assert stage.ada.get("/api/v1/credit/").json() == {"results": [euros(400)]}
        assert stage.sandbox.effects(order_id) == TAKEN

        second = stage.place(use_credit=True)
        assert second.status_code == 201
        assert second.json()["payment"]["by_credit"] == euros(400)
        assert stage.sandbox.effects(UUID(second.json()["id"])) == [("hold", TOTAL_MINOR - 400)]
        assert stage.ada.get("/api/v1/credit/").json() == {"results": [euros(0)]}
        stage.assert_clean()

    def test_it_comes_back_when_the_order_is_cancelled(self, stage: Stage, support: APIClient) -> None:
        given(refund(support, delivered(stage), {"amount_minor": 400, "to_credit": True}))
        order_id = stage.placed(use_credit=True)
        stage.must(stage.cancel(order_id))
        drain()
        assert CustomerCredit.objects.get().balance_minor == 400
        stage.assert_clean()

    def test_it_comes_back_when_the_card_is_declined(self, stage: Stage, support: APIClient) -> None:
        given(refund(support, delivered(stage), {"amount_minor": 400, "to_credit": True}))
        answer = stage.place(use_credit=True, payment_method="pm_card_visa_chargeDeclined")
        assert answer.status_code == 402
        drain()
        assert CustomerCredit.objects.get().balance_minor == 400
        stage.assert_clean()

    def test_an_order_paid_by_credit_alone_needs_no_card(self, stage: Stage, support: APIClient) -> None:
        first = delivered(stage)
        given(refund(support, first, {"amount_minor": TOTAL_MINOR, "to_credit": True}))
        order_id = stage.on_the_road(use_credit=True)
        drain()
        assert stage.sandbox.effects(order_id) == []
        assert Payment.objects.get(order_id=order_id).state == "captured"
        stage.must(stage.ride(order_id, "delivered"))
        drain()
        assert receipt(stage, order_id)["by_credit"] == euros(TOTAL_MINOR)
        stage.assert_clean()

    def test_credit_that_is_not_there_is_not_spent(self, stage: Stage) -> None:
        answer = stage.place(use_credit=True)
        assert answer.status_code == 201
        assert answer.json()["payment"]["by_credit"] == euros(0)


class TestTips:
    def test_raised_within_the_hold_before_the_driver_leaves(self, stage: Stage) -> None:
        order_id = stage.assigned()
        payout_minor = Order.objects.get().payout_minor
        stage.must(tip(stage.ada, order_id, 300))
        order = Order.objects.get()
        assert (order.tip_minor, order.total_minor) == (300, TOTAL_MINOR + 300)
        assert order.payout_minor == payout_minor + 300
        [delivery] = stage.cleo.get("/api/v1/driver/deliveries/").json()["results"]
        assert delivery["payout"] == euros(payout_minor + 300)
        stage.must(stage.board(order_id, "preparing"))
        stage.must(stage.board(order_id, "ready"))
        stage.must(stage.ride(order_id, "picked-up"))
        drain()
        assert stage.sandbox.effects(order_id) == [*HELD, ("hold", 300), ("capture", TOTAL_MINOR + 300)]
        stage.must(stage.ride(order_id, "delivered"))
        drain()
        stage.assert_clean()

    def test_lowered_before_the_capture_less_is_taken(self, stage: Stage) -> None:
        order_id = stage.placed(tip_minor=300)
        stage.must(tip(stage.ada, order_id, 100))
        assert Order.objects.get().total_minor == TOTAL_MINOR + 100
        assert Payment.objects.get().amount_minor == TOTAL_MINOR + 100

    def test_raised_after_the_delivery_by_a_charge_of_its_own(self, stage: Stage) -> None:
        order_id = delivered(stage)
        driver_before = balance("driver")
        for _ in range(2):  # the second click changes nothing
            stage.must(tip(stage.ada, order_id, 250))
        assert receipt(stage, order_id)["tip_now"] == euros(250)
        assert receipt(stage, order_id)["charged"] == euros(TOTAL_MINOR + 250)
        assert driver_before - balance("driver") == 250
        assert Payment.objects.get(purpose="tip").state == "captured"
        assert stage.sandbox.effects(order_id) == [*TAKEN, ("hold", 250), ("capture", 250)]
        stage.assert_clean()

    def test_lowered_again_it_goes_back_from_the_latest_charge(self, stage: Stage) -> None:
        order_id = delivered(stage)
        stage.must(tip(stage.ada, order_id, 250))
        stage.must(tip(stage.ada, order_id, 400))
        before = balance("driver")
        stage.must(tip(stage.ada, order_id, 100))
        assert receipt(stage, order_id)["tip_now"] == euros(100)
        assert balance("driver") - before == 300
        assert [(row.amount_minor, row.state) for row in Refund.objects.order_by("id")] == [
            (150, "succeeded"),
            (150, "succeeded"),
        ]
        stage.assert_clean()

    def test_a_card_that_refuses_leaves_the_tip(self, stage: Stage) -> None:
        order_id = delivered(stage)
        stage.sandbox.faults(
            {"operation": "payment_intents.create", "kind": "lost_before_effect", "times": 1}
        )
        assert_problem(tip(stage.ada, order_id, 250), 402, "tip_not_taken")
        assert_problem(tip(stage.ada, order_id, 250), 409, "tip_in_progress")
        hurry()
        sweep()
        assert receipt(stage, order_id)["tip_now"] == euros(250)
        stage.assert_clean()

    def test_a_bank_that_asks_back_is_not_worth_a_tip(self, stage: Stage) -> None:
        order_id = delivered(stage)
        Payment.objects.update(payment_method="pm_card_authenticationRequired")
        assert_problem(tip(stage.ada, order_id, 250), 402, "tip_not_taken")
        assert Payment.objects.get(purpose="tip").state == "voided"
        Payment.objects.filter(purpose="order").update(payment_method="pm_card_visa")
        stage.must(tip(stage.ada, order_id, 250))
        assert receipt(stage, order_id)["tip_now"] == euros(250)
        stage.assert_clean()

    def test_an_order_that_credit_paid_is_tipped_by_card(self, stage: Stage, support: APIClient) -> None:
        given(refund(support, delivered(stage), {"amount_minor": TOTAL_MINOR, "to_credit": True}))
        order_id = stage.on_the_road(use_credit=True)
        drain()
        stage.must(tip(stage.ada, order_id, 250))
        assert stage.sandbox.effects(order_id) == [("hold", 250), ("capture", 250)]
        stage.must(stage.ride(order_id, "delivered"))
        drain()
        stage.assert_clean()

    def test_only_hers_and_only_in_time(
        self, stage: Stage, support: APIClient, dov: User, as_: ClientOf
    ) -> None:
        order_id = delivered(stage)
        assert_problem(tip(as_(dov), order_id, 1), 404, "order_not_found")
        assert_problem(tip(support, order_id, 1), 404, "order_not_found")
        assert_problem(tip(stage.ada, order_id, -1), 400, "invalid_input")
        assert_problem(tip(stage.ada, order_id, 20_001), 400, "invalid_input")
        Order.objects.update(delivered_at="2026-01-01T00:00:00Z")
        assert_problem(tip(stage.ada, order_id, 100), 409, "tip_window_closed")

    def test_not_of_an_order_that_was_cancelled(self, stage: Stage) -> None:
        order_id = stage.placed()
        stage.must(stage.cancel(order_id))
        assert_problem(tip(stage.ada, order_id, 100), 409, "tip_window_closed")


class TestCancelling:
    """The refund policy's table, cell by cell."""

    def test_before_the_kitchen_began_everything_and_nobody_pays(self, stage: Stage) -> None:
        order_id = stage.confirmed()
        assert stage.order(order_id)["cancel_refund"] == euros(TOTAL_MINOR)
        stage.must(stage.cancel(order_id))
        drain()
        assert balance("restaurant") == balance("platform") == 0

    def test_a_kitchen_that_began_is_paid_by_the_platform(self, stage: Stage) -> None:
        order_id = stage.confirmed()
        stage.must(stage.board(order_id, "preparing"))
        stage.must(stage.cancel(order_id))
        drain()
        assert stage.sandbox.effects(order_id) == [*HELD, ("release", TOTAL_MINOR)]
        assert (balance("restaurant"), balance("platform")) == (-KITCHEN_MINOR, KITCHEN_MINOR)
        [row] = stage.bo.get(f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/earnings/").json()["results"]
        assert (row["kind"], row["amount"]) == ("compensation", euros(KITCHEN_MINOR))
        stage.assert_clean()

    def test_after_pick_up_the_customer_gets_a_part_and_the_others_are_paid(self, stage: Stage) -> None:
        order_id = stage.on_the_road()
        drain()
        driver_minor = Order.objects.get().payout_minor
        back_minor = FOOD_MINOR // 2 + SERVICE_MINOR
        assert stage.order(order_id)["cancel_refund"] == euros(back_minor)
        stage.must(stage.cancel(order_id))
        drain()
        assert stage.sandbox.effects(order_id) == [*TAKEN, ("refund", back_minor)]
        assert (balance("restaurant"), balance("driver")) == (-KITCHEN_MINOR, -driver_minor)
        assert stage.cleo.get("/api/v1/driver/deliveries/").json() == {"results": []}
        [earned] = stage.cleo.get("/api/v1/driver/earnings/").json()["results"]
        assert (earned["order_id"], earned["amount"]) == (str(order_id), euros(driver_minor))
        stage.assert_clean()

    def test_the_same_when_the_capture_was_still_to_come(self, stage: Stage) -> None:
        stage.sandbox.faults(
            {"operation": "payment_intents.capture", "kind": "lost_before_effect", "times": 1}
        )
        order_id = stage.on_the_road()
        drain()
        assert Payment.objects.get().state == "authorized"
        stage.must(stage.cancel(order_id))
        for _ in range(3):
            hurry()
            sweep()
            drain()
        assert stage.sandbox.effects(order_id) == [*TAKEN, ("refund", FOOD_MINOR // 2 + SERVICE_MINOR)]
        stage.assert_clean()

    def test_support_gives_back_everything(self, stage: Stage, support: APIClient) -> None:
        order_id = stage.on_the_road()
        drain()
        stage.must(stage.cancel(order_id, by=support))
        drain()
        assert stage.sandbox.effects(order_id) == [*TAKEN, ("refund", TOTAL_MINOR)]
        assert balance("restaurant") == -KITCHEN_MINOR
        stage.assert_clean()

    def test_an_earlier_refund_is_not_paid_again(self, stage: Stage, support: APIClient) -> None:
        order_id = stage.on_the_road()
        drain()
        given(refund(support, order_id, {"amount_minor": 500, "to_credit": True}))
        stage.must(stage.cancel(order_id, by=support))
        drain()
        assert stage.sandbox.effects(order_id) == [*TAKEN, ("refund", TOTAL_MINOR - 500)]
        assert CustomerCredit.objects.get().balance_minor == 500
        stage.assert_clean()

    def test_how_often_she_cancels_is_counted(self, stage: Stage) -> None:
        stage.must(stage.cancel(stage.placed()))
        stage.placed()
        assert Customer.objects.get().cancelled_count == 1


class TestEarnings:
    def test_only_for_owners_and_riders(self, stage: Stage, dov: User, as_: ClientOf) -> None:
        path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/earnings/"
        assert as_(dov).get(path).status_code == 404
        assert_problem(as_(dov).get("/api/v1/driver/earnings/"), 403, "not_a_driver")

    def test_a_period(self, stage: Stage) -> None:
        delivered(stage)
        path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/earnings/"
        assert stage.bo.get(path).json()["total"] == [euros(KITCHEN_MINOR)]
        earlier = {"since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}
        assert stage.bo.get(path, earlier).json() == {"total": [], "results": []}
        assert_problem(stage.bo.get(path, {"since": "2020-01-01T00:00:00Z"}), 400, "invalid_input")
