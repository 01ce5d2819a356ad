"""The same key at the same time (R1, R2), and the provider's message against its answer (R3)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from deliveryapp import idempotency
from deliveryapp.models import IdempotencyRecord, SagaRun, User
from orders.models import Order
from payments.gateways import Answer, stripe_gateway
from payments.models import Payment, PaymentOperation
from tests.cast import cart
from tests.crowd import PATIENCE_S, at_once, statuses
from tests.orders.stage import TOTAL_MINOR, ClientOf, Stage, events_of, path_of, place
from tests.payments.provider import event, tell
from tests.worker import drain

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wide_pool")]
MANY = 20
ROUNDS = 5
HELD = [("hold", TOTAL_MINOR)]


def rows() -> tuple[int, ...]:
    return tuple(m.objects.count() for m in (Order, Payment, PaymentOperation, SagaRun, IdempotencyRecord))


def test_one_key_twenty_times_is_one_order(stage: Stage, ada: User, as_: ClientOf) -> None:
    key = str(uuid4())
    apps = [as_(ada) for _ in range(MANY)]
    answers = at_once(*(lambda app=app: place(app, cart(stage.kitchen), key) for app in apps))

    seen = statuses(answers)
    assert set(seen) <= {201, 409}
    assert 201 in seen
    placed = [answer.json() for answer in answers if answer.status_code == 201]
    assert all(body == placed[0] for body in placed)
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"request_in_flight"}
    assert rows() == (1, 1, 1, 1, 1)
    assert stage.sandbox.effects(placed[0]["id"]) == HELD
    assert stage.place(key).json() == placed[0]
    drain()
    stage.assert_clean()


@pytest.fixture
def no_unique_key() -> Iterator[None]:
    """The guard is away: two records may have the same key."""
    name, columns = "idempotency_key_is_unique_per_user", "user_id, key"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE deliveryapp_idempotencyrecord DROP CONSTRAINT {name}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM deliveryapp_idempotencyrecord")
        cursor.execute(f"ALTER TABLE deliveryapp_idempotencyrecord ADD CONSTRAINT {name} UNIQUE ({columns})")


def everybody_looks_first(monkeypatch: pytest.MonkeyPatch, people: int) -> None:
    """Nobody writes the key before everybody has looked for it; who looks again sees what is there."""
    find, all_have_looked, seen = idempotency.find, threading.Barrier(people), threading.local()

    def look(**asked: Any) -> IdempotencyRecord | None:
        if hasattr(seen, "once"):
            return find(**asked)
        seen.once = True
        all_have_looked.wait(PATIENCE_S)
        return None

    monkeypatch.setattr(idempotency, "find", look)


@pytest.mark.usefixtures("no_unique_key")
def test_control_without_the_constraint_one_key_is_many_orders(
    stage: Stage, ada: User, as_: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking for the key first is not enough: nobody has written it yet when everybody looks."""
    key = str(uuid4())
    everybody_looks_first(monkeypatch, 3)
    apps = [as_(ada) for _ in range(3)]
    answers = at_once(*(lambda app=app: place(app, cart(stage.kitchen), key) for app in apps))

    assert statuses(answers) == [201, 201, 201]
    assert Order.objects.count() == 3


def test_everybody_has_looked_and_still_one_order(
    stage: Stage, ada: User, as_: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same moment, with the constraint; who sent something else is told the difference."""
    key = str(uuid4())
    everybody_looks_first(monkeypatch, 3)
    apps = [as_(ada) for _ in range(3)]
    tips_minor = (0, 0, 100)
    answers = at_once(
        *(
            lambda app=app, tip=tip_minor: place(app, cart(stage.kitchen, tip_minor=tip), key)
            for app, tip_minor in zip(apps, tips_minor, strict=True)
        )
    )

    assert sorted(statuses(answers)) in ([201, 409, 422], [201, 422, 422])
    assert rows() == (1, 1, 1, 1, 1)
    [(_, held_minor)] = stage.sandbox.effects(Order.objects.get().pk)
    assert held_minor == Order.objects.get().total_minor


def test_the_message_and_the_answer_come_together(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    original = stripe_gateway.StripeGateway.authorize
    ask_together = threading.Barrier(2)
    known: dict[str, str] = {}

    def authorize(self: stripe_gateway.StripeGateway, *args: Any, **kwargs: Any) -> Answer:
        answer: Any = original(self, *args, **kwargs)
        known["ref"] = answer.intent.ref
        ask_together.wait(PATIENCE_S)
        return answer

    def message() -> None:
        ask_together.wait(PATIENCE_S)
        tell(event("payment_intent.amount_capturable_updated", known["ref"]))

    monkeypatch.setattr(stripe_gateway.StripeGateway, "authorize", authorize)
    for _ in range(ROUNDS):
        answer, _ = at_once(stage.place, message)
        assert statuses([answer]) == [201]
        order_id = UUID(answer.json()["id"])
        drain()

        assert path_of(order_id) == [("created", "customer", ""), ("placed", "system", "")]
        assert events_of(order_id) == ["OrderCreated", "OrderPlaced"]
        assert events_of(order_id, "payments") == ["PaymentAuthorized"]
        assert stage.sandbox.effects(order_id) == HELD
    stage.assert_clean()
