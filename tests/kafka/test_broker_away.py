"""A broker that acknowledges nothing: what is sent is given up cleanly, and a stop does not wait for it."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from deliveryapp import relay
from deliveryapp.embedded.stack import consumer_name
from deliveryapp.kafka.transport import KafkaTransport
from deliveryapp.models import DeadLetter, OutboxEvent, RelayShard
from deliveryapp.transport import TransportDown, stopping
from tests.brokers import RunningBroker
from tests.deliveryapp.toys import written
from tests.kafka.conftest import Line
from tests.kafka.crowded import await_effects
from tests.kafka.handlers import ONCE, effects, orders_seen, times_each
from tests.live import LiveStack, live_stack, poll

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
STOPS_WITHIN_S = 10.0  # the client alone waits for a minute
Away = Callable[[RunningBroker], contextlib.AbstractContextManager[None]]


def happen(subjects: Sequence[UUID], *, seqs: range) -> list[dict[str, str]]:
    rows = OutboxEvent.objects.bulk_create(written(subject, seq) for seq in seqs for subject in subjects)
    return [{"id": str(row.id)} for row in rows]


def first_times(seen: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(seen))


def test_what_is_not_acknowledged_in_time_is_given_up_and_the_next_publisher_sends_it(
    broker: RunningBroker, kafka_line: Line
) -> None:
    """`toy.push` shows each copy: what was on its way may come twice, but never overtakes."""
    subjects = [uuid4() for _ in range(5)]
    wires = happen(subjects, seqs=range(1, 11))
    given_up = KafkaTransport()
    with broker.silent():
        began_s = time.monotonic()
        with pytest.raises(TransportDown, match="without a delivery report after 3 s"):
            relay.publish_waiting(carrier=given_up)
        assert time.monotonic() - began_s < 6
    assert OutboxEvent.objects.filter(published_at=None).count() == len(wires)
    assert not RelayShard.objects.exclude(token=None).exists()

    wires += happen(subjects, seqs=range(11, 13))
    while relay.publish_waiting(carrier=kafka_line.carrier):
        continue
    with kafka_line.running(("events", "tracking")):
        await_effects(wires)
        poll(kafka_line.drained, what="everything to be acknowledged")
        poll(lambda: effects("toy.push").keys() == times_each(wires).keys(), what="all to be pushed")
    assert [effects(handler) for handler in ONCE] == [times_each(wires)] * 2
    assert {tuple(first_times(seen)) for seen in orders_seen("toy.push").values()} == {tuple(range(1, 13))}


def test_who_is_to_end_waits_a_moment_for_reports_and_for_answers(
    broker: RunningBroker, kafka_line: Line, settings: Any
) -> None:
    settings.KAFKA_SEND_TIMEOUT_S = 60.0
    happen([uuid4()], seqs=range(1, 4))
    stopping.set()
    try:
        began_s = time.monotonic()
        with broker.silent():
            with pytest.raises(TransportDown, match="without a delivery report"):
                relay.publish_waiting(carrier=kafka_line.carrier)
            for ask in (kafka_line.carrier.identity, kafka_line.carrier.lags):
                with pytest.raises(TransportDown, match="does not answer"):
                    ask()
        assert time.monotonic() - began_s < STOPS_WITHIN_S
    finally:
        stopping.clear()
    assert relay.publish_waiting(carrier=kafka_line.carrier) == 3


@pytest.mark.parametrize("away", [RunningBroker.gone, RunningBroker.silent])
def test_a_stop_does_not_wait_for_a_broker_that_is_away(
    broker: RunningBroker, kafka_line: Line, away: Away
) -> None:
    names, subjects = ("relay", consumer_name("events")), [uuid4() for _ in range(5)]
    env = {**kafka_line.env, "KAFKA_SEND_TIMEOUT_S": "30"}
    with live_stack(names, env, groups=("events",)) as stack:
        wires = happen(subjects, seqs=range(1, 6))
        await_effects(wires)
        with away(broker):
            wires += happen(subjects, seqs=range(6, 11))
            poll(lambda: "relay_failed" in stack.log("relay"), what="it to be noticed")
            took_s = stop(stack, names)
        await_effects(wires, timeout_s=120)  # a broker needs its time to start
        poll(kafka_line.drained, what="everything to be acknowledged")
    assert max(took_s) < STOPS_WITHIN_S
    assert [effects(handler) for handler in ONCE] == [times_each(wires)] * 2
    assert not DeadLetter.objects.exclude(state=DeadLetter.State.DONE).exists()


def stop(stack: LiveStack, names: Sequence[str]) -> list[float]:
    """SIGTERM to all at once; how long each took to end. They are started again."""
    pids, began_s = {name: stack.pid(name) for name in names}, time.monotonic()
    for name in names:
        stack.signal(name, signal.SIGTERM)
    took_s = []
    for name, pid in pids.items():
        poll(lambda: stack.supervisor.pid(name) != pid, what=f"the end of {name}")  # noqa: B023
        took_s.append(time.monotonic() - began_s)
    return took_s
