"""Publishing, waking the relay, nudging the workers, and the Celery transport that carries events."""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import uuid4

import pytest
import redis
import structlog
from celery import current_app
from django.db import IntegrityError
from kombu.exceptions import OperationalError

from deliveryapp import nudges, outbox, wakeups
from deliveryapp.celery_transport import BATCH, CeleryTransport
from deliveryapp.clock import utc_now
from deliveryapp.embedded.stack import QUEUES
from deliveryapp.models import OutboxEvent
from deliveryapp.redis import client
from deliveryapp.transactions import durable
from deliveryapp.transport import TransportDown
from deliveryapp.wakeups import Wakeups
from tests.deliveryapp.conftest import Queue
from tests.deliveryapp.toys import ready, wire

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("subscribe")]


def publish(seq: int = 1) -> None:
    with durable():
        outbox.publish(ready(uuid4()), seq=seq, now=utc_now())


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


# Waking the relay ---------------------------------------------------------------------------


def waited_s(wakeups: Wakeups, timeout_s: float = 20.0) -> float:
    started_s = time.monotonic()
    wakeups.wait(timeout_s, threading.Event())
    return time.monotonic() - started_s


def test_a_commit_wakes_the_relay_and_many_count_as_one() -> None:
    with Wakeups() as wakeups:
        waited_s(wakeups)  # the first look is free: it hears from now on
        publish()
        publish()

        assert waited_s(wakeups) < 10
        assert waited_s(wakeups, timeout_s=0.2) >= 0.2


def test_without_a_broker_the_relay_keeps_its_time_and_listens_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Wakeups() as wakeups:
        with monkeypatch.context() as patch:
            patch.setattr("deliveryapp.wakeups.client", Away)
            assert waited_s(wakeups, timeout_s=0.2) >= 0.2
        assert waited_s(wakeups) < 10


def test_a_wake_up_that_is_lost_costs_nothing_but_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "hasty_client", Away)

    publish()

    assert OutboxEvent.objects.filter(published_at=None).count() == 1


# Nudges -------------------------------------------------------------------------------------


class Away:
    def __getattr__(self, name: str) -> Any:
        raise redis.exceptions.ConnectionError("connection refused")


def test_equal_nudges_wait_only_once_until_the_worker_looks(queue: Queue) -> None:
    for _ in range(3):
        nudges.nudge("drivers.dispatch", region="here")
    nudges.nudge("drivers.dispatch", region="there")
    assert queue("dispatch") == [
        ("drivers.dispatch", {"region": "here"}),
        ("drivers.dispatch", {"region": "there"}),
    ]

    nudges.lift("drivers.dispatch", region="here")
    nudges.nudge("drivers.dispatch", region="here")

    assert queue("dispatch")[2:] == [("drivers.dispatch", {"region": "here"})]


@pytest.mark.parametrize(
    ("task", "name"),
    [("saga.advance", "saga"), ("drivers.dispatch", "dispatch"), ("payments.apply_webhook", "payments")],
)
def test_a_nudge_goes_to_the_queue_of_its_kind_of_work(queue: Queue, task: str, name: str) -> None:
    nudges.nudge(task, number=1)
    nudges.tell(task, numbers=[1, 2])

    assert queue(name) == [(task, {"number": 1}), (task, {"numbers": [1, 2]})]
    current_app.loader.import_default_modules()
    assert task in current_app.tasks


def test_sweeps_do_not_stand_in_line_behind_the_work_they_look_after() -> None:
    """A sweep that waits for long expires; with its queue to itself it waits for one turn of a worker."""
    current_app.loader.import_default_modules()
    queue_of = {name: current_app.amqp.router.route({}, name)["queue"].name for name in current_app.tasks}
    sweeps = {name for name, queue in queue_of.items() if queue == "sweeps"}
    assert sweeps == {"saga.sweep", "payments.sweep", "events.retry"}
    assert sweeps < {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    assert set(queue_of.values()) <= set(QUEUES)


def test_without_a_broker_nudges_are_lost_quietly(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudges, "client", Away)
    nudges.nudge("saga.advance", run_id="1")
    nudges.lift("saga.advance", run_id="1")
    monkeypatch.setattr(current_app, "send_task", refuse(OperationalError("down")))
    nudges.tell("saga.advance_all", run_ids=["1"])

    assert queue("saga") == []


# The transport ------------------------------------------------------------------------------


def refuse(error: Exception) -> Any:
    def call(*args: object, **kwargs: object) -> None:
        raise error

    return call


def test_each_handler_gets_its_events_on_its_own_queue(queue: Queue, subscribe: Any) -> None:
    subscribe("WITH_PUSH")
    events = [wire(uuid4(), 1), wire(uuid4(), 1)]

    assert CeleryTransport().send(events) == {}

    assert queue("toys") == [("events.handle", {"handler": "toy.count", "envelopes": events})]
    assert queue("events") == [("events.handle", {"handler": "toy.push", "envelopes": events})]


def test_many_events_are_several_messages_in_their_order(queue: Queue) -> None:
    events = [wire(uuid4(), 1) for _ in range(BATCH + 1)]

    CeleryTransport().send(events)

    (_, first), (_, second) = queue("toys")
    assert first["envelopes"] + second["envelopes"] == events
    assert len(second["envelopes"]) == 1


@pytest.mark.parametrize(
    "error",
    [OperationalError("down"), redis.exceptions.ConnectionError("down"), ConnectionResetError("down")],
)
def test_a_broker_that_is_down_is_told_as_such(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(current_app, "send_task", refuse(error))
    monkeypatch.setattr("deliveryapp.celery_transport.client", Away)

    with pytest.raises(TransportDown, match="down"):
        CeleryTransport().send([wire(uuid4())])
    with pytest.raises(TransportDown, match="refused"):
        CeleryTransport().identity()


def test_a_broker_is_another_when_it_has_lost_its_memory() -> None:
    first = CeleryTransport().identity()
    assert CeleryTransport().identity() == first

    client().flushdb()

    assert CeleryTransport().identity() not in ("", first)
