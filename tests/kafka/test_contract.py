"""What every transport owes, on both of them (C36, F4, F13, F14, I11), with the real processes behind it."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from uuid import UUID

import pytest

from deliveryapp import letters
from deliveryapp.gauges import read_gauges
from deliveryapp.models import DeadLetter
from deliveryapp.transport import Wire
from tests.deliveryapp.toys import wire
from tests.kafka.conftest import Line
from tests.kafka.crowded import await_effects, events
from tests.kafka.handlers import (
    BROKEN,
    KILLS_ONCE,
    LOOPS,
    ONCE,
    SLOW,
    SWELLS,
    death_note,
    effects,
    orders_seen,
    times_each,
)
from tests.live import poll

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_duplicates_reach_every_subscriber_in_order_with_one_effect_each(line: Line) -> None:
    wires = events(orders=5, each=20)
    with line.running(("events", "tracking")):
        assert line.carrier.send(wires) == {}
        assert line.carrier.send(wires) == {}
        poll(lambda: effects("toy.push") == times_each(wires, 2), what="both copies at who takes both")
        await_effects(wires)
        poll(line.drained, what="everything to be acknowledged")
    for handler in ONCE:
        assert effects(handler) == times_each(wires)
        assert set(map(tuple, orders_seen(handler).values())) == {tuple(range(1, 21))}
    assert not DeadLetter.objects.exists()


def test_kill_9_between_effect_and_acknowledgement_leaves_one_effect(line: Line) -> None:
    wires = events(orders=3, each=20)
    killer = wire(UUID(wires[0]["subject"]), 21, region=KILLS_ONCE)
    wires.append(killer)
    with line.running():
        line.carrier.send(wires)
        await_effects(wires)
        poll(line.drained, what="everything to be acknowledged")
    assert death_note(killer["id"]).exists()
    assert [effects(handler) for handler in ONCE] == [times_each(wires)] * 2
    assert not DeadLetter.objects.exclude(state=DeadLetter.State.DONE).exists()


def test_poison_and_a_newer_version_are_kept_and_hold_up_nobody(line: Line) -> None:
    good = events(orders=3, each=10)
    poison = wire(UUID(good[0]["subject"]), 11, region=BROKEN)
    newer = wire(UUID(good[1]["subject"]), 11) | {"dataversion": 99}
    with line.running():
        line.carrier.send([poison, newer, *good])
        await_effects(good)
        poll(line.drained, what="everything to be acknowledged")
    assert effects("toy.ledger") == times_each(good)
    assert effects("toy.points") == times_each([poison, *good])
    kept = {(one.handler, str(one.event_id)): one for one in DeadLetter.objects.all()}
    versions = {(handler, newer["id"]) for handler in ONCE}
    assert kept.keys() - {("toy.push", newer["id"])} == {("toy.ledger", poison["id"])} | versions
    assert kept["toy.ledger", poison["id"]].state == DeadLetter.State.RETRYING
    assert "the soup is cold" in kept["toy.ledger", poison["id"]].error
    for handler, event_id in versions:
        letter = kept[handler, event_id]
        assert (letter.state, letter.envelope["key"]) == (DeadLetter.State.DEAD, newer["key"])


def test_what_never_ends_and_what_eats_all_memory_are_given_up(line: Line) -> None:
    """The one is ended with its process, again and again; the other fails like any other."""
    good = events(orders=3, each=10)
    looping, greedy = (
        wire(UUID(good[0]["subject"]), 11 + n, region=bad) for n, bad in enumerate((LOOPS, SWELLS))
    )
    with line.running():
        line.carrier.send([looping, greedy, *good])
        await_effects(good)
        poll(
            lambda: letter_of(looping).state == DeadLetter.State.DEAD, what="it to be given up", timeout_s=60
        )
        poll(line.drained, what="everything to be acknowledged", timeout_s=60)
    assert effects("toy.ledger") == times_each(good)
    assert effects("toy.points") == times_each([looping, greedy, *good])
    assert (letter_of(looping).error, letter_of(looping).attempts) == (letters.DEATH, 0)
    assert letter_of(greedy).state == DeadLetter.State.RETRYING
    assert "MemoryError" in letter_of(greedy).error
    alarms = {
        gauge.labels["handler"]
        for gauge in read_gauges()
        if gauge.name == "handler_dead_letters" and not gauge.is_well
    }
    assert alarms == {"toy.ledger"}


def letter_of(envelope: Wire) -> DeadLetter:
    return DeadLetter.objects.filter(handler="toy.ledger", event_id=envelope["id"]).first() or DeadLetter()


def test_sigterm_in_the_middle_of_a_backlog_loses_and_repeats_nothing(line: Line) -> None:
    wires = events(orders=4, each=50, region=SLOW)
    with line.running() as stack:
        line.carrier.send(wires)
        poll(lambda: len(effects("toy.ledger")) > 0, what="the first effects")
        before, began_s = stack.pid(line.digester), time.monotonic()
        stack.signal(line.digester, signal.SIGTERM)
        poll(lambda: gone(before), what="a graceful end", timeout_s=15)
        took_s = time.monotonic() - began_s
        await_effects(wires)
        poll(line.drained, what="everything to be acknowledged")
    assert [effects(handler) for handler in ONCE] == [times_each(wires)] * 2
    # What a worker had fetched but not begun comes again as suspect: counted beforehand, and done.
    assert not DeadLetter.objects.exclude(state=DeadLetter.State.DONE).exists()
    if line.name == "kafka":
        assert took_s < 5
