"""The provider's messages: who may send them, and that their number and order do not matter (F12)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import permutations
from typing import Any
from uuid import UUID

import httpx
import pytest
from celery import current_app
from kombu.exceptions import OperationalError
from rest_framework.test import APIClient

from deliveryapp.models import OutboxEvent, User
from deliveryapp.transport import transport
from orders.models import Order
from payments.gateways import Answer, gateway, stripe_gateway
from payments.models import Payment, WebhookEvent
from payments.tasks import apply_webhook, sweep
from tests.orders.stage import (
    TOTAL_MINOR,
    ClientOf,
    Stage,
    assert_problem,
    events_of,
    footprint,
    hurry,
    nothing_changes,
    path_of,
    saga_of,
)
from tests.payments.provider import SECRET, answer_bank, deliver, event, signature, tell
from tests.worker import drain

pytestmark = pytest.mark.django_db
HELD = "payment_intent.amount_capturable_updated"
OF_A_HOLD = ("payment_intent.created", "payment_intent.requires_action", "charge.succeeded", HELD)
OF_A_DECLINE = ("payment_intent.created", "charge.failed", "payment_intent.payment_failed")
OF_A_REFUND = ("payment_intent.succeeded", "charge.captured", "charge.refunded", "refund.created")


def ref_of(order_id: UUID) -> str:
    ref = Payment.objects.get(order_id=order_id).provider_ref
    assert ref is not None
    return ref


class TestTheDoor:
    @pytest.fixture
    def message(self) -> dict[str, Any]:
        return event(HELD, "pi_of_somebody")

    def refused(self, stage: Stage, answer: Any) -> None:
        assert_problem(answer, 400, "webhook_signature")
        assert WebhookEvent.objects.count() == 0

    def test_a_signed_message_is_kept_and_answered_at_once(
        self, stage: Stage, message: dict[str, Any]
    ) -> None:
        answer = deliver(message)

        assert (answer.status_code, answer.content) == (200, b"")
        kept = WebhookEvent.objects.get()
        assert (kept.pk, kept.type, kept.intent_ref) == (message["id"], HELD, "pi_of_somebody")
        assert kept.payload == message
        assert kept.applied_at is None

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "nonsense",
            "t=1,v1=",
            "t=,v1=abc",
            "t=now,v1=abc",
            "v1=abc",
            "t=1;v1=2",
            "t=-1,v1=0",
            "a=b,c=d",
        ],
    )
    def test_a_malformed_signature(self, stage: Stage, message: dict[str, Any], header: str) -> None:
        self.refused(stage, deliver(message, header=header))

    def test_no_signature(self, stage: Stage, message: dict[str, Any]) -> None:
        self.refused(stage, APIClient().post("/webhooks/stripe/", message, format="json"))

    def test_a_signature_of_somebody_else(self, stage: Stage, message: dict[str, Any]) -> None:
        self.refused(stage, deliver(message, secret="whsec_other"))

    def test_a_signature_of_another_body(self, stage: Stage, message: dict[str, Any]) -> None:
        header = signature(json.dumps(message).encode())
        self.refused(stage, deliver({**message, "id": "evt_forged"}, header=header))

    @pytest.mark.parametrize("off_s", [-301, 330, 86_400])
    def test_a_signature_of_another_time(self, stage: Stage, message: dict[str, Any], off_s: int) -> None:
        self.refused(stage, deliver(message, at=time.time() + off_s))

    @pytest.mark.parametrize("off_s", [-270, 270])
    def test_clocks_may_differ_a_little(self, stage: Stage, message: dict[str, Any], off_s: int) -> None:
        assert deliver(message, at=time.time() + off_s).status_code == 200

    def test_words_that_the_signature_does_not_need_are_ignored(
        self, stage: Stage, message: dict[str, Any]
    ) -> None:
        body = json.dumps(message).encode()
        assert deliver(body, header=f"{signature(body)},v0=old,word").status_code == 200

    def test_both_secrets_count_while_one_replaces_the_other(
        self, stage: Stage, message: dict[str, Any], settings: Any
    ) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_next", SECRET]
        assert deliver(message).status_code == 200
        assert deliver({**message, "id": "evt_2"}, secret="whsec_next").status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"no json",
            b"[]",
            b"null",
            b"{}",
            b'{"id": "evt_1"}',
            b'{"id": 7, "type": "x"}',
            b'{"id": "evt_1", "type": null}',
            b'{"id": "evt_\\u0000", "type": "x"}',
            b"\xff\xff",
        ],
    )
    def test_what_is_signed_but_no_event_is_refused(self, stage: Stage, body: bytes) -> None:
        self.refused(stage, deliver(body))

    @pytest.mark.parametrize("data", [None, [], "x", {"object": None}, {"object": []}, {"object": {"id": 7}}])
    def test_an_event_about_nothing_we_know_is_kept_and_does_nothing(
        self, stage: Stage, data: object
    ) -> None:
        assert deliver({"id": "evt_1", "type": "balance.available", "data": data}).status_code == 200
        sweep()
        assert WebhookEvent.objects.get().applied_at is not None
        assert OutboxEvent.objects.count() == 0

    def test_it_is_a_post(self, stage: Stage) -> None:
        assert APIClient().get("/webhooks/stripe/").status_code == 405

    def test_a_replay_of_a_hundred_is_one(self, stage: Stage) -> None:
        order_id = stage.placed()
        message = event(HELD, ref_of(order_id))
        body = json.dumps(message).encode()
        header = signature(body)
        for _ in range(100):
            assert deliver(body, header=header).status_code == 200

        assert WebhookEvent.objects.count() == 1

    def test_a_broker_that_is_down_does_not_matter(
        self, stage: Stage, message: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(*args: object, **kwargs: object) -> None:
            raise OperationalError("no broker")

        monkeypatch.setattr(current_app, "send_task", down)
        transport.cache_clear()
        assert deliver(message).status_code == 200
        assert WebhookEvent.objects.count() == 1


class TestWhatItIsAbout:
    def test_it_is_not_believed_but_looked_up(self, stage: Stage) -> None:
        """A message claims a capture; the provider knows of a hold only."""
        order_id = stage.placed()
        with nothing_changes_but_the_message(stage):
            tell(event("payment_intent.succeeded", ref_of(order_id)))

        assert Payment.objects.get().state == "authorized"
        assert WebhookEvent.objects.get().applied_at is not None

    def test_an_intent_that_is_not_the_providers_is_put_away(self, stage: Stage) -> None:
        tell(event(HELD, "pi_of_nobody"))
        assert WebhookEvent.objects.get().applied_at is not None

    def test_one_that_cannot_be_read_now_does_not_hold_up_the_others(self, stage: Stage) -> None:
        order_id = stage.unsettled(payment_method="pm_card_threeDSecureRequired")
        answer_bank(stage.order(order_id)["payment"]["next_action_url"], "complete")
        first, second = (event(HELD, ref_of(order_id)) for _ in range(2))
        for message in (first, second):
            assert deliver(message).status_code == 200
        stage.sandbox.faults(
            {"operation": "payment_intents.retrieve", "kind": "lost_before_effect", "times": 1}
        )
        sweep()

        waiting = dict(WebhookEvent.objects.values_list("pk", "applied_at"))
        assert waiting[first["id"]] is None
        assert waiting[second["id"]] is not None
        assert Payment.objects.get().state == "authorized"
        sweep()
        assert not WebhookEvent.objects.filter(applied_at=None).exists()

    def test_the_message_of_one_order_moves_no_other(self, stage: Stage) -> None:
        first = stage.unsettled(payment_method="pm_card_threeDSecureRequired")
        second = stage.unsettled(payment_method="pm_card_threeDSecureRequired")
        answer_bank(stage.order(first)["payment"]["next_action_url"], "complete")
        tell(event(HELD, ref_of(second)), event(HELD, ref_of(first)))
        drain()

        states = {pk: str(state) for pk, state in Payment.objects.values_list("order_id", "state")}
        assert states == {first: "authorized", second: "requires_action"}

    def test_an_answer_that_never_came_is_found_by_the_orders_id(self, stage: Stage) -> None:
        stage.sandbox.faults({"operation": "payment_intents.create", "kind": "lost_after_effect", "times": 1})
        order_id = stage.unsettled()
        assert Payment.objects.get().provider_ref is None
        tell(event(HELD, intent_of(stage)))
        drain()

        assert Order.objects.get(pk=order_id).status == "placed"
        assert Payment.objects.get().provider_ref == intent_of(stage)
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]
        stage.assert_clean()


@contextmanager
def nothing_changes_but_the_message(stage: Stage) -> Iterator[None]:
    before = footprint(stage.sandbox)
    yield
    assert footprint(stage.sandbox) == {**before, "WebhookEvent": before["WebhookEvent"] + 1}


def intent_of(stage: Stage) -> str:
    [intent] = httpx.get(f"{stage.sandbox.url}/_sandbox/intents").json()["intents"]
    return str(intent["id"])


class TestTheirOrder:
    """Each message once or twice, in every order, and an honest provider behind them: the end is the same."""

    @pytest.mark.parametrize(
        "kinds", list(permutations(OF_A_HOLD)), ids=lambda kinds: ">".join(k[-9:] for k in kinds)
    )
    def test_of_a_hold(self, stage: Stage, kinds: tuple[str, ...]) -> None:
        order_id = stage.unsettled(payment_method="pm_card_threeDSecureRequired")
        messages = [event(kind, ref_of(order_id)) for kind in kinds]
        tell(messages[0])
        answer_bank(stage.order(order_id)["payment"]["next_action_url"], "complete")
        tell(*messages[1:], *messages)
        drain()

        assert path_of(order_id) == [("created", "customer", ""), ("placed", "system", "")]
        assert events_of(order_id, "payments") == ["PaymentActionRequired", "PaymentAuthorized"]
        assert WebhookEvent.objects.count() == len(OF_A_HOLD)
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]

    @pytest.mark.parametrize(
        "kinds", list(permutations(OF_A_DECLINE)), ids=lambda kinds: ">".join(k[-9:] for k in kinds)
    )
    def test_of_a_decline(self, stage: Stage, kinds: tuple[str, ...]) -> None:
        order_id = stage.unsettled(payment_method="pm_card_threeDSecureRequired")
        ref = ref_of(order_id)
        answer_bank(stage.order(order_id)["payment"]["next_action_url"], "fail")
        tell(*(event(kind, ref) for kind in kinds + kinds[::-1]))
        drain()

        assert path_of(order_id)[-1] == ("failed", "system", "payment_declined")
        assert events_of(order_id, "payments") == ["PaymentActionRequired", "PaymentDeclined"]
        assert saga_of(order_id)[0] == "compensated"

    @pytest.mark.parametrize("kinds", [OF_A_REFUND, OF_A_REFUND[::-1]], ids=["as it happened", "backwards"])
    def test_of_a_refund_that_somebody_else_made(
        self, stage: Stage, sam: User, as_: ClientOf, kinds: tuple[str, ...]
    ) -> None:
        """The refund's answer is lost; the messages tell the same story twice and nothing counts double."""
        order_id = stage.on_the_road()
        stage.sandbox.faults({"operation": "refunds.create", "kind": "lost_after_effect", "times": 1})
        assert stage.cancel(order_id, by=as_(sam)).status_code == 200
        drain()
        tell(*(event(kind, ref_of(order_id)) for kind in kinds * 2))
        hurry()
        drain()

        payment = Payment.objects.get()
        assert (payment.state, payment.refunded_minor) == ("refunded", TOTAL_MINOR)
        assert events_of(order_id, "payments") == ["PaymentAuthorized", "PaymentCaptured", "PaymentRefunded"]
        assert stage.sandbox.effects(order_id)[-1] == ("refund", TOTAL_MINOR)
        stage.assert_clean()


