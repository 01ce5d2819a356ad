"""A refused payment: 402 with the provider's reason, an order that failed, and nothing held (F5)."""

from __future__ import annotations

from uuid import UUID

import pytest

from orders.models import Order, OrderFailure
from payments.models import Payment, PaymentOperation
from payments.sandbox.cards import CARDS
from tests.orders.stage import Stage, assert_problem, events_of, path_of, saga_of
from tests.worker import drain

pytestmark = pytest.mark.django_db
DECLINING = {token: card.decline.reason for token, card in CARDS.items() if card.decline}


@pytest.mark.parametrize("token", [token for token in DECLINING if not token.startswith("pm_card_visa_")])
def test_the_card_is_refused(stage: Stage, token: str) -> None:
    problem = assert_problem(stage.place(payment_method=token), 402, "payment_declined")
    order_id = UUID(problem["order_id"])
    drain()

    assert problem["decline_code"] == DECLINING[token]
    assert stage.sandbox.effects(order_id) == []
    assert path_of(order_id)[-1] == ("failed", "system", "payment_declined")
    failure = OrderFailure.objects.get()
    assert (failure.code, failure.detail) == ("payment_declined", DECLINING[token])
    assert events_of(order_id) == ["OrderCreated", "OrderFailed"]
    assert events_of(order_id, "payments") == ["PaymentDeclined"]
    assert PaymentOperation.objects.get().state == "declined"
    assert saga_of(order_id) == ("compensated", "authorize_payment", "payment_declined")
    stage.assert_clean()


def test_a_method_the_provider_does_not_know_is_refused(stage: Stage) -> None:
    problem = assert_problem(stage.place(payment_method="pm_nobody_knows"), 402, "payment_declined")
    drain()

    assert stage.sandbox.effects(problem["order_id"]) == []
    assert Payment.objects.get().state == "declined"
    stage.assert_clean()


def test_the_customer_sees_why_and_the_kitchen_sees_nothing(stage: Stage) -> None:
    problem = stage.place(payment_method="pm_card_chargeDeclinedInsufficientFunds").json()
    drain()
    order = stage.order(UUID(problem["order_id"]))

    assert (order["status"], order["cancellable"]) == ("failed", False)
    assert order["failure"] == {"code": "payment_declined", "detail": "insufficient_funds"}
    assert order["payment"]["decline_code"] == "insufficient_funds"
    path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/orders/"
    assert stage.bo.get(path).json()["results"] == []
    assert_problem(
        stage.board(UUID(problem["order_id"]), "confirm", {"prep_minutes": 5}), 404, "order_not_found"
    )


def test_another_card_is_another_order(stage: Stage) -> None:
    assert stage.place(payment_method="pm_card_chargeDeclined").status_code == 402
    assert stage.place().status_code == 201
    drain()

    assert sorted(Order.objects.values_list("status", flat=True)) == ["failed", "placed"]
    stage.assert_clean()
