"""3-D Secure: the bank wants to see its customer before it says yes (R2)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from django.db.models import F

from orders.models import Order
from payments.models import Payment, PaymentOperation
from tests.orders.stage import TOTAL_MINOR, Stage, events_of, hurry, path_of, saga_of
from tests.payments.provider import answer_bank, event, tell
from tests.worker import drain

pytestmark = pytest.mark.django_db
ASKING = "pm_card_threeDSecureRequired"


def asked(stage: Stage, payment_method: str = ASKING) -> tuple[UUID, str]:
    """An order that waits for its customer's bank, and the bank's page."""
    answer = stage.place(payment_method=payment_method)
    assert answer.status_code == 202, answer.content
    order = answer.json()
    assert (order["status"], order["payment"]["status"]) == ("created", "requires_action")
    return UUID(order["id"]), order["payment"]["next_action_url"]


def later(order_id: UUID, minutes: float) -> None:
    Order.objects.filter(pk=order_id).update(created_at=F("created_at") - timedelta(minutes=minutes))
    hurry()
    drain()


def news(kind: str = "payment_intent.amount_capturable_updated") -> None:
    ref = Payment.objects.get().provider_ref
    assert ref is not None
    tell(event(kind, ref))
    drain()


def test_the_customer_says_yes_and_the_provider_tells_us(stage: Stage) -> None:
    order_id, url = asked(stage)
    assert url.startswith(stage.sandbox.url)
    answer_bank(url, "complete")
    assert stage.order(order_id)["status"] == "created"
    news()

    order = stage.order(order_id)
    assert (order["status"], order["payment"]["status"]) == ("placed", "authorized")
    assert order["payment"]["next_action_url"] is None
    assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]
    assert events_of(order_id, "payments") == ["PaymentActionRequired", "PaymentAuthorized"]
    assert PaymentOperation.objects.get().state == "succeeded"
    assert saga_of(order_id)[:2] == ("running", "await_confirmation")
    stage.assert_clean()


def test_the_customer_says_yes_and_nobody_tells_us(stage: Stage) -> None:
    order_id, url = asked(stage)
    answer_bank(url, "complete")
    hurry()
    drain()

    assert stage.order(order_id)["status"] == "placed"
    assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]


@pytest.mark.parametrize("told", [True, False])
def test_the_customer_fails(stage: Stage, told: bool) -> None:
    order_id, url = asked(stage)
    answer_bank(url, "fail")
    if told:
        news("payment_intent.payment_failed")
    hurry()
    drain()

    order = stage.order(order_id)
    assert order["status"] == "failed"
    assert order["failure"]["code"] == "payment_declined"
    assert order["payment"]["decline_code"] == "payment_intent_authentication_failure"
    assert stage.sandbox.effects(order_id) == []
    assert saga_of(order_id)[0] == "compensated"
    stage.assert_clean()


def test_the_bank_says_no_after_the_customer_said_yes(stage: Stage) -> None:
    token = "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"
    order_id, url = asked(stage, token)
    answer_bank(url, "complete")
    news("payment_intent.payment_failed")

    order = stage.order(order_id)
    assert (order["status"], order["payment"]["decline_code"]) == ("failed", "insufficient_funds")
    assert stage.sandbox.effects(order_id) == []
    stage.assert_clean()


def test_the_customer_goes_away(stage: Stage) -> None:
    order_id, url = asked(stage)
    later(order_id, 9.5)
    assert stage.order(order_id)["status"] == "created"
    later(order_id, 1)

    order = stage.order(order_id)
    assert (order["status"], order["failure"]["code"]) == ("failed", "payment_timeout")
    assert path_of(order_id)[-1] == ("failed", "system", "payment_timeout")
    assert Payment.objects.get().state == "voided"
    [intent] = httpx.get(f"{stage.sandbox.url}/_sandbox/intents").json()["intents"]
    assert intent["status"] == "canceled"
    assert "Complete" not in httpx.get(url, follow_redirects=False).text
    assert stage.sandbox.effects(order_id) == []
    assert saga_of(order_id) == ("compensated", "authorize_payment", "payment_timeout")
    stage.assert_clean()


def test_a_yes_that_came_in_time_counts_even_when_we_look_late(stage: Stage) -> None:
    order_id, url = asked(stage)
    answer_bank(url, "complete")
    later(order_id, 30)

    assert stage.order(order_id)["status"] == "placed"
    assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]
    stage.assert_clean()


def test_a_yes_after_the_order_was_cancelled_is_let_go(stage: Stage) -> None:
    order_id, url = asked(stage)
    assert stage.cancel(order_id).status_code == 200
    answer_bank(url, "complete")
    assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]
    news()
    hurry()
    drain()

    assert stage.order(order_id)["status"] == "failed"
    assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR), ("release", TOTAL_MINOR)]
    assert saga_of(order_id)[0] == "compensated"
    stage.assert_clean()
