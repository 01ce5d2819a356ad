"""What was published and never digested goes out again: a broker that forgot, a message that vanished (F5,
F7, R8, I10, I11)."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F
from django.db.models.functions import Now

from deliveryapp import inbox, redelivery, relay
from deliveryapp.models import Broker, DeadLetter, OutboxEvent, User
from deliveryapp.subscriptions import per_handler
from deliveryapp.transport import Lags, TransportDown, Wire
from tests.deliveryapp import toys
from tests.deliveryapp.toys import Recorder, effects, written

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("subscribe")]


class Fragile:
    """A broker in memory: `deliver` gives the handlers what it still has."""

    def __init__(self) -> None:
        self.memory: list[Wire] = []
        self.born = uuid4()

    def send(self, envelopes: Sequence[Wire]) -> Mapping[str, str]:
        self.memory += envelopes
        return {}

    def identity(self) -> str:
        return str(self.born)

    def lags(self) -> Lags:
        return {}

    def lose_everything(self) -> None:
        self.memory, self.born = [], uuid4()

    def deliver(self, count: int) -> None:
        batch, self.memory = self.memory[:count], self.memory[count:]
        for handler, envelopes in per_handler(batch).items():
            inbox.handle(handler=handler, envelopes=envelopes)


def happen(user: User, events: int) -> None:
    """So many events of one order."""
    OutboxEvent.objects.bulk_create(written(user.pk, seq) for seq in range(1, events + 1))


def publish_all(carrier: Any) -> None:
    while relay.publish_waiting(carrier=carrier):
        pass


@pytest.mark.parametrize("digested", [0, 4, 10])
def test_what_a_broker_lost_with_its_memory_is_published_again_and_effects_happen_once(
    ada: User, digested: int, caplog: pytest.LogCaptureFixture
) -> None:
    carrier = Fragile()
    redelivery.check(carrier=carrier)
    happen(ada, 10)
    publish_all(carrier)
    carrier.deliver(digested)
    assert redelivery.check(carrier=carrier) == 0

    carrier.lose_everything()
    with caplog.at_level(logging.ERROR):
        assert redelivery.check(carrier=carrier) == 10 - digested
    assert "broker_lost_its_memory" in caplog.text
    assert redelivery.check(carrier=carrier) == 0
    publish_all(carrier)
    carrier.deliver(10)

    assert effects(ada) == 10
    assert OutboxEvent.objects.filter(sends=2).count() == 10 - digested


def test_the_first_broker_ever_has_lost_nothing(ada: User) -> None:
    happen(ada, 1)
    carrier = Fragile()
    relay.publish_waiting(carrier=carrier)

    assert redelivery.check(carrier=carrier) == 0

    assert Broker.objects.get().identity == carrier.identity()


def test_a_single_message_that_vanished_is_missed_after_a_while(ada: User) -> None:
    carrier = Fragile()
    redelivery.check(carrier=carrier)
    happen(ada, 3)
    publish_all(carrier)
    del carrier.memory[1]
    carrier.deliver(2)

    assert later(timedelta(minutes=4), carrier) == 0
    assert later(timedelta(minutes=3), carrier) == 1
    assert later(timedelta(0), carrier) == 0
    publish_all(carrier)
    carrier.deliver(1)

    assert effects(ada) == 3
    assert later(timedelta(minutes=10), carrier) == 0


def later(time: timedelta, carrier: Fragile) -> int:
    """Let so much time pass, by moving what happened into the past, and check."""
    OutboxEvent.objects.exclude(published_at=None).update(published_at=F("published_at") - time)
    Broker.objects.update(checked_until=F("checked_until") - time)
    return redelivery.check(carrier=carrier)


def test_what_vanishes_again_is_missed_again_each_time_later(ada: User) -> None:
    """Handlers that are behind are not buried under repeats of what they will come to."""
    carrier = Fragile()
    redelivery.check(carrier=carrier)
    happen(ada, 1)
    for times_sent, patience_min in ((1, 5), (2, 10), (3, 20)):
        publish_all(carrier)
        carrier.memory.clear()
        assert OutboxEvent.objects.get().sends == times_sent
        assert later(timedelta(minutes=patience_min - 2), carrier) == 0
        assert later(timedelta(minutes=4), carrier) == 1


def test_a_dead_letter_is_not_sent_again(ada: User) -> None:
    carrier = Fragile()
    redelivery.check(carrier=carrier)
    happen(ada, 1)
    publish_all(carrier)
    toys.broken_with.append(RuntimeError("no"))
    carrier.memory = [wire | {"data": wire["data"] | {"region": toys.BROKEN}} for wire in carrier.memory]
    carrier.deliver(1)
    assert DeadLetter.objects.count() == 1

    assert later(timedelta(minutes=7), carrier) == 0


def test_push_handlers_leave_no_trace_and_are_not_waited_for(ada: User, subscribe: Any) -> None:
    subscribe("PUSH_ONLY")
    carrier = Fragile()
    redelivery.check(carrier=carrier)
    happen(ada, 1)
    publish_all(carrier)

    assert later(timedelta(minutes=7), carrier) == 0


def test_a_broker_that_is_down_is_not_taken_for_another(ada: User) -> None:
    class Down(Recorder):
        def identity(self) -> str:
            raise TransportDown("connection refused")

    redelivery.check(carrier=Recorder())
    with pytest.raises(TransportDown):
        redelivery.check(carrier=Down())

    assert Broker.objects.get().identity == "recorder"


def test_what_was_published_while_a_check_ran_is_looked_after_by_the_next(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time comes between two statements of the check."""
    carrier = Fragile()
    redelivery.check(carrier=carrier)
    original = redelivery.again

    def slowly(events: Any) -> int:
        monkeypatch.setattr(redelivery, "again", original)
        sent = original(events)
        OutboxEvent.objects.bulk_create([written(ada.pk, 1)])
        OutboxEvent.objects.update(published_at=Now() - redelivery.DIGESTED_WITHIN, sends=1)
        return sent

    monkeypatch.setattr(redelivery, "again", slowly)
    assert later(timedelta(minutes=7), carrier) == 0
    assert redelivery.again is original

    assert later(redelivery.CHECK_EVERY + timedelta(seconds=1), carrier) == 1


def test_a_check_of_a_calm_minute_costs_two_statements(ada: User, django_assert_num_queries: Any) -> None:
    redelivery.check(carrier=Recorder())

    with django_assert_num_queries(2):
        assert redelivery.check(carrier=Recorder()) == 0


def test_what_was_published_long_ago_is_not_sent_again(ada: User) -> None:
    carrier = Fragile()
    redelivery.check(carrier=carrier)
    happen(ada, 1)
    publish_all(carrier)
    OutboxEvent.objects.update(published_at=Now() - redelivery.LOOK_BACK - timedelta(minutes=1))
    carrier.lose_everything()

    assert redelivery.check(carrier=carrier) == 0
