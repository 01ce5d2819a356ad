"""What only Kafka can be asked for (C36, F7, F13, F14): faults of the broker, of members and of messages."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from django.core.management import CommandError, call_command
from django.db import connection

from deliveryapp import inbox, relay
from deliveryapp.embedded.supervisor import ChildSpec
from deliveryapp.kafka.lag import group_lag
from deliveryapp.kafka.transport import KafkaTransport
from deliveryapp.models import DeadLetter, OutboxEvent
from deliveryapp.transport import TransportDown, Wire
from tests.deliveryapp.toys import wire, written
from tests.kafka.conftest import Line, RunningBroker
from tests.kafka.crowded import await_effects, events
from tests.kafka.handlers import KILLS, ONCE, SLOW, effects, orders_seen, pids, times_each
from tests.live import poll

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def as_json(envelope: Wire) -> bytes:
    return json.dumps(envelope).encode()


@contextlib.contextmanager
def database_away() -> Iterator[None]:
    """Nobody but this test's own connection gets in, and those that are in are thrown out."""
    name, ours = connection.settings_dict["NAME"], connection.connection.info.backend_pid
    with psycopg.connect(os.environ["TEST_CLUSTER_URL"], autocommit=True) as administration:
        administration.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")
        try:
            administration.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid != %s",
                [name, ours],
            )
            yield
        finally:
            administration.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")
            connection.close()
            connection.close_pool()  # its other connections died too, and it waits longer and longer to try


def test_order_per_aggregate_over_many_sends(kafka_line: Line) -> None:
    wires = events(orders=20, each=20)
    with kafka_line.running(["tracking"]):
        for start in range(0, len(wires), 40):
            kafka_line.carrier.send(wires[start : start + 40])
        poll(lambda: effects("toy.push") == times_each(wires), what="all")
    assert set(map(tuple, orders_seen("toy.push").values())) == {tuple(range(1, 21))}


def test_a_broker_killed_while_the_relay_sends_loses_nothing(broker: RunningBroker, kafka_line: Line) -> None:
    subjects = [uuid4() for _ in range(10)]
    rows = OutboxEvent.objects.bulk_create(
        written(subject, seq) for seq in range(1, 61) for subject in subjects
    )
    wires = [{"id": str(row.id)} for row in rows]
    identity, refusals = kafka_line.carrier.identity(), 0
    with kafka_line.running() as stack:
        killer = threading.Timer(0.3, broker.kill)
        killer.start()
        deadline_s = time.monotonic() + 40
        while OutboxEvent.objects.filter(published_at=None).exists():
            assert time.monotonic() < deadline_s
            try:
                relay.publish_waiting(carrier=kafka_line.carrier)
            except TransportDown:
                refusals += 1
        killer.join()
        await_effects(wires)
        poll(kafka_line.drained, what="everything to be acknowledged")
        assert stack.supervisor.restarts("consume-events") == 0
    assert [effects(handler) for handler in ONCE] == [times_each(wires)] * 2
    assert kafka_line.carrier.identity() == identity


def test_members_that_join_and_leave_lose_and_repeat_nothing(kafka_line: Line) -> None:
    """`toy.push` has no inbox row: a repeated message would show."""
    wires: list[Wire] = []

    def send(each: int) -> None:
        batch = events(orders=8, each=each)
        wires.extend(batch)
        kafka_line.carrier.send(batch)

    with kafka_line.running(["tracking"]) as stack:
        send(10)
        poll(lambda: len(pids("toy.push")) == 1, what="the first member at work")
        stack.supervisor.start(ChildSpec(name="second", command=stack.stack.manage("consume", "tracking")))
        until_two_work(send)
        os.kill(stack.supervisor.pid("second") or 0, signal.SIGTERM)
        send(10)
        poll(lambda: len(effects("toy.push")) == len(wires), what="all")
    assert effects("toy.push") == times_each(wires)


def until_two_work(send: Callable[[int], None]) -> None:
    deadline_s = time.monotonic() + 20
    while len(pids("toy.push")) < 2:
        assert time.monotonic() < deadline_s, "the second member gets nothing"
        send(1)
        time.sleep(0.1)


