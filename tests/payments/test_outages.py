"""The provider does not answer: nothing is called done that is not, nothing is done twice (A3, F10)."""

from __future__ import annotations

import pytest

from payments.models import Payment, PaymentOperation
from payments.services import sweep
from tests.orders.stage import Stage, hurry, saga_of
from tests.worker import drain

pytestmark = pytest.mark.django_db


def keep_trying(times: int) -> None:
    """The workers' tries of a long outage, without its pauses."""
    for _ in range(times):
        hurry()
        sweep()
        hurry()
        drain()


def test_an_order_is_never_complete_without_its_capture(stage: Stage) -> None:
    stage.sandbox.faults({"operation": "payment_intents.capture", "kind": "lost_before_effect"})
    order_id = stage.on_the_road()
    keep_trying(14)

    assert Payment.objects.get().state == "authorized"
    assert saga_of(order_id)[:2] == ("manual_review", "capture_payment")

    stage.sandbox.calm()
    hurry()
    sweep()
    drain()

    assert Payment.objects.get().state == "captured"
    assert saga_of(order_id)[:2] == ("running", "await_delivery")
    stage.must(stage.ride(order_id, "delivered"))
    assert saga_of(order_id)[0] == "completed"
    stage.assert_clean()


def test_an_order_is_never_compensated_while_its_hold_is_live(stage: Stage) -> None:
    order_id = stage.placed()
    stage.sandbox.faults({"operation": "payment_intents.cancel", "kind": "lost_before_effect"})
    assert stage.cancel(order_id).status_code == 200
    keep_trying(14)

    assert Payment.objects.get().state == "authorized"
    assert saga_of(order_id)[0] != "compensated"

    stage.sandbox.calm()
    keep_trying(2)

    assert Payment.objects.get().state == "voided"
    assert saga_of(order_id)[0] == "compensated"
    assert PaymentOperation.objects.get(kind="void").state == "succeeded"
    stage.assert_clean()
