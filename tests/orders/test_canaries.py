"""Nothing that travels or is logged says who somebody is: canaries in every personal field (I17, C26).

The events go over the real broker; each message is read there before it is handled.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import redis
from celery import current_app
from django.db import connection
from rest_framework.test import APIClient

from deliveryapp import relay, saga
from deliveryapp.logs import json_formatter
from deliveryapp.models import DeadLetter, InboxEntry, OutboxEvent, SagaRun, SagaStep, User
from orders import handlers
from orders.models import Order
from tests.cast import HOME
from tests.drivers.stage import app_of
from tests.orders.stage import ORDERS, ClientOf, Stage, hurry
from tests.payments.saving import save

pytestmark = pytest.mark.django_db(transaction=True)
CANARIES = {
    "name": "Canaria Zwitscher",
    "email": "canaria.zwitscher@vogel.example",
    "phone": "+35840777666555",
    "street": "Kanarienvogelgasse 77",
    "city": "Vogelheim",
    "note": "the yellow bird door, code zzq",
    "line_note": "no seeds for zzl",
    "reason": "my bird zzr is ill",
    "refund": "cold feathers zzf",
    "brand": "amex",
    "card": "pm_card_amex",
}
FORBIDDEN = {*CANARIES.values(), "Canaria", "Zwitscher", "zzq", "zzl", "zzr", "zzf", "777666555"}


class Overheard:
    """What was seen on its way or written down, place by place."""

    def __init__(self, broker: redis.Redis) -> None:
        self._broker = broker
        self.said: dict[str, list[str]] = {"log": [], "message": []}

    def work(self) -> None:
        """Do what relay, workers and sweeps do, over the broker, until it is quiet."""
        for _ in range(40):
            published = relay.publish_waiting()
            handled = self._handle_all()
            if not published and not handled and not saga.sweep():
                return
        raise AssertionError("the system does not come to rest")

    def _handle_all(self) -> int:
        queues = list(self._broker.scan_iter("celery:*", _type="list"))
        messages = [json.loads(raw) for name in queues for raw in reversed(self._broker.lrange(name, 0, -1))]
        for name in queues:
            self._broker.delete(name)
        for message in messages:
            body = base64.b64decode(message["body"]).decode()
            self.said["message"] += [body, json.dumps(message["headers"])]
            current_app.tasks[message["headers"]["task"]].apply(kwargs=json.loads(body)[1])
        return len(messages)

    def places(self) -> dict[str, str]:
        """Everything by the place where it was found."""
        with connection.cursor() as cursor:
            for model in (OutboxEvent, InboxEntry, DeadLetter, SagaRun, SagaStep):
                table = model._meta.db_table
                cursor.execute(f"SELECT t::text FROM {table} t")
                self.said[table] = [row for (row,) in cursor.fetchall()]
        return {place: "\n".join(texts) for place, texts in self.said.items()}


@pytest.fixture
def overheard(_redis: redis.Redis) -> Iterator[Overheard]:
    current_app.loader.import_default_modules()
    found = Overheard(_redis)
    handler = logging.Handler(logging.INFO)
    formatter = json_formatter()
    handler.emit = lambda record: found.said["log"].append(formatter.format(record))  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    yield found
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def canaria() -> User:
    names = ("name", "email", "phone")
    return User.objects.create_user(password="demo-pass-1", **{name: CANARIES[name] for name in names})


@pytest.fixture
def stage(stage: Stage, canaria: User) -> Stage:
    """Ada's app is in Canaria's hands."""
    return Stage(stage.kitchen, stage.sandbox, app_of(canaria), stage.bo, stage.cleo)


def place(stage: Stage, **changes: Any) -> UUID:
    answer = stage.place(
        delivery={**HOME, **{name: CANARIES[name] for name in ("street", "city", "note")}},
        note=CANARIES["note"],
        lines=[{"item_id": str(stage.kitchen.soup.pk), "quantity": 2, "note": CANARIES["line_note"]}],
        **{"payment_method": CANARIES["card"], **changes},
    )
    assert answer.status_code in (201, 402), answer.content
    body = answer.json()
    return UUID(body.get("id") or body["order_id"])


def ok(answer: Any) -> Any:
    assert answer.status_code in (200, 201), answer.content
    return answer


def refund(support: APIClient, order_id: UUID) -> None:
    body = {"amount_minor": 100, "reason": CANARIES["refund"]}
    ok(support.post(f"{ORDERS}{order_id}/refunds/", body, format="json", HTTP_IDEMPOTENCY_KEY=str(uuid4())))


@pytest.mark.usefixtures("overheard")
def test_no_canary_is_found_on_the_way_or_in_the_logs(
    stage: Stage, overheard: Overheard, as_: ClientOf, sam: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(stage.ada, CANARIES["card"])
    carry_through_all_stages(stage, overheard, as_(sam))
    end_in_other_ways(stage, overheard)
    let_a_handler_fail(stage, overheard, monkeypatch)

    places = overheard.places()
    found = {(place, canary) for place, text in places.items() for canary in FORBIDDEN if canary in text}

    assert found == set()
    told = set(OutboxEvent.objects.values_list("type", flat=True))
    assert {"OrderDelivered", "OrderCancelled", "OrderFailed", "PaymentRefunded", "DriverAssigned"} <= told
    assert all(places[place] for place in places), "a place that was not looked at"


def carry_through_all_stages(stage: Stage, overheard: Overheard, support: APIClient) -> None:
    stage.cleo_goes_online()
    order_id = place(stage)
    overheard.work()
    ok(stage.board(order_id, "confirm", {"prep_minutes": 15}))
    overheard.work()
    offer_id = stage.cleo_is_asked()
    ok(stage.cleo.post(f"/api/v1/driver/offers/{offer_id}/accept/"))
    for verb in ("preparing", "ready"):
        ok(stage.board(order_id, verb))
        overheard.work()
    for verb in ("picked-up", "delivered"):
        ok(stage.ride(order_id, verb))
        overheard.work()
    refund(support, order_id)
    ok(stage.ada.put(f"{ORDERS}{order_id}/tip/", {"tip_minor": 300}, format="json"))
    overheard.work()


def end_in_other_ways(stage: Stage, overheard: Overheard) -> None:
    ok(stage.cancel(place(stage), reason=CANARIES["reason"]))
    overheard.work()
    place(stage, payment_method="pm_card_chargeDeclined")
    stage.sandbox.faults({"operation": "payment_intents.cancel", "kind": "500", "times": 3})
    ok(stage.cancel(place(stage), reason=CANARIES["reason"]))
    for _ in range(3):
        overheard.work()
        hurry()


def let_a_handler_fail(stage: Stage, overheard: Overheard, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL repeats the whole row, with the street in it, in its refusal."""
    order_id = place(stage)
    broken = lambda **_: Order.objects.filter(pk=order_id).update(subtotal_minor=-1)  # noqa: E731
    monkeypatch.setattr(handlers.saga, "wake_all", broken)
    relay.publish_waiting()
    overheard._handle_all()
    assert DeadLetter.objects.filter(handler="orders.saga").exists()


def test_control_a_street_in_an_event_is_found(stage: Stage, overheard: Overheard) -> None:
    place(stage)
    row = OutboxEvent.objects.order_by("position")[0]
    OutboxEvent.objects.filter(pk=row.pk).update(data={**row.data, "region": CANARIES["street"]})
    overheard.work()

    places = overheard.places()

    assert {place for place, text in places.items() if CANARIES["street"] in text} == {
        "deliveryapp_outboxevent",
        "message",
    }
