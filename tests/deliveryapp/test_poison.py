"""A poison event in a backlog holds up nobody: the others are digested before its second try (F14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from deliveryapp import inbox, tasks
from deliveryapp.celery_transport import CeleryTransport
from deliveryapp.events import Envelope
from deliveryapp.models import DeadLetter, InboxEntry
from deliveryapp.subscriptions import Subscription
from orders.events import OrderReady
from tests.deliveryapp import toys
from tests.deliveryapp.conftest import Queue
from tests.deliveryapp.toys import BROKEN, Killed, wire

pytestmark = pytest.mark.django_db(transaction=True)
HERE = __name__
order: list[tuple[int, str]] = []  # (seq, "began" or "done"), as the handler saw them


def cook(envelope: Envelope) -> None:
    order.append((envelope.seq, "began"))
    if isinstance(envelope.event, OrderReady) and envelope.event.region == BROKEN:
        raise toys.broken_with[0]
    order.append((envelope.seq, "done"))


def cook_all(envelopes: Sequence[Envelope]) -> None:
    for envelope in envelopes:
        cook(envelope)


SUBSCRIPTIONS = (Subscription(name="poison.one", handler=f"{HERE}.cook", events=(OrderReady,), queue="toys"),)
BATCHED = (
    Subscription(
        name="poison.one", handler=f"{HERE}.cook_all", events=(OrderReady,), queue="toys", batched=True
    ),
)
EVENTS, POISON = 400, 7  # two messages of the transport, eight commits


@pytest.fixture(params=["SUBSCRIPTIONS", "BATCHED"])
def table(request: pytest.FixtureRequest, settings: Any, subscribe: Any) -> None:
    subscribe("SUBSCRIPTIONS")
    settings.EVENT_SUBSCRIPTIONS = f"{HERE}.{request.param}"
    from tests.deliveryapp.conftest import _forget_subscriptions

    _forget_subscriptions()
    order.clear()


def backlog() -> list[dict[str, Any]]:
    """Many events of many orders; one of them, near the front, is poison."""
    return [
        wire(uuid4(), seq, region=BROKEN if seq == POISON else "helsinki") for seq in range(1, EVENTS + 1)
    ]


def work_off(queue: Queue) -> None:
    """What a worker does with the messages that wait, in their order."""
    for name, arguments in queue("toys"):
        assert name == "events.handle"
        tasks.handle.apply(kwargs=arguments).get()


@pytest.mark.usefixtures("table")
def test_the_others_are_all_digested_before_its_second_try(queue: Queue) -> None:
    toys.broken_with.append(RuntimeError("poison"))
    CeleryTransport().send(backlog())

    work_off(queue)

    assert InboxEntry.objects.count() == EVENTS - 1
    letter = DeadLetter.objects.get()
    assert (letter.state, letter.attempts) == ("retrying", 1)
    assert inbox.retry_due() == 0  # its pause is not over
    DeadLetter.objects.update(next_try_at="2020-01-01T00:00:00Z")
    last_done = max(n for n, (_, what) in enumerate(order) if what == "done")
    inbox.retry_due()
    second_try = max(n for n, (seq, what) in enumerate(order) if seq == POISON)
    assert second_try > last_done
    assert order[second_try] == (POISON, "began")
    assert DeadLetter.objects.get().attempts == 2


@pytest.mark.usefixtures("table")
def test_only_its_own_batch_is_done_again(queue: Queue) -> None:
    """What the poison costs the others: one commit's events a second time, not the whole message."""
    toys.broken_with.append(RuntimeError("poison"))
    CeleryTransport().send(backlog())

    work_off(queue)

    twice = {seq for seq, what in order if order.count((seq, what)) > 1}
    assert twice <= set(range(1, inbox.BATCH + 1))
    assert max(order.count((seq, "began")) for seq, _ in order) == 2


@pytest.mark.usefixtures("table")
def test_of_what_kills_the_others_wait_for_one_death(queue: Queue) -> None:
    toys.broken_with.append(Killed())
    batch = backlog()[:50]
    for suspect in (False, True):
        with pytest.raises(Killed):
            inbox.handle(handler="poison.one", envelopes=batch, suspect=suspect)

    with pytest.raises(Killed):
        inbox.handle(handler="poison.one", envelopes=batch, suspect=True)

    assert InboxEntry.objects.count() == 49
