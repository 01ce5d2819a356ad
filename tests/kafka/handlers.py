"""Toy handlers for real processes. Their effect is a row in a table of its own, numbered as they happened."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from deliveryapp.events import Envelope
from deliveryapp.subscriptions import Subscription
from deliveryapp.transport import Wire
from orders.events import OrderReady
from tests.poisons import loop, swell

BROKEN, SLOW, KILLS_ONCE, KILLS = "broken", "slow", "kills once", "kills"
LOOPS, SWELLS = "loops", "swells"
SLOW_S = 0.02
TABLE = "toy_effects"
HERE = "tests.kafka.handlers"

SUBSCRIPTIONS = (
    Subscription(name="toy.ledger", handler=f"{HERE}.ledger", events=(OrderReady,), queue="events"),
    Subscription(name="toy.points", handler=f"{HERE}.points", events=(OrderReady,), queue="events"),
    Subscription(
        name="toy.push", handler=f"{HERE}.push", events=(OrderReady,), queue="tracking", exactly_once=False
    ),
)
ONCE = ("toy.ledger", "toy.points")


def ledger(envelope: Envelope) -> None:
    """Misbehaves where the event's region says so."""
    region = _region(envelope)
    if region == BROKEN:
        raise RuntimeError("the soup is cold")
    if region == KILLS:
        os.kill(os.getpid(), signal.SIGKILL)
    if region == LOOPS:
        loop()
    if region == SWELLS:
        swell()
    if region == SLOW:
        time.sleep(SLOW_S)
    _note("toy.ledger", envelope)
    if region == KILLS_ONCE:
        transaction.on_commit(lambda: _die_once(envelope.id))


def points(envelope: Envelope) -> None:
    _note("toy.points", envelope)


def push(envelope: Envelope) -> None:
    _note("toy.push", envelope)


def _region(envelope: Envelope) -> str:
    assert isinstance(envelope.event, OrderReady)
    return envelope.event.region


def death_note(event_id: UUID | str) -> Path:
    return Path(os.environ["TOY_DIR"], f"died-{event_id}")


def _die_once(event_id: UUID) -> None:
    """Between the effect's commit and the acknowledgement."""
    if not death_note(event_id).exists():
        death_note(event_id).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def _note(handler: str, envelope: Envelope) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} (handler, event_id, subject, seq, pid) VALUES (%s, %s, %s, %s, %s)",
            [handler, envelope.id, envelope.subject, envelope.seq, os.getpid()],
        )


# What a test sees ---------------------------------------------------------------------------


def make_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {TABLE} (number bigserial, handler text, event_id uuid, "
            f"subject uuid, seq int, pid int); TRUNCATE {TABLE}"
        )


def effects(handler: str) -> Counter[str]:
    """How often this handler took each event."""
    return Counter(str(event_id) for (event_id,) in _rows("event_id", handler))


def orders_seen(handler: str) -> dict[UUID, list[int]]:
    """The numbers of each aggregate's events as they came."""
    found: defaultdict[UUID, list[int]] = defaultdict(list)
    for subject, seq in _rows("subject, seq", handler):
        found[subject].append(seq)
    return dict(found)


def pids(handler: str) -> set[int]:
    return {pid for (pid,) in _rows("pid", handler)}


def times_each(wires: Iterable[Wire], times: int = 1) -> dict[str, int]:
    """What `effects` shows when each of these had its effect so often, and nothing else had any."""
    return {wire["id"]: times for wire in wires}


def _rows(columns: str, handler: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {TABLE} WHERE handler = %s ORDER BY number", [handler])
        return cursor.fetchall()
