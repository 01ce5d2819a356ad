"""Exactly-once effects on top of at-least-once delivery.

The inbox row `(handler, event id)` commits together with the handler's effect, a whole batch in one
commit. When a batch fails its events are taken one by one. One that fails alone is tried again from the
database with backoff; after MAX_ATTEMPTS it rests as a dead letter until a person replays or discards it.
One bad event never holds up the others of its batch.

An event that does not fail but kills its process (out of memory, an endless loop cut off by the time limit)
comes back with its batch. Such a batch is `suspect`: each of its events is then counted before it is touched,
so that the killer too is dead after MAX_DEATHS.
"""

import json
import math
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from deliveryapp.errors import reason_of
from deliveryapp.events import Envelope, UnknownEvent, read_envelope
from deliveryapp.models import DeadLetter, InboxEntry
from deliveryapp.subscriptions import Subscription, UnknownHandler, subscription
from deliveryapp.transport import Wire

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 8
MAX_DEATHS = 3
BATCH = 50  # events to a commit: what fails makes the others be done again
SUSPECT_FOR = timedelta(minutes=2)  # nobody else tries it meanwhile
DEATH = "the process that handled it died"
State = DeadLetter.State


def handle(
    *, handler: str, envelopes: Sequence[Wire], budget_s: float = math.inf, suspect: bool = False
) -> Sequence[Wire]:
    """Run `handler` on what it has not digested yet; returns those for which the time was too short.

    Never raises for a bad event, only when the database is away.
    """
    deadline_s = time.monotonic() + budget_s
    size = 1 if suspect else BATCH
    for start in range(0, len(envelopes), size):
        if time.monotonic() > deadline_s:
            return envelopes[start:]
        batch = envelopes[start : start + size]
        if suspect:
            _handle_suspect(handler, batch[0])
        else:
            _handle_batch(handler, batch)
    return ()


def retry_due(*, limit: int = 100) -> int:
    """Try the failed ones again whose time has come; returns how many were digested."""
    due = DeadLetter.objects.filter(state=State.RETRYING, next_try_at__lte=Now())
    return sum(replay(letter) for letter in due.order_by("next_try_at")[:limit])


def replay(letter: DeadLetter) -> bool:
    """Digest one dead letter now; True when it worked."""
    try:
        _digest(subscription(letter.handler), [read_envelope(letter.envelope)])
    except Exception as error:  # noqa: BLE001 - stays a dead letter, with the newest reason
        _keep(letter.handler, letter.envelope, error, final=letter.attempts + 1 >= MAX_ATTEMPTS)
        return False
    DeadLetter.objects.filter(pk=letter.pk).update(state=State.DONE)
    return True


def _handle_batch(handler: str, wires: Sequence[Wire]) -> bool:
    """All in one commit; when that fails, one by one. True when nothing had to be kept."""
    try:
        _digest(subscription(handler), [read_envelope(wire) for wire in wires])
    except Exception as error:
        if len(wires) > 1:
            return sum(_handle_batch(handler, [wire]) for wire in wires) == len(wires)
        hopeless = isinstance(error, UnknownEvent | UnknownHandler)
        if not hopeless:
            log.exception("handler_failed", handler=handler, event_id=wires[0].get("id"))
        _keep(handler, wires[0], error, final=hopeless)
        return False
    return True


def _digest(row: Subscription, envelopes: Sequence[Envelope]) -> None:
    if not row.exactly_once:
        row.call(envelopes)
        return
    with transaction.atomic():
        if new := _unseen(row.name, envelopes):
            row.call(new)


def _unseen(handler: str, envelopes: Sequence[Envelope]) -> list[Envelope]:
    """Insert the inbox rows; a second delivery waits for the first one's commit and then finds them.

    In the order of the ids, so that two batches with the same events do not wait for each other.
    """
    ids = sorted({envelope.id for envelope in envelopes})
    table = connection.ops.quote_name(InboxEntry._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (handler, event_id) SELECT %s, unnest(%s::uuid[]) "
            "ON CONFLICT DO NOTHING RETURNING event_id",
            [handler, ids],
        )
        fresh = {event_id for (event_id,) in cursor.fetchall()}
    unseen = {envelope.id: envelope for envelope in envelopes if envelope.id in fresh}
    return list(unseen.values())


def _keep(handler: str, wire: Wire, error: Exception, *, final: bool) -> None:
    reason = reason_of(error, limit=1000)
    state = State.DEAD if final else State.RETRYING
    letter = _note(handler, wire, reason=reason, state=state)
    if final:
        log.error("dead_letter", handler=handler, event_id=str(letter.event_id), reason=reason)


def _note(handler: str, wire: Wire, *, reason: str, state: State) -> DeadLetter:
    """Count one more failure of this event, unless a person has discarded it."""
    letter, created = DeadLetter.objects.get_or_create(
        handler=handler,
        event_id=_event_id(wire),
        defaults={
            "envelope": wire,
            "error": reason,
            "state": state,
            "next_try_at": Now() + timedelta(seconds=1),
        },
    )
    if not created:
        pause = timedelta(seconds=min(2.0**letter.attempts, 300))
        DeadLetter.objects.filter(pk=letter.pk).exclude(state=State.DISCARDED).update(
            attempts=F("attempts") + 1, error=reason, state=state, next_try_at=Now() + pause
        )
    return letter


def _event_id(wire: Wire) -> UUID:
    """The envelope's id; if it has none, one made from its content, so that it is kept only once."""
    try:
        return UUID(wire["id"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return uuid5(NAMESPACE_OID, json.dumps(wire, sort_keys=True))


# A batch that has killed its process --------------------------------------------------------


def _handle_suspect(handler: str, wire: Wire) -> None:
    """One event, its death counted beforehand; what was digested or given up already is passed over."""
    event_id = _event_id(wire)
    letters = DeadLetter.objects.filter(handler=handler, event_id=event_id)
    if InboxEntry.objects.filter(handler=handler, event_id=event_id).exists():
        return
    if letters.filter(state__in=[State.DEAD, State.DISCARDED]).exists():
        return
    _note(handler, wire, reason=DEATH, state=State.RETRYING)
    letters.update(next_try_at=Now() + SUSPECT_FOR, error=DEATH)
    if letters.filter(attempts__gt=MAX_DEATHS).exists():
        letters.update(state=State.DEAD)
        log.error("dead_letter", handler=handler, event_id=str(event_id), reason=DEATH)
    elif _handle_batch(handler, [wire]):
        letters.update(state=State.DONE)
