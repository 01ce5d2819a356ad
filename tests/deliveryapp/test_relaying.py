"""`manage.py relay` as a process: quick, patient with what is away, alive after kill -9 (F3, F5, R8)."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import OperationalError

from deliveryapp import outbox, redelivery, relay, relaying
from deliveryapp.clock import utc_now
from deliveryapp.models import OutboxEvent, RelayShard
from deliveryapp.transactions import durable
from deliveryapp.transport import TransportDown
from tests.deliveryapp.conftest import Queue
from tests.deliveryapp.toys import ready
from tests.live import LiveStack, live_stack, poll

pytestmark = pytest.mark.django_db(transaction=True)


def happen() -> None:
    with durable():
        outbox.publish(ready(uuid4()), seq=1, now=utc_now())


def unpublished() -> int:
    return OutboxEvent.objects.filter(published_at=None).count()


@pytest.fixture
def stack() -> Iterator[LiveStack]:
    with live_stack(["relay"]) as running:
        yield running


def test_the_process_publishes_what_is_committed_also_after_it_was_killed(
    stack: LiveStack, queue: Queue
) -> None:
    happen()
    poll(lambda: unpublished() == 0, what="the event to be published")

    stack.kill("relay")
    RelayShard.objects.update(leased_until=None)
    happen()
    poll(lambda: unpublished() == 0, what="the second event")

    assert len(queue("tracking")) == 2


def test_the_process_ends_on_sigterm_with_its_round_finished(stack: LiveStack) -> None:
    happen()
    poll(lambda: unpublished() == 0, what="the event to be published")

    stack.signal("relay", signal.SIGTERM)

    poll(lambda: stack.supervisor.restarts("relay") == 1, what="the end of the first")
    assert not RelayShard.objects.exclude(token=None).exists()


def test_a_paused_relay_is_succeeded_and_does_no_harm_when_it_wakes(stack: LiveStack, queue: Queue) -> None:
    """SIGSTOP: another takes over; woken again, the first finds nothing to do."""
    stack.signal("relay", signal.SIGSTOP)
    try:
        happen()
        assert relay.publish_waiting() == 1
    finally:
        stack.signal("relay", signal.SIGCONT)
    happen()
    poll(lambda: unpublished() == 0, what="the second event")

    assert len(queue("tracking")) == 2


# In this process ----------------------------------------------------------------------------


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the rounds come to, in turn: a number of events or an error; then it is told to stop."""
    script: list[object] = []
    monkeypatch.setattr(redelivery, "check", lambda: 0)
    monkeypatch.setattr(relaying, "LONGEST_PAUSE_S", 0.2)
    return script


def run_script(script: list[object], monkeypatch: pytest.MonkeyPatch) -> float:
    """Run the loop until the script is over; the seconds it took."""
    stop = threading.Event()

    def play() -> int:
        outcome = script.pop(0)
        if not script:
            stop.set()
        if isinstance(outcome, Exception):
            raise outcome
        assert isinstance(outcome, int)
        return outcome

    monkeypatch.setattr(relay, "publish_waiting", play)
    started_s = time.monotonic()
    relaying.run(stop)
    return time.monotonic() - started_s


@pytest.mark.parametrize("error", [TransportDown("away"), OperationalError("away")])
def test_what_is_away_is_waited_for(
    rounds: list[object], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    rounds += [error, error, error, 5]

    assert run_script(rounds, monkeypatch) >= 0.1 + 0.2 + 0.2


def test_rounds_keep_a_pace_so_that_load_makes_them_bigger(
    rounds: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds += [1] * 11

    assert run_script(rounds, monkeypatch) >= 10 * relaying.PACE_S
