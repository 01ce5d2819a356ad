"""The relay: nothing lost, order per aggregate, a fenced publisher, poison parked (A2, F3, F7, I10)."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.db.models.functions import Now

from deliveryapp import relay, tasks
from deliveryapp.ids import new_id
from deliveryapp.models import OutboxEvent, RelayShard
from deliveryapp.outbox import SHARDS, shard_of
from deliveryapp.transport import TransportDown
from tests.crowd import at_once
from tests.deliveryapp.toys import Killed, Recorder, disorder, written

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("subscribe")]


def write_down(*rows: OutboxEvent) -> list[OutboxEvent]:
    return OutboxEvent.objects.bulk_create(rows)


def waiting() -> int:
    return OutboxEvent.objects.filter(published_at=None, parked_at=None).count()


def publish_all(carrier: Any, rng: random.Random) -> None:
    """One publisher: walks the shards in a hurry of its own until nothing waits."""
    while shards := relay.waiting_shards():
        rng.shuffle(shards)
        for shard in shards:
            relay.publish_shard(shard, carrier=carrier)


def one_shard(events: int) -> tuple[UUID, int]:
    """So many events of one order; its id and shard."""
    subject = uuid4()
    write_down(*(written(subject, seq) for seq in range(1, events + 1)))
    return subject, shard_of(subject)


@pytest.mark.race
@pytest.mark.parametrize("publishers", [2, 4])
def test_many_publishers_keep_the_order_of_each_aggregate(publishers: int) -> None:
    subjects, carrier = [uuid4() for _ in range(50)], Recorder()
    write_down(*(written(subject, seq) for seq in range(1, 41) for subject in subjects))

    at_once(*(lambda seed=seed: publish_all(carrier, random.Random(seed)) for seed in range(publishers)))

    assert disorder(carrier.sent) == []
    assert len(carrier.sent) == 2_000
    assert waiting() == 0
    assert not RelayShard.objects.exclude(token=None).exists()


@pytest.mark.race
def test_control_without_the_lease_two_publishers_disturb_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    _, shard = one_shard(events=3)
    carrier, both_have_read = Recorder(), threading.Barrier(2)
    waiting_rows = relay._waiting

    def read_together(shard: int) -> list[OutboxEvent]:
        rows = waiting_rows(shard)
        if rows:
            both_have_read.wait(20)
        return rows

    monkeypatch.setattr(relay, "_claim", lambda shard: new_id())
    monkeypatch.setattr(relay, "_waiting", read_together)
    works = [lambda: relay.publish_shard(shard, carrier=carrier)] * 2
    at_once(*works)

    assert len(carrier.sent) == 6
    assert disorder(carrier.sent) != []


@pytest.mark.race
def test_control_the_textbooks_skip_locked_relay_breaks_the_order() -> None:
    """Two relays that share the queue row by row: the one with the later rows may be quicker."""
    one_shard(events=4)
    carrier, second_has_sent = Recorder(), threading.Event()

    def textbook(rows: int, before: Callable[[], object], after: Callable[[], object]) -> None:
        with transaction.atomic():
            mine = OutboxEvent.objects.filter(published_at=None).select_for_update(skip_locked=True)
            batch = list(mine.order_by("position")[:rows])
            before()
            carrier.send({"toy.count": [relay.envelope_of(row).as_json() for row in batch]})
            after()
            OutboxEvent.objects.filter(pk__in=[row.pk for row in batch]).update(published_at=Now())

    first_has_claimed = threading.Event()

    def first() -> None:
        textbook(2, lambda: (first_has_claimed.set(), second_has_sent.wait(20)), lambda: None)

    def second() -> None:
        first_has_claimed.wait(20)
        textbook(2, lambda: None, second_has_sent.set)

    at_once(first, second)

    assert [seq for _, seq in carrier.sent] == [3, 4, 1, 2]
    assert len(disorder(carrier.sent)) == 2


def test_a_crash_between_send_and_mark_sends_again() -> None:
    subject, shard = one_shard(events=2)

    class DiesAfterSending(Recorder):
        def send(self, deliveries: Any) -> None:
            super().send(deliveries)
            raise Killed

    dying, carrier = DiesAfterSending(), Recorder()
    with pytest.raises(Killed):
        relay.publish_shard(shard, carrier=dying)
    assert waiting() == 2

    assert relay.publish_shard(shard, carrier=carrier) == 2
    assert dying.sent == carrier.sent == [(subject, 1), (subject, 2)]
    assert waiting() == 0


def test_the_lease_of_a_killed_publisher_ends_by_itself() -> None:
    _, shard = one_shard(events=1)
    RelayShard.objects.create(shard=shard, token=new_id(), leased_until=Now() + relay.LEASE)

    assert relay.publish_shard(shard, carrier=Recorder()) == 0
    RelayShard.objects.update(leased_until=Now() - timedelta(seconds=1))
    assert relay.publish_shard(shard, carrier=Recorder()) == 1


def test_a_publisher_that_overslept_marks_nothing_and_leaves_the_successor_its_lease() -> None:
    _, shard = one_shard(events=2)
    successor: list[UUID | None] = []

    class Sleeps(Recorder):
        def send(self, deliveries: Any) -> None:
            RelayShard.objects.update(leased_until=Now() - timedelta(seconds=1))
            successor.append(relay._claim(shard))

    assert relay.publish_shard(shard, carrier=Sleeps()) == 0

    assert waiting() == 2
    [token] = successor
    assert token is not None
    assert RelayShard.objects.get(shard=shard).token == token


def test_what_nobody_can_read_is_parked_with_its_reason_and_the_others_flow() -> None:
    subject = uuid4()
    rows = [written(subject, seq) for seq in range(1, 7)]
    rows[1].type = "OrderTeleported"
    rows[2].dataversion = 99
    rows[3].data = {**rows[3].data, "restaurant_id": 5}
    del rows[4].data["region"]
    write_down(*rows)
    carrier = Recorder()

    relay.publish_shard(shard_of(subject), carrier=carrier)

    assert carrier.sent == [(subject, 1), (subject, 6)]
    parked = OutboxEvent.objects.exclude(parked_at=None).order_by("seq")
    assert list(parked.values_list("seq", "published_at")) == [(2, None), (3, None), (4, None), (5, None)]
    errors = [row.error for row in parked]
    assert errors[:2] == ["OrderTeleported version 1", "OrderReady version 99"]
    assert all(error.startswith("OrderReady version 1: ") for error in errors[2:])
    assert relay.waiting_shards() == []


class Down(Recorder):
    def send(self, deliveries: Any) -> None:
        raise TransportDown("connection refused")


def test_a_broker_that_is_down_loses_nothing() -> None:
    subject, shard = one_shard(events=3)

    assert relay.publish_shard(shard, carrier=Down()) == 0
    assert set(OutboxEvent.objects.values_list("published_at", "attempts", "error")) == {
        (None, 1, "connection refused")
    }
    carrier = Recorder()
    assert relay.publish_shard(shard, carrier=carrier) == 3
    assert carrier.sent == [(subject, 1), (subject, 2), (subject, 3)]


def test_a_long_outage_stops_counting_and_rewriting_rows() -> None:
    _, shard = one_shard(events=1)
    OutboxEvent.objects.update(attempts=relay.COUNTED_ATTEMPTS)

    assert relay.publish_shard(shard, carrier=Down()) == 0

    assert OutboxEvent.objects.get().attempts == relay.COUNTED_ATTEMPTS


def test_more_than_a_batch_goes_out_in_one_call() -> None:
    _, shard = one_shard(events=relay.BATCH + 1)
    carrier = Recorder()

    assert relay.publish_shard(shard, carrier=carrier) == relay.BATCH + 1
    assert disorder(carrier.sent) == []


def test_the_sweep_finds_what_no_nudge_announced(recorder: Recorder) -> None:
    subjects = [uuid4() for _ in range(5)]
    write_down(*(written(subject, 1) for subject in subjects))

    tasks.sweep_outbox()

    assert sorted(recorder.sent) == sorted((subject, 1) for subject in subjects)
    assert waiting() == 0


def test_the_nudged_task_publishes_its_shard_only(recorder: Recorder) -> None:
    one, shard = one_shard(events=1)
    other = next(subject for subject in iter(uuid4, None) if shard_of(subject) != shard)
    write_down(written(other, 1))

    tasks.publish(shard=shard)

    assert recorder.sent == [(one, 1)]
    assert relay.waiting_shards() == [shard_of(other)]


def test_every_shard_is_in_range() -> None:
    assert {shard_of(uuid4()) for _ in range(2_000)} == set(range(SHARDS))