def test_garbage_is_kept_with_its_place_and_holds_up_nobody(kafka_line: Line) -> None:
    good = events(orders=1, each=5)
    topic = f"{kafka_line.env['KAFKA_TOPIC_PREFIX']}orders.status"
    raw = Producer({"bootstrap.servers": kafka_line.env["KAFKA_BOOTSTRAP_SERVERS"]})
    unknown, lies = wire(uuid4()) | {"type": "OrderEaten"}, wire(uuid4())
    garbage: list[tuple[bytes | None, dict[str, str | bytes | None]]] = [
        (b"\xff\x00 no text", {}),
        (b"[1, 2]", {"ce_type": b"\xff"}),
        (b'{"id": "a\\u0000b"}', {}),
        (b'{"data":' * 1015 + b"1" + b"}" * 1015, {}),
        (None, {"ce_type": "OrderReady"}),
        (as_json(unknown), {"ce_type": "OrderEaten"}),
        (as_json(lies), {"ce_type": "OrderPlaced"}),
        (as_json(lies | {"type": "OrderConfirmed"}), {"ce_type": "OrderReady"}),
    ]
    for value, headers in garbage:
        raw.produce(topic, value, key=good[0]["key"], headers=headers)
    assert raw.flush(10) == 0
    with kafka_line.running():
        kafka_line.carrier.send(good)
        await_effects(good)
        poll(kafka_line.drained, what="everything to be acknowledged")
    assert effects("toy.ledger") == times_each(good)
    kept = list(DeadLetter.objects.filter(handler="toy.ledger", state=DeadLetter.State.DEAD))
    assert DeadLetter.objects.count() == 2 * len(kept)
    places = sorted(letter.envelope["kafka"]["offset"] for letter in kept)
    assert places == [0, 1, 2, 3, 4, 5, 7]  # 6 says that it is of a type that nobody here wants
    by_offset = {letter.envelope["kafka"]["offset"]: letter.envelope for letter in kept}
    assert by_offset[0]["kafka"]["topic"] == topic
    assert b64decode(by_offset[0]["kafka"]["raw_base64"]) == garbage[0][0]
    assert b64decode(by_offset[0]["kafka"]["key_base64"]).decode() == good[0]["key"]
    assert by_offset[5]["type"] == "OrderEaten"


def test_an_event_that_kills_its_process_is_given_up(kafka_line: Line) -> None:
    killer, good = wire(uuid4(), region=KILLS), events(orders=2, each=5)
    with kafka_line.running():
        kafka_line.carrier.send([killer, *good])
        await_effects(good, timeout_s=40)
        poll(kafka_line.drained, what="everything to be acknowledged")
    letter = DeadLetter.objects.get(handler="toy.ledger", event_id=killer["id"])
    assert letter.state == DeadLetter.State.DEAD
    assert effects("toy.ledger") == times_each(good)


def test_a_database_that_is_away_is_waited_for(kafka_line: Line) -> None:
    wires = events(orders=4, each=25, region=SLOW)
    with kafka_line.running() as stack:
        kafka_line.carrier.send(wires)
        poll(lambda: len(effects("toy.ledger")) > 0, what="the first effects")
        with database_away():
            poll(lambda: "kafka_database_away" in stack.log("consume-events"), what="it to be noticed")
            tries = stack.log("consume-events").count("kafka_database_away")
            poll(
                lambda: stack.log("consume-events").count("kafka_database_away") > tries + 1,
                what="more tries",
            )
        poll(lambda: inbox.retry_due() == 0 and len(effects("toy.ledger")) == len(wires), what="all effects")
        await_effects(wires)
        poll(kafka_line.drained, what="everything to be acknowledged")
        assert stack.supervisor.restarts("consume-events") == 0
    assert [effects(handler) for handler in ONCE] == [times_each(wires)] * 2


