"""The provider does not answer: nothing is called done that is not, nothing is done twice (A3, F10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import stripe
from django.db.models import F
from django.db.models.functions import Now

from deliveryapp.models import OutboxEvent, User
from orders.models import Order, OrderFailure
from payments.gateways import gateway, stripe_gateway
from payments.models import ManualReview, Payment, PaymentOperation
from payments.services import asking, operations, sweep
from tests.orders.stage import (
    TOTAL_MINOR,
    ClientOf,
    Stage,
    hurry,
    path_of,
    saga_of,
)
from tests.payments.provider import event, tell
from tests.worker import drain

pytestmark = pytest.mark.django_db
HELD = [("hold", TOTAL_MINOR)]
SILENT = {
    "lost before the effect": {"kind": "lost_before_effect"},
    "lost after the effect": {"kind": "lost_after_effect"},
    "reset in the middle of the answer": {"kind": "reset_mid_body"},
    "500": {"kind": "500", "stored": False},
    "500, stored under the key": {"kind": "500"},
    "500 after the effect, stored": {"kind": "500_after_effect"},
    "429": {"kind": "429"},
    "409": {"kind": "409"},
    "stall": {"kind": "stall", "seconds": 2},
}
NEVER_HELD = ("500, stored under the key",)


def keep_trying(times: int) -> None:
    """The workers' tries of a long outage, without its pauses."""
    for _ in range(times):
        hurry()
        sweep()
        hurry()
        drain()


def age(by: timedelta) -> None:
    """As if it all had happened earlier."""
    Order.objects.update(created_at=F("created_at") - by)
    PaymentOperation.objects.update(created_at=F("created_at") - by)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    """We wait half a second for an answer instead of eight."""
    monkeypatch.setattr(stripe_gateway, "READ_TIMEOUT_S", 0.5)
    gateway.cache_clear()