class TestBeforeTheApiAnswers:
    """R3, forced: the message is applied after the provider acted and before we have its answer."""

    @pytest.fixture
    def webhook_first(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        original = stripe_gateway.StripeGateway.authorize

        def authorize(self: stripe_gateway.StripeGateway, *args: Any, **kwargs: Any) -> Answer:
            answer = original(self, *args, **kwargs)
            tell(event(HELD, intent_of(stage)))
            return answer

        monkeypatch.setattr(stripe_gateway.StripeGateway, "authorize", authorize)
        gateway.cache_clear()

    @pytest.mark.usefixtures("webhook_first")
    def test_the_order_is_placed_once_and_answered_201(self, stage: Stage) -> None:
        answer = stage.place("one key")
        order_id = UUID(answer.json()["id"])
        assert (answer.status_code, answer.json()["status"]) == (201, "placed")
        drain()

        assert path_of(order_id) == [("created", "customer", ""), ("placed", "system", "")]
        assert events_of(order_id) == ["OrderCreated", "OrderPlaced"]
        assert events_of(order_id, "payments") == ["PaymentAuthorized"]
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]
        stage.assert_clean()
        with nothing_changes(stage.sandbox):
            again = stage.place("one key")
        assert (again.status_code, again.json()["id"]) == (201, str(order_id))

    @pytest.mark.usefixtures("webhook_first")
    def test_a_decline_is_answered_402(self, stage: Stage) -> None:
        problem = assert_problem(
            stage.place(payment_method="pm_card_chargeDeclinedStolenCard"), 402, "payment_declined"
        )
        drain()

        assert problem["decline_code"] == "stolen_card"
        assert path_of(UUID(problem["order_id"]))[-1] == ("failed", "system", "payment_declined")
        stage.assert_clean()

    @pytest.mark.usefixtures("webhook_first")
    def test_a_question_of_the_bank_is_answered_202(self, stage: Stage) -> None:
        answer = stage.place(payment_method="pm_card_threeDSecureRequired")
        assert (answer.status_code, answer.json()["payment"]["status"]) == (202, "requires_action")
        answer_bank(answer.json()["payment"]["next_action_url"], "complete")
        hurry()
        drain()
        assert Order.objects.get().status == "placed"
        stage.assert_clean()


def test_an_intent_that_nobody_has_tried_yet_is_no_decline(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`payment_intent.created` comes while the card is still being asked: the intent has no error then."""
    original = stripe_gateway.StripeGateway.retrieve

    def early(self: stripe_gateway.StripeGateway, ref: str) -> Any:
        answer: Any = original(self, ref)
        return replace(answer, intent=replace(answer.intent, status="requires_payment_method"))

    order_id = stage.unsettled(payment_method="pm_card_threeDSecureRequired")
    with monkeypatch.context() as patched:
        patched.setattr(stripe_gateway.StripeGateway, "retrieve", early)
        tell(event("payment_intent.created", ref_of(order_id)))
    assert Payment.objects.get().state == "requires_action"


def test_a_task_that_runs_twice_applies_once(stage: Stage) -> None:
    order_id = stage.unsettled(payment_method="pm_card_threeDSecureRequired")
    answer_bank(stage.order(order_id)["payment"]["next_action_url"], "complete")
    message = event(HELD, ref_of(order_id))
    assert deliver(message).status_code == 200
    for _ in range(2):
        apply_webhook(event_id=message["id"])

    assert events_of(order_id, "payments") == ["PaymentActionRequired", "PaymentAuthorized"]