def test_without_a_broker_the_transport_is_down(kafka_line: Line, settings: Any) -> None:
    settings.KAFKA_BOOTSTRAP_SERVERS, settings.KAFKA_SEND_TIMEOUT_S = "127.0.0.1:1", 0.5
    carrier = KafkaTransport()
    began_s = time.monotonic()
    for _ in range(2):
        with pytest.raises(TransportDown, match="without a delivery report"):
            carrier.send(events(orders=1, each=2))
    assert time.monotonic() - began_s < 3
    settings.KAFKA_BOOTSTRAP_SERVERS, settings.KAFKA_SEND_TIMEOUT_S = (
        kafka_line.env["KAFKA_BOOTSTRAP_SERVERS"],
        10,
    )
    assert carrier.send(events(orders=1, each=2)) == {}


def test_a_topic_that_is_not_there_is_no_success(kafka_line: Line, settings: Any) -> None:
    settings.KAFKA_TOPIC_PREFIX = "nowhere."
    with pytest.raises(TransportDown):
        kafka_line.carrier.send(events(orders=1, each=1))


def test_what_is_too_large_is_refused_alone(kafka_line: Line) -> None:
    good = events(orders=2, each=3)
    large = wire(UUID(good[0]["subject"]), 9, region="x" * 2_000_000)
    refused = kafka_line.carrier.send([*good[:3], large, *good[3:]])
    assert refused.keys() == {large["id"]}
    assert "size too large" in refused[large["id"]]
    assert sum(group_lag("events").values()) == len(good)
    assert kafka_line.carrier.send([large]).keys() == {large["id"]}


# Commands -----------------------------------------------------------------------------------


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def test_topics_are_created_once_and_wrong_ones_are_named(kafka_line: Line, settings: Any) -> None:
    settings.KAFKA_TOPIC_PREFIX, settings.KAFKA_PARTITIONS = "fresh.", 32
    first, again = run("kafka_topics").splitlines(), run("kafka_topics").splitlines()
    assert [line.split() for line in first if "status" in line] == [
        ["fresh.orders.status", "32", "partitions", "created"]
    ]
    assert len(first) == len(again) >= 4
    assert all(line.endswith("exists") for line in again)
    settings.KAFKA_PARTITIONS = 16
    with pytest.raises(CommandError, match=r"fresh\.orders\.status.*must have 16 partitions"):
        run("kafka_topics")


def test_lag_is_what_waits_and_its_command_tells_by_its_exit_code(kafka_line: Line) -> None:
    wires = events(orders=4, each=5)
    kafka_line.carrier.send(wires)
    assert sum(group_lag("events").values()) == 20
    place = f"{kafka_line.env['KAFKA_TOPIC_PREFIX']}orders.status"
    assert kafka_line.carrier.lags() == {("events", place): 20, ("tracking", place): 20}
    assert run("kafka_lag", "events").splitlines()[-1] == "events: 20 behind in 4 partitions"
    with pytest.raises(CommandError) as refusal:
        run("kafka_lag", "events", "--most", "19")
    assert refusal.value.returncode == 3
    with kafka_line.running():
        await_effects(wires)
        poll(kafka_line.drained, what="everything to be acknowledged")
    assert run("kafka_lag", "events").splitlines() == ["events: 0 behind in 4 partitions"]
    assert kafka_line.carrier.lags() == {("events", place): 0, ("tracking", place): 20}


def test_a_topic_that_was_made_anew_is_another_broker_to_us(kafka_line: Line) -> None:
    before = kafka_line.carrier.identity()
    assert kafka_line.carrier.identity() == before
    admin = AdminClient({"bootstrap.servers": kafka_line.env["KAFKA_BOOTSTRAP_SERVERS"]})
    topic = f"{kafka_line.env['KAFKA_TOPIC_PREFIX']}orders.status"
    admin.delete_topics([topic])[topic].result()
    poll(lambda: topic not in admin.list_topics(timeout=5).topics, what="the topic to be gone")
    with pytest.raises(TransportDown):
        kafka_line.carrier.identity()
    run("kafka_topics")
    assert kafka_line.carrier.identity() != before
