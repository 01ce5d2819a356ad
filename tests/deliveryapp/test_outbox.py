"""Publishing, and the Celery transport that carries nudges and events."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import redis
import structlog
from celery import current_app
from django.db import IntegrityError
from kombu.exceptions import OperationalError

from deliveryapp import celery_transport, outbox, relay, tasks
from deliveryapp.celery_transport import CeleryTransport, lift_nudge
from deliveryapp.clock import utc_now
from deliveryapp.models import OutboxEvent
from deliveryapp.transactions import durable
from deliveryapp.transport import Transport, TransportDown, transport
from tests.deliveryapp.toys import ready, wire

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("subscribe")]
Message = tuple[str, dict[str, Any]]
Queue = Callable[[str], list[Message]]


@pytest.fixture
def carrier() -> Iterator[Transport]:
    transport.cache_clear()
    yield transport()
    transport.cache_clear()


@pytest.fixture
def queue(_redis: redis.Redis) -> Queue:
    """What a worker of this queue would get: task and arguments, oldest first."""

    def read(name: str) -> list[Message]:
        messages = [json.loads(raw) for raw in reversed(_redis.lrange(f"celery:{name}", 0, -1))]
        bodies = [json.loads(base64.b64decode(message["body"])) for message in messages]
        return [(message["headers"]["task"], body[1]) for message, body in zip(messages, bodies, strict=True)]

    return read


def publish(seq: int = 1) -> int:
    event = ready(uuid4())
    with durable():
        outbox.publish(event, seq=seq, now=utc_now())
    return outbox.shard_of(event.order_id)


def test_publishing_needs_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="must be called inside a transaction"):
        outbox.publish(ready(uuid4()), seq=1, now=utc_now())

    assert not OutboxEvent.objects.exists()


def test_two_events_of_an_aggregate_cannot_have_the_same_number() -> None:
    event = ready(uuid4())
    with durable():
        outbox.publish(event, seq=1, now=utc_now())

    with pytest.raises(IntegrityError, match="outbox_seq_is_unique_per_aggregate"), durable():
        outbox.publish(event, seq=1, now=utc_now())


def test_an_event_carries_the_trace_of_the_request_that_caused_it() -> None:
    with structlog.contextvars.bound_contextvars(trace_id="a" * 32):
        publish()

    assert OutboxEvent.objects.get().trace_id == "a" * 32


def test_a_commit_nudges_the_shards_worker(carrier: Transport, queue: Queue) -> None:
    shard = publish()

    assert queue("events") == [("relay.publish", {"shard": shard})]


def test_equal_nudges_wait_only_once_until_the_worker_looks(carrier: Transport, queue: Queue) -> None:
    for _ in range(3):
        carrier.nudge("relay.publish", shard=5)
    carrier.nudge("relay.publish", shard=6)
    assert queue("events") == [("relay.publish", {"shard": 5}), ("relay.publish", {"shard": 6})]

    lift_nudge("relay.publish", shard=5)
    carrier.nudge("relay.publish", shard=5)

    assert queue("events")[2:] == [("relay.publish", {"shard": 5})]


def test_the_worker_lifts_the_nudge_before_it_looks(
    carrier: Transport, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change committed while it looks must be able to nudge again."""
    carrier.nudge("relay.publish", shard=5)
    monkeypatch.setattr(relay, "publish_shard", lambda shard: carrier.nudge("relay.publish", shard=shard))

    tasks.publish(shard=5)

    assert len(queue("events")) == 2


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("relay.publish", "events"),
        ("saga.advance", "saga"),
        ("drivers.dispatch", "dispatch"),
        ("payments.apply_webhook", "payments"),
    ],
)
def test_a_nudge_goes_to_the_queue_of_its_kind_of_work(
    carrier: Transport, queue: Queue, task: str, name: str
) -> None:
    carrier.nudge(task, number=1)

    assert queue(name) == [(task, {"number": 1})]
    current_app.loader.import_default_modules()
    assert task in current_app.tasks


def test_each_handler_gets_its_batch_on_its_own_queue(carrier: Transport, queue: Queue) -> None:
    events = [wire(uuid4(), 1), wire(uuid4(), 1)]

    carrier.send({"toy.count": events})

    assert queue("toys") == [("events.handle", {"handler": "toy.count", "envelopes": events})]


class Away:
    def __getattr__(self, name: str) -> Any:
        raise redis.exceptions.ConnectionError("connection refused")


def test_a_nudge_that_is_lost_costs_nothing_but_time(
    carrier: Transport, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(celery_transport, "client", Away)
        publish()
    assert queue("events") == []
    assert OutboxEvent.objects.filter(published_at=None).count() == 1

    tasks.sweep_outbox()

    assert [task for task, _ in queue("toys")] == ["events.handle"]
    assert OutboxEvent.objects.filter(published_at=None).count() == 0


@pytest.mark.parametrize(
    "error",
    [OperationalError("down"), redis.exceptions.ConnectionError("down"), ConnectionResetError("down")],
)
def test_a_broker_that_is_down_is_told_as_such(
    carrier: Transport, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(current_app, "send_task", refuse)

    with pytest.raises(TransportDown, match="down"):
        CeleryTransport().send({"toy.count": [wire(uuid4())]})


def test_a_worker_that_cannot_lift_its_mark_works_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    shard = publish()
    monkeypatch.setattr(celery_transport, "client", Away)

    tasks.publish(shard=shard)

    assert OutboxEvent.objects.filter(published_at=None).count() == 0
