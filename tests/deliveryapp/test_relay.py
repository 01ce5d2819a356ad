"""The relay: nothing lost, order per aggregate, a fenced publisher, poison parked (A2, F3, F7, I10)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.db.models.functions import Now

from deliveryapp import relay
from deliveryapp.models import OutboxEvent, RelayShard
from deliveryapp.outbox import SHARDS, shard_of
from deliveryapp.transport import TransportDown, Wire
from tests.crowd import at_once
from tests.deliveryapp.toys import Killed, Recorder, disorder, written

ORDERS, EVENTS = 5_000, 3

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("subscribe")]


def write_down(*rows: OutboxEvent) -> list[OutboxEvent]:
    return OutboxEvent.objects.bulk_create(rows)


def waiting() -> int:
    return OutboxEvent.objects.filter(published_at=None, parked_at=None).count()


def publish_all(carrier: Any) -> None:
    """One publisher: takes round after round until nothing waits anywhere."""
    while waiting():
        relay.publish_waiting(carrier=carrier)


def one_shard(events: int, *, but: int | None = None) -> tuple[UUID, int]:
    """So many events of one order; its id and shard, which is not `but`."""
    subject = next(subject for subject in iter(uuid4, None) if shard_of(subject) != but)
    write_down(*(written(subject, seq) for seq in range(1, events + 1)))
    return subject, shard_of(subject)


@pytest.mark.race
@pytest.mark.parametrize("publishers", [2, 4])
def test_many_publishers_keep_the_order_of_each_aggregate(publishers: int) -> None:
    """Of 5,000 orders, each event goes out once and in its turn (I10, F3)."""
    subjects, carrier = [uuid4() for _ in range(ORDERS)], Recorder()
    write_down(*(written(subject, seq) for seq in range(1, EVENTS + 1) for subject in subjects))

    at_once(*[lambda: publish_all(carrier)] * publishers)

    assert disorder(carrier.sent) == []
    assert len(carrier.sent) == ORDERS * EVENTS
    assert waiting() == 0
    assert not RelayShard.objects.exclude(token=None).exists()


@pytest.mark.race
def test_control_without_the_lease_two_publishers_disturb_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    _, shard = one_shard(events=3)
    carrier, both_have_read = Recorder(), threading.Barrier(2)
    waiting_rows = relay._waiting

    def read_together(shards: Sequence[int]) -> list[OutboxEvent]:
        rows = waiting_rows(shards)
        both_have_read.wait(20)
        return rows

    monkeypatch.setattr(relay, "_claim", lambda token: [shard])
    monkeypatch.setattr(relay, "_waiting", read_together)
    at_once(*[lambda: relay.publish_waiting(carrier=carrier)] * 2)

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
            carrier.send([relay.envelope_of(row).as_json() for row in batch])
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
    subject, _ = one_shard(events=2)

    class DiesAfterSending(Recorder):
        def send(self, envelopes: Sequence[Wire]) -> Mapping[str, str]:
            super().send(envelopes)
            raise Killed

    dying, carrier = DiesAfterSending(), Recorder()
    with pytest.raises(Killed):
        relay.publish_waiting(carrier=dying)
    assert waiting() == 2
    assert relay.publish_waiting(carrier=carrier) == 0  # the dead one's lease

    end_leases()
    assert relay.publish_waiting(carrier=carrier) == 2
    assert dying.sent == carrier.sent == [(subject, 1), (subject, 2)]
    assert waiting() == 0


def end_leases() -> None:
    RelayShard.objects.update(leased_until=Now() - timedelta(seconds=1))


def test_a_publisher_that_overslept_marks_nothing_and_leaves_the_successor_its_lease() -> None:
    _, shard = one_shard(events=2)
    successor = uuid4()

    class Sleeps(Recorder):
        def send(self, envelopes: Sequence[Wire]) -> Mapping[str, str]:
            end_leases()
            assert relay._claim(successor) == [shard]
            return {}

    assert relay.publish_waiting(carrier=Sleeps()) == 0

    assert waiting() == 2
    assert RelayShard.objects.get(shard=shard).token == successor


def test_what_nobody_can_read_is_parked_with_its_reason_and_the_others_flow() -> None:
    subject = uuid4()
    rows = [written(subject, seq) for seq in range(1, 7)]
    rows[1].type = "OrderTeleported"
    rows[2].dataversion = 99
    rows[3].data = {**rows[3].data, "restaurant_id": 5}
    del rows[4].data["region"]
    write_down(*rows)
    carrier = Recorder()

    relay.publish_waiting(carrier=carrier)

    assert carrier.sent == [(subject, 1), (subject, 6)]
    parked = OutboxEvent.objects.exclude(parked_at=None).order_by("seq")
    assert list(parked.values_list("seq", "published_at")) == [(2, None), (3, None), (4, None), (5, None)]
    errors = [row.error for row in parked]
    assert errors[:2] == ["OrderTeleported version 1", "OrderReady version 99"]
    assert all(error.startswith("OrderReady version 1: ") for error in errors[2:])
    assert waiting() == 0


def test_what_the_carrier_refuses_for_good_is_parked_and_the_others_flow() -> None:
    subject, _ = one_shard(events=3)
    second = OutboxEvent.objects.get(seq=2)

    class Picky(Recorder):
        def send(self, envelopes: Sequence[Wire]) -> Mapping[str, str]:
            super().send([wire for wire in envelopes if wire["seq"] != 2])
            return {str(second.id): "too large"}

    carrier = Picky()
    assert relay.publish_waiting(carrier=carrier) == 2

    assert carrier.sent == [(subject, 1), (subject, 3)]
    second.refresh_from_db()
    assert (second.error, second.published_at) == ("too large", None)
    assert second.parked_at is not None
    assert relay.publish_waiting(carrier=carrier) == 0


class Down(Recorder):
    def send(self, envelopes: Sequence[Wire]) -> Mapping[str, str]:
        raise TransportDown("connection refused")


def test_a_broker_that_is_down_loses_nothing_and_frees_the_shards() -> None:
    subject, _ = one_shard(events=3)

    with pytest.raises(TransportDown):
        relay.publish_waiting(carrier=Down())

    carrier = Recorder()
    assert relay.publish_waiting(carrier=carrier) == 3
    assert carrier.sent == [(subject, 1), (subject, 2), (subject, 3)]


def test_a_shard_gives_so_many_to_a_round_and_the_others_do_not_wait_for_it() -> None:
    _, full = one_shard(events=relay.PER_SHARD + 1)
    other, _ = one_shard(events=1, but=full)
    carrier = Recorder()

    relay.publish_waiting(carrier=carrier)
    assert (other, 1) in carrier.sent
    relay.publish_waiting(carrier=carrier)

    assert len(carrier.sent) == relay.PER_SHARD + 2
    assert disorder(carrier.sent) == []
    assert relay.publish_waiting(carrier=carrier) == 0


def test_a_round_costs_as_many_statements_for_many_events_as_for_one(django_assert_num_queries: Any) -> None:
    one_shard(events=1)
    relay.publish_waiting(carrier=Recorder())
    write_down(*(written(uuid4(), 1) for _ in range(200)))

    with django_assert_num_queries(3):  # claim, read, mark
        assert relay.publish_waiting(carrier=Recorder()) == 200


def test_every_shard_is_in_range() -> None:
    assert {shard_of(uuid4()) for _ in range(2_000)} == set(range(SHARDS))
