"""An answer of the API and four messages, in each of their 120 orders and told twice: one end (R3, F12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import permutations
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import Sum

from deliveryapp.clock import utc_now
from deliveryapp.models import OutboxEvent
from orders.models import Order
from payments import services
from payments.gateways import Answer, Answered, gateway
from payments.gateways.stripe_gateway import StripeGateway
from payments.models import LedgerEntry, Payment, PaymentOperation
from payments.services import Part, RefundRequest, operations
from payments.services.following import follow
from payments.services.writing import open_operation
from payments.tasks import apply_webhook
from tests.orders.stage import TOTAL_MINOR, Stage
from tests.payments.provider import deliver, event

pytestmark = pytest.mark.django_db
ANSWER = "the answer"
HELD, CAPTURED = "payment_intent.amount_capturable_updated", "charge.captured"
SUCCEEDED, REFUNDED = "payment_intent.succeeded", "charge.refunded"
ORDERS = list(permutations((ANSWER, HELD, CAPTURED, SUCCEEDED, REFUNDED)))
BACK_MINOR = 700
EFFECTS = [("hold", TOTAL_MINOR), ("capture", TOTAL_MINOR), ("refund", BACK_MINOR)]
FACTS = (
    "state",
    "seq",
    "amount_minor",
    "authorized_minor",
    "captured_minor",
    "refunded_minor",
    "fee_minor",
    "decline_code",
    "next_action_url",
)


@contextmanager
def undone() -> Iterator[None]:
    """What happens to our rows in here is forgotten; services open transactions in it as in any test."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)


def state_of(order_id: UUID) -> dict[str, Any]:
    """All about the payment that must not depend on the order of things."""
    payment = Payment.objects.get(order_id=order_id)
    ledger = LedgerEntry.objects.filter(payment=payment).order_by()
    moves = ledger.filter(kind__in=["capture", "provider_fee", "refund", "refund_borne"])
    sums = ledger.values_list("account").annotate(Sum("amount_minor"))
    events = OutboxEvent.objects.filter(subject=payment.pk).order_by("seq")
    return {
        "order": Order.objects.get(pk=order_id).status,
        "payment": {name: getattr(payment, name) for name in FACTS},
        "is told": payment.provider_ref is not None and payment.capture_before is not None,
        "operations": sorted(payment.operations.values_list("kind", "state")),
        "refunds": list(payment.refunds.values_list("amount_minor", "state")),
        "accounts": {account: sum_minor for account, sum_minor in sums if sum_minor},
        "moves": sorted(moves.values_list("kind", "account", "amount_minor")),
        "events": list(events.values_list("type", "seq")),
    }


def come(ref: str, *kinds: str) -> None:
    """The messages arrive in this order, each twice, and a worker applies them."""
    for kind in kinds:
        message = event(kind, ref)
        for _ in range(2):
            assert deliver(message).status_code == 200
        apply_webhook(event_id=message["id"])


def told(kinds: Sequence[str]) -> list[str]:
    return [kind for kind in kinds if kind != ANSWER]


