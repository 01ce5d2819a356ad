"""The provider is down: orders are refused cleanly, running ones go on, all settles afterwards (F10, R10)."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import stripe
from django.core.management import call_command

from deliveryapp.circuit import State
from deliveryapp.models import OutboxEvent, User
from deliveryapp.redis import hasty_client
from orders.models import Order
from payments import facade
from payments.gateways import NoAnswer, gateway, stripe_gateway
from payments.gateways.breaker import circuit_of
from payments.models import CustomerCredit, Payment, PaymentOperation, WebhookEvent
from payments.services import operations, sweep
from payments.tasks import sweep as sweep_task
from tests.cast import cart
from tests.orders.stage import (
    TOTAL_MINOR,
    Stage,
    assert_problem,
    footprint,
    hurry,
    nothing_changes,
    path_of,
    saga_of,
)
from tests.payments.circuits import DOWN, MIN_CALLS, await_rest, break_off, use_rules
from tests.payments.provider import deliver, event
from tests.worker import drain

pytestmark = pytest.mark.django_db
HELD = [("hold", TOTAL_MINOR)]
OUTAGES = {
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


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, stage: Stage, settings: Any) -> Iterator[None]:
    monkeypatch.setattr(stripe_gateway, "READ_TIMEOUT_S", 0.5)
    use_rules(settings)
    yield
    gateway.cache_clear()


def refused(stage: Stage, key: str | None = None, **changes: Any) -> dict[str, Any]:
    """Placing says that payments are unavailable, in the form that clients rely on."""
    answer = stage.place(key, **changes)
    body = assert_problem(answer, 503, "payment_unavailable")
    assert answer.headers["Retry-After"] == str(body["retry_after_s"])
    return body


def asked_for(stage: Stage) -> int:
    """How often the provider has been asked since it went down."""
    [rule] = httpx.get(f"{stage.sandbox.url}/_sandbox/faults").json()["faults"]
    return int(rule["calls"])


def state() -> State:
    return circuit_of("stripe").status().state


def settle(times: int = 4) -> None:
    for _ in range(times):
        hurry()
        sweep_task()
        hurry()
        drain()


class TestAnOrder:
    @pytest.mark.parametrize("name", OUTAGES)
    def test_is_refused_cleanly_and_taken_afterwards(self, stage: Stage, settings: Any, name: str) -> None:
        use_rules(settings, OPEN_S=1, LONGEST_OPEN_S=1)
        first = break_off(stage, {"operation": "*", **OUTAGES[name]})
        key = str(uuid4())
        with nothing_changes(stage.sandbox):
            assert refused(stage, key)["retry_after_s"] in (1, 2)

        stage.sandbox.calm()
        await_rest()
        answer = stage.place(key)
        assert answer.status_code == 201
        assert state() is State.CLOSED
        assert stage.sandbox.effects(answer.json()["id"]) == HELD
        assert stage.place(key).json() == answer.json()
        if not name.startswith("500, stored"):  # such a key never speaks again: it is given up after minutes
            settle()
            assert {Order.objects.get(pk=order_id).status for order_id in first} == {"placed"}
            assert [stage.sandbox.effects(order_id) for order_id in first] == [HELD] * MIN_CALLS
        stage.assert_clean()

    def test_that_could_not_be_placed_anyway_is_told_why(self, stage: Stage) -> None:
        break_off(stage)
        assert_problem(stage.place(lines=[{"item_id": str(uuid4()), "quantity": 1}]), 422, "item_not_found")
        assert_problem(stage.place(payment_method="4242"), 400, "invalid_input")

    def test_of_before_still_has_its_answer(self, stage: Stage) -> None:
        key, open_key = str(uuid4()), str(uuid4())
        placed = stage.place(key).json()
        stage.sandbox.faults(DOWN)
        waiting = stage.place(open_key).json()
        for _ in range(MIN_CALLS):
            stage.place()
        assert state() is State.OPEN

        again = stage.place(key)
        assert (again.status_code, again.json()) == (201, placed)
        assert stage.place(open_key).json()["id"] == waiting["id"]
        assert_problem(stage.place(key, tip_minor=100), 422, "idempotency_key_reused")

    def test_is_not_refused_for_declined_cards(self, stage: Stage) -> None:
        for _ in range(MIN_CALLS + 2):
            assert stage.place(payment_method="pm_card_visa_chargeDeclined").status_code == 402
        assert state() is State.CLOSED

    def test_may_be_the_one_that_finds_out(self, stage: Stage, settings: Any) -> None:
        """The provider is still down: the trial's order waits, the next ones are refused again."""
        use_rules(settings, OPEN_S=0.2)
        break_off(stage)
        await_rest()
        assert stage.place().status_code == 202
        with nothing_changes(stage.sandbox):
            refused(stage)

    def test_while_another_one_finds_out_is_refused(self, stage: Stage, settings: Any) -> None:
        use_rules(settings, OPEN_S=0.05, TRIAL_S=7)
        break_off(stage)
        await_rest()
        circuit_of("stripe").admit()
        with nothing_changes(stage.sandbox):
            assert refused(stage)["retry_after_s"] in (6, 7)

    def test_that_is_declined_as_a_trial_closes_the_circuit(self, stage: Stage, settings: Any) -> None:
        use_rules(settings, OPEN_S=0.05)
        break_off(stage)
        stage.sandbox.calm()
        await_rest()
        assert stage.place(payment_method="pm_card_visa_chargeDeclined").status_code == 402
        assert state() is State.CLOSED