@pytest.mark.usefixtures("impatient")
class TestTheHold:
    def unanswered(self, stage: Stage, fault: dict[str, Any], times: int = 1) -> UUID:
        stage.sandbox.faults({"operation": "payment_intents.create", "times": times, **fault})
        answer = stage.place()
        assert answer.status_code == 202, answer.content
        order = answer.json()
        assert (order["status"], order["payment"]["status"]) == ("created", "pending")
        return UUID(order["id"])

    @pytest.mark.parametrize("name", [name for name in SILENT if name not in NEVER_HELD])
    def test_silence_is_settled_later_with_exactly_one_hold(self, stage: Stage, name: str) -> None:
        order_id = self.unanswered(stage, SILENT[name])
        assert PaymentOperation.objects.get().state == "unknown"
        keep_trying(4)

        assert path_of(order_id) == [("created", "customer", ""), ("placed", "system", "")]
        assert stage.sandbox.effects(order_id) == HELD
        assert PaymentOperation.objects.get().state == "succeeded"
        assert saga_of(order_id)[:2] == ("running", "await_confirmation")
        stage.assert_clean()

    def test_a_slow_answer_is_an_answer(self, stage: Stage) -> None:
        stage.sandbox.faults({"operation": "payment_intents.create", "kind": "latency", "times": 1})
        assert stage.place().status_code == 201

    def test_a_key_that_stays_silent_and_holds_nothing_ends_in_a_failed_order(self, stage: Stage) -> None:
        order_id = self.unanswered(stage, SILENT["500, stored under the key"])
        keep_trying(3)
        assert Payment.objects.get().state == "pending"
        age(asking.NEVER_AFTER)
        keep_trying(1)

        assert OrderFailure.objects.get().detail == "no_answer"
        assert Payment.objects.get().state == "declined"
        assert stage.sandbox.effects(order_id) == []
        assert saga_of(order_id)[0] == "compensated"
        stage.assert_clean()

    def test_an_hour_of_silence_after_a_hold_that_was_made(self, stage: Stage) -> None:
        order_id = self.unanswered(stage, SILENT["lost after the effect"])
        stage.sandbox.faults({"operation": "*", "kind": "lost_before_effect"})
        keep_trying(3)
        age(timedelta(hours=1))
        keep_trying(14)
        assert stage.order(order_id)["failure"]["code"] == "payment_timeout"
        assert Payment.objects.get().state == "pending"
        assert saga_of(order_id)[0] != "compensated"

        stage.sandbox.calm()
        keep_trying(3)

        assert stage.sandbox.effects(order_id) == [*HELD, ("release", TOTAL_MINOR)]
        assert Payment.objects.get().state == "voided"
        assert saga_of(order_id)[0] == "compensated"
        stage.assert_clean()

    def test_a_person_is_told_once(self, stage: Stage) -> None:
        self.unanswered(stage, {"kind": "lost_before_effect"}, times=100)
        keep_trying(10)

        alarms = OutboxEvent.objects.filter(type="PaymentNeedsReview")
        assert [row.data["reason"] for row in alarms] == ["authorize: APIConnectionError"]
        assert PaymentOperation.objects.get().attempts > operations.ALARM_AT

    def test_our_own_credentials_were_refused(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """A wrong key of ours is no verdict on the customer's card."""
        monkeypatch.setattr(stripe_gateway.StripeGateway, "authorize", _refused_key)
        answer = stage.place()
        assert (answer.status_code, answer.json()["payment"]["status"]) == (202, "pending")

    def test_the_process_dies_before_it_asks(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(stripe_gateway.StripeGateway, "authorize", _die)
            with pytest.raises(SystemExit):
                stage.place()
        order_id = Order.objects.get().pk
        assert (Order.objects.get().status, Payment.objects.get().state) == ("created", "pending")
        drain()
        assert Order.objects.get().status == "created"  # its lease has not ended
        keep_trying(1)

        assert Order.objects.get().status == "placed"
        assert stage.sandbox.effects(order_id) == HELD
        stage.assert_clean()

    def test_nobody_comes_by_until_it_is_too_late_to_ask(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The process died, and the workers for ten minutes: nothing is held, so nothing is ordered."""
        with monkeypatch.context() as patched:
            patched.setattr(stripe_gateway.StripeGateway, "authorize", _die)
            with pytest.raises(SystemExit):
                stage.place()
        order_id = Order.objects.get().pk
        age(timedelta(minutes=10))
        keep_trying(2)

        assert (Payment.objects.get().state, Payment.objects.get().decline_code) == ("declined", "no_answer")
        assert Order.objects.get().status == "failed"
        assert stage.sandbox.effects(order_id) == []
        stage.assert_clean()

    def test_the_process_dies_before_it_records_the_answer(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr("payments.facade.record_authorization", _die)
            with pytest.raises(SystemExit):
                stage.place()
        order_id = Order.objects.get().pk
        assert (Order.objects.get().status, stage.sandbox.effects(order_id)) == ("created", HELD)
        keep_trying(1)

        assert Order.objects.get().status == "placed"
        assert stage.sandbox.effects(order_id) == HELD
        stage.assert_clean()


def _refused_key(*args: object, **kwargs: object) -> Any:
    def call() -> Any:
        raise stripe.AuthenticationError("Invalid API Key", http_status=401)

    return stripe_gateway._ask(call)


def _die(*args: object, **kwargs: object) -> Any:
    raise SystemExit("killed")


class TestTheCapture:
    def test_an_order_is_never_complete_without_it(self, stage: Stage) -> None:
        stage.sandbox.faults({"operation": "payment_intents.capture", "kind": "lost_before_effect"})
        order_id = stage.on_the_road()
        keep_trying(14)

        assert Payment.objects.get().state == "authorized"
        assert saga_of(order_id)[:2] == ("manual_review", "capture_payment")
        assert OutboxEvent.objects.filter(type="PaymentCaptureFailed").count() == 1

        stage.sandbox.calm()
        keep_trying(1)

        assert Payment.objects.get().state == "captured"
        assert saga_of(order_id)[:2] == ("running", "await_delivery")
        stage.must(stage.ride(order_id, "delivered"))
        assert saga_of(order_id)[0] == "completed"
        stage.assert_clean()

    def test_it_does_not_hold_up_the_delivery(self, stage: Stage) -> None:
        stage.sandbox.faults({"operation": "payment_intents.capture", "kind": "lost_before_effect"})
        order_id = stage.on_the_road()
        stage.must(stage.ride(order_id, "delivered"))
        assert stage.order(order_id)["status"] == "delivered"

        stage.sandbox.calm()
        keep_trying(2)
        assert saga_of(order_id)[0] == "completed"
        assert stage.sandbox.effects(order_id) == [*HELD, ("capture", TOTAL_MINOR)]
        stage.assert_clean()

    @pytest.mark.parametrize("kind", ["lost_after_effect", "500_after_effect", "reset_mid_body"])
    def test_it_is_taken_once_though_the_answer_was_lost(self, stage: Stage, kind: str) -> None:
        stage.sandbox.faults({"operation": "payment_intents.capture", "kind": kind, "times": 1})
        order_id = stage.on_the_road()
        keep_trying(2)
        if kind == "500_after_effect":  # the key stays silent: a webhook tells
            tell(event("payment_intent.succeeded", str(Payment.objects.get().provider_ref)))
            drain()

        assert Payment.objects.get().captured_minor == TOTAL_MINOR
        assert stage.sandbox.effects(order_id) == [*HELD, ("capture", TOTAL_MINOR)]
        stage.must(stage.ride(order_id, "delivered"))
        assert saga_of(order_id)[0] == "completed"
        stage.assert_clean()

    def test_a_hold_that_is_gone_is_for_a_person(self, stage: Stage) -> None:
        """The provider let the hold expire: nothing can be captured any more, and nobody says it was."""
        order_id = stage.assigned()
        stage.must(stage.board(order_id, "ready"))
        httpx.post(f"{stage.sandbox.url}/_sandbox/clock", json={"advance_s": 8 * 24 * 3600})
        stage.must(stage.ride(order_id, "picked-up"))
        keep_trying(13)

        assert Payment.objects.get().state == "voided"
        assert saga_of(order_id)[:2] == ("manual_review", "capture_payment")
        assert PaymentOperation.objects.get(kind="capture").state == "failed"
        assert [review.kind for review in ManualReview.objects.all()] == ["hold_lost"]


class TestTheRelease:
    def test_an_order_is_never_compensated_while_its_hold_is_live(self, stage: Stage) -> None:
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

    @pytest.mark.parametrize("kind", ["lost_after_effect", "reset_mid_body", "429", "409"])
    def test_a_refund_is_paid_once(self, stage: Stage, sam: User, as_: ClientOf, kind: str) -> None:
        order_id = stage.on_the_road()
        stage.sandbox.faults({"operation": "refunds.create", "kind": kind, "times": 1})
        assert stage.cancel(order_id, by=as_(sam)).status_code == 200
        keep_trying(2)

        assert stage.sandbox.effects(order_id)[-1] == ("refund", TOTAL_MINOR)
        assert len(stage.sandbox.effects(order_id)) == 3
        assert Payment.objects.get().refunded_minor == TOTAL_MINOR
        assert saga_of(order_id)[0] == "compensated"
        stage.assert_clean()

    def test_a_void_that_comes_too_late_becomes_a_refund(
        self, stage: Stage, sam: User, as_: ClientOf
    ) -> None:
        """The capture's answer was lost, so we still believe in a hold: that is settled first."""
        stage.sandbox.faults(
            {"operation": "payment_intents.capture", "kind": "lost_after_effect", "times": 1}
        )
        order_id = stage.on_the_road()
        assert Payment.objects.get().state == "authorized"
        stage.must(stage.cancel(order_id, by=as_(sam)))
        keep_trying(2)

        assert stage.sandbox.effects(order_id) == [*HELD, ("capture", TOTAL_MINOR), ("refund", TOTAL_MINOR)]
        assert Payment.objects.get().state == "refunded"
        assert not PaymentOperation.objects.filter(kind="void").exists()
        assert saga_of(order_id)[0] == "compensated"
        stage.assert_clean()


class TestTheSweep:
    def test_one_that_was_overtaken_changes_nothing(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A worker that overslept its lease must not write over its successor."""
        stage.sandbox.faults(
            {"operation": "payment_intents.create", "kind": "lost_before_effect", "times": 1}
        )
        stage.unsettled()
        hurry()
        original = operations.ask

        def sleep_too_long(operation: PaymentOperation) -> Any:
            answer = original(operation)
            PaymentOperation.objects.update(lease_token=None, leased_until=None)
            return answer

        monkeypatch.setattr(operations, "ask", sleep_too_long)
        assert sweep() == 1
        assert (Payment.objects.get().state, PaymentOperation.objects.get().state) == ("pending", "unknown")

        monkeypatch.undo()
        keep_trying(1)
        assert Order.objects.get().status == "placed"
        assert stage.sandbox.effects(Order.objects.get().pk) == HELD

    def test_it_asks_nobody_before_its_time(self, stage: Stage) -> None:
        stage.sandbox.faults(
            {"operation": "payment_intents.create", "kind": "lost_before_effect", "times": 1}
        )
        stage.unsettled()
        PaymentOperation.objects.update(next_try_at=Now() + timedelta(seconds=30))
        assert sweep() == 0

    def test_it_leaves_alone_what_somebody_else_asks(self, stage: Stage) -> None:
        stage.sandbox.faults(
            {"operation": "payment_intents.create", "kind": "lost_before_effect", "times": 1}
        )
        stage.unsettled()
        PaymentOperation.objects.update(next_try_at=Now(), leased_until=Now() + timedelta(seconds=30))
        assert sweep() == 0