def others(ends: dict[tuple[str, ...], dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Where an order of things ended differently from the first."""
    first = ends[ORDERS[0]]
    found = {
        " > ".join(kinds): {name: value for name, value in end.items() if value != first[name]}
        for kinds, end in ends.items()
    }
    return {kinds: differences for kinds, differences in found.items() if differences}


class TestPlacing:
    """The request that places the order waits so long for its answer that all the rest happens meanwhile."""

    def test_every_order_of_things_ends_alike(self, stage: Stage) -> None:
        ends = {kinds: self.end_of(stage, kinds) for kinds in ORDERS}

        expected = ends[ORDERS[0]]
        assert others(ends) == {}
        assert expected["effects"] == EFFECTS
        assert expected["payment"]["state"] == "partially_refunded"
        assert [name for name, _ in expected["events"]] == [
            "PaymentAuthorized",
            "PaymentCaptured",
            "PaymentRefunded",
        ]
        assert [seq for _, seq in expected["events"]] == [1, 2, 3]

    def end_of(self, stage: Stage, kinds: Sequence[str]) -> dict[str, Any]:
        stage.sandbox.call("POST", "reset")
        before, after = kinds[: kinds.index(ANSWER)], kinds[kinds.index(ANSWER) :]
        ask, ref = StripeGateway.authorize, ""

        def authorize(self: StripeGateway, *args: Any, **kwargs: Any) -> Answer:
            nonlocal ref
            answer = ask(self, *args, **kwargs)
            assert isinstance(answer, Answered)
            ref = answer.intent.ref
            capture_and_refund(ref)
            come(ref, *before)
            return answer

        with undone(), patch.object(StripeGateway, "authorize", authorize):
            order_id = UUID(stage.place().json()["id"])
            come(ref, *told(after))
            return {"effects": stage.sandbox.effects(order_id), **state_of(order_id)}


def capture_and_refund(ref: str) -> tuple[Answered, Answered]:
    """What somebody does at the provider's own desk."""
    provider = gateway("stripe")
    captured = provider.capture(ref, amount_minor=TOTAL_MINOR, key=f"{ref}:capture")
    refunded = provider.refund(ref, amount_minor=BACK_MINOR, key=f"{ref}:refund")
    assert isinstance(captured, Answered)
    assert isinstance(refunded, Answered)
    return captured, refunded


@dataclass(frozen=True)
class Late:
    """An operation that waits for its answer, and what the provider said at each moment of the payment."""

    order_id: UUID
    operation_id: UUID
    answer: Answered
    seen: dict[str, Answered]


def late_hold(stage: Stage) -> Late:
    stage.sandbox.faults({"operation": "payment_intents.create", "kind": "lost_after_effect", "times": 1})
    order_id = stage.unsettled()
    operation = PaymentOperation.objects.get()
    [intent] = stage.sandbox.call("GET", "intents")["intents"]
    return _late(order_id, operation.pk, intent["id"], HELD)


def late_capture(stage: Stage) -> Late:
    order_id = UUID(stage.place().json()["id"])
    payment = Payment.objects.get()
    operation_id = open_operation(payment_id=payment.pk, kind=PaymentOperation.Kind.CAPTURE)
    assert operation_id is not None
    return _late(order_id, operation_id, str(payment.provider_ref), CAPTURED)


def late_refund(stage: Stage) -> Late:
    order_id = UUID(stage.place().json()["id"])
    held = gateway("stripe").retrieve(str(Payment.objects.get().provider_ref))
    assert services.capture(order_id=order_id)
    part = Part(kind="goodwill", ref="", amount_minor=BACK_MINOR, limit_minor=BACK_MINOR)
    request = RefundRequest(order_id=order_id, parts=[part], reason="cold", key="one")
    operation = services.open_refund(request, now=utc_now()).operation
    assert operation is not None
    assert isinstance(held, Answered)
    captured = gateway("stripe").retrieve(held.intent.ref)
    refunded = operations.ask(operation)
    assert isinstance(captured, Answered)
    assert isinstance(refunded, Answered)
    seen = {HELD: held, CAPTURED: captured, SUCCEEDED: captured, REFUNDED: refunded}
    return Late(order_id, operation.pk, refunded, seen)


def _late(order_id: UUID, operation_id: UUID, ref: str, answered_at: str) -> Late:
    held = gateway("stripe").retrieve(ref)
    assert isinstance(held, Answered)
    captured, refunded = capture_and_refund(ref)
    seen = {HELD: held, CAPTURED: captured, SUCCEEDED: captured, REFUNDED: refunded}
    return Late(order_id, operation_id, seen[answered_at], seen)


@pytest.mark.parametrize(
    "begin",
    [late_hold, late_capture, late_refund],
    ids=lambda begin: begin.__name__.replace("_", " "),
)
def test_an_operation_whose_answer_is_late(stage: Stage, begin: Callable[[Stage], Late]) -> None:
    """Worse than messages out of order: what the provider says to each is of the moment that it tells of, as
    if the reads had overtaken each other.
    """
    late = begin(stage)
    ends = {kinds: end_of(late, kinds) for kinds in ORDERS}

    expected = ends[ORDERS[0]]
    assert others(ends) == {}
    assert expected["payment"]["state"] == "partially_refunded"
    assert [seq for _, seq in expected["events"]] == [1, 2, 3]
    assert stage.sandbox.effects(late.order_id) == EFFECTS


def end_of(late: Late, kinds: Sequence[str]) -> dict[str, Any]:
    before, after = kinds[: kinds.index(ANSWER)], kinds[kinds.index(ANSWER) :]

    def ask(operation: PaymentOperation) -> Answer:
        come_one_by_one(late, before)
        return late.answer

    with undone(), patch.object(operations, "ask", ask):
        operations.run_operation(operation_id=late.operation_id)
        come_one_by_one(late, told(after))
        for kind in told(kinds):  # once more, past the inbox that knows them all
            with reads_of(late.seen[kind]):
                follow(intent_ref=late.answer.intent.ref, gateway_name="stripe")
        return state_of(late.order_id)


def come_one_by_one(late: Late, kinds: Sequence[str]) -> None:
    for kind in kinds:
        message = event(kind, late.answer.intent.ref)
        assert deliver(message).status_code == 200
        with reads_of(late.seen[kind]):
            apply_webhook(event_id=message["id"])


def reads_of(seen: Answered) -> AbstractContextManager[Any]:
    return patch.object(StripeGateway, "retrieve", lambda self, ref: seen)