class TestMeanwhile:
    def test_prices_and_menus_are_as_ever(self, stage: Stage) -> None:
        break_off(stage)
        body = {name: value for name, value in cart(stage.kitchen).items() if name != "payment_method"}
        assert stage.ada.post("/api/v1/quotes/", body, format="json").status_code == 200
        assert stage.ada.get(f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/").status_code == 200

    def test_running_orders_go_on_and_are_captured_afterwards(self, stage: Stage, settings: Any) -> None:
        use_rules(settings, OPEN_S=0.2)
        order_id = stage.assigned()
        break_off(stage)
        stage.must(stage.board(order_id, "preparing"))
        stage.must(stage.board(order_id, "ready"))
        stage.must(stage.ride(order_id, "picked-up"))
        stage.must(stage.ride(order_id, "delivered"))
        assert stage.order(order_id)["status"] == "delivered"

        stage.sandbox.calm()
        await_rest()
        settle()
        assert stage.sandbox.effects(order_id) == [*HELD, ("capture", TOTAL_MINOR)]
        assert saga_of(order_id)[0] == "completed"

    def test_nobody_is_asked_and_no_try_is_counted(self, stage: Stage) -> None:
        break_off(stage)
        before = list(PaymentOperation.objects.order_by("pk").values_list("state", "attempts"))
        assert before == [("unknown", 1)] * MIN_CALLS
        calls = asked_for(stage)
        settle(20)

        assert asked_for(stage) == calls
        assert list(PaymentOperation.objects.order_by("pk").values_list("state", "attempts")) == before
        assert OutboxEvent.objects.filter(type="PaymentNeedsReview").count() == 0

    def test_what_was_never_asked_is_not_unknown(self, stage: Stage) -> None:
        """Nor does anybody have to look at it: not at the try that would be one too many."""
        order_id = stage.assigned()
        break_off(stage)
        PaymentOperation.objects.update(attempts=operations.ALARM_AT - 1)
        stage.must(stage.board(order_id, "preparing"))
        stage.must(stage.board(order_id, "ready"))
        stage.must(stage.ride(order_id, "picked-up"))
        settle(3)
        capture = PaymentOperation.objects.get(kind="capture")
        assert (capture.state, capture.attempts, capture.was_unknown) == ("pending", 0, False)
        assert OutboxEvent.objects.filter(type="PaymentNeedsReview").count() == 0

    def test_an_order_that_credit_pays_needs_no_provider(self, stage: Stage, ada: User) -> None:
        CustomerCredit.objects.create(customer_id=ada.pk, currency="EUR", balance_minor=TOTAL_MINOR)
        break_off(stage)
        answer = stage.place(use_credit=True)
        assert answer.status_code == 201
        assert Payment.objects.get(order_id=answer.json()["id"]).gateway == "credit"

    def test_the_sweep_comes_back_when_the_rest_is_over(self, stage: Stage) -> None:
        break_off(stage)
        hurry()
        assert sweep() == MIN_CALLS
        assert sweep() == 0
        assert set(PaymentOperation.objects.values_list("error", flat=True)) == {"circuit open"}
        rest_s = circuit_of("stripe").status().retry_after_s
        for operation in PaymentOperation.objects.all():
            assert operation.leased_until is None
            assert rest_s < (operation.next_try_at - operation.created_at).total_seconds() < rest_s + 60

    def test_messages_wait(self, stage: Stage, settings: Any) -> None:
        use_rules(settings, OPEN_S=0.2)
        order_id = stage.placed()
        break_off(stage)
        ref = Payment.objects.get(order_id=order_id).provider_ref
        assert deliver(event("payment_intent.amount_capturable_updated", str(ref))).status_code == 200
        calls = asked_for(stage)
        sweep_task()
        assert WebhookEvent.objects.get().applied_at is None
        assert asked_for(stage) <= calls + 1  # the probe, should the rest be over already

        stage.sandbox.calm()
        await_rest()
        settle()
        assert WebhookEvent.objects.get().applied_at is not None


class TestTheProbe:
    def test_closes_the_circuit_of_a_provider_that_is_back(self, stage: Stage, settings: Any) -> None:
        """Nobody orders and nothing is due: still somebody finds out."""
        use_rules(settings, OPEN_S=0.2)
        break_off(stage)
        PaymentOperation.objects.update(next_try_at="2100-01-01T00:00Z")
        stage.sandbox.calm()
        await_rest()
        before = footprint(stage.sandbox)
        sweep_task()
        assert state() is State.CLOSED
        assert footprint(stage.sandbox) == before

    def test_leaves_it_open_while_the_provider_is_down(self, stage: Stage, settings: Any) -> None:
        use_rules(settings, OPEN_S=0.2, LONGEST_OPEN_S=600)
        break_off(stage)
        PaymentOperation.objects.update(next_try_at="2100-01-01T00:00Z")
        await_rest()
        calls = asked_for(stage)
        sweep_task()
        assert asked_for(stage) == calls + 1
        assert circuit_of("stripe").status().totals.opened == 2

    def test_asks_nothing_before_its_time_nor_when_all_is_well(self, stage: Stage) -> None:
        sweep_task()
        assert circuit_of("stripe").status().totals.calls == 0
        break_off(stage)
        calls = asked_for(stage)
        sweep_task()
        assert asked_for(stage) == calls
        assert circuit_of("stripe").status().totals.refused == 0


class TestWhatCounts:
    def answer(self, monkeypatch: pytest.MonkeyPatch, error: stripe.StripeError) -> None:
        def call() -> Any:
            raise error

        monkeypatch.setattr(
            stripe_gateway.StripeGateway, "retrieve", lambda *args, **kwargs: stripe_gateway._ask(call)
        )
        for _ in range(MIN_CALLS):
            assert isinstance(gateway("stripe").retrieve("pi_1"), NoAnswer)

    @pytest.mark.parametrize("status", [401, 403])
    def test_our_own_credentials_are_an_outage(self, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
        self.answer(monkeypatch, stripe.AuthenticationError("no", http_status=status))
        assert state() is State.OPEN

    def test_a_key_of_ours_that_was_used_otherwise_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answer(monkeypatch, stripe.IdempotencyError("no", http_status=400))
        assert state() is State.CLOSED
        assert circuit_of("stripe").status().totals.failures == 0

    def test_a_stored_500_that_is_repeated_is_none(self, stage: Stage, settings: Any) -> None:
        """What an outage leaves behind must not look like the next one: such a key is silent for a day."""
        use_rules(settings, MIN_CALLS=2)
        stage.sandbox.faults({"operation": "payment_intents.create", "kind": "500", "times": 1})
        stage.unsettled()
        for _ in range(2):
            hurry()
            sweep()
        totals = circuit_of("stripe").status().totals
        assert (totals.calls, totals.failures, state()) == (4, 1, State.CLOSED)


class TestWithoutValkey:
    def test_orders_are_taken_as_ever(self, stage: Stage, settings: Any) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1/0"
        hasty_client.cache_clear()
        use_rules(settings)
        try:
            answer = stage.place()
            assert answer.status_code == 201
            assert path_of(UUID(answer.json()["id"]))[-1] == ("placed", "system", "")
            break_off(stage)
            with nothing_changes(stage.sandbox):
                refused(stage)
        finally:
            hasty_client.cache_clear()


class TestWhereToLook:
    def said(self) -> list[str]:
        out = StringIO()
        call_command("circuits", stdout=out, no_color=True)
        return out.getvalue().splitlines()

    def test_the_facade_and_the_command_say_how_it_stands(self, stage: Stage) -> None:
        break_off(stage)
        refused(stage)
        [status] = facade.circuits()
        assert (status.name, status.state, status.is_shared) == ("payments:stripe", State.OPEN, True)
        assert (status.totals.calls, status.totals.failures, status.totals.refused) == (3, 3, 1)

        head, row = self.said()
        assert head.split()[:2] == ["circuit", "state"]
        name, shown, retry_s, unit, *counts = row.split()
        assert (name, shown, unit) == ("payments:stripe", "open", "s")
        assert 400 < float(retry_s) <= 600
        assert counts == ["0", "of", "0", "3", "3", "1", "0", "1"]

    def test_a_closed_one(self, stage: Stage) -> None:
        stage.placed()
        assert self.said()[1].split() == [
            *["payments:stripe", "closed", "-", "0", "of", "1"],
            *["1", "0", "0", "0", "0"],
        ]
