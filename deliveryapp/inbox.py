"""Exactly-once effects on top of at-least-once delivery.

The inbox row `(handler, event id)` commits together with the handler's effect, a whole batch in one
commit. When a batch fails its events are taken one by one. One that fails alone is tried again from the
database with backoff; after MAX_ATTEMPTS it rests as a dead letter until a person replays or discards it.
One bad event never holds up the others of its batch.

An event that does not fail but kills its process (out of memory, an endless loop cut off by the time limit)
comes back with its batch. Such a batch is `suspect`: each of its events is then counted before it is touched,
so that the killer too is dead after MAX_DEATHS. What rests as dead or discarded is not woken by another
delivery, only by a person.
"""

import math
import time
from collections.abc import Sequence
from uuid import UUID

import structlog
from django.db import connection, transaction

from deliveryapp import letters
from deliveryapp.errors import reason_of
from deliveryapp.events import Envelope, UnknownEvent, read_envelope
from deliveryapp.failpoints import failpoint
from deliveryapp.models import DeadLetter, InboxEntry
from deliveryapp.subscriptions import Subscription, UnknownHandler, subscription
from deliveryapp.transport import Wire

log = structlog.get_logger(__name__)
BATCH = 50  # events to a commit: what fails makes the others be done again
RETRY_BUDGET_S = 10.0


def handle(
    *, handler: str, envelopes: Sequence[Wire], budget_s: float = math.inf, suspect: bool = False
) -> Sequence[Wire]:
    """Run `handler` on what it has not digested yet; returns those for which the time was too short.

    Never raises for a bad event, only when the database is away.
    """
    deadline_s = time.monotonic() + budget_s
    if suspect:
        envelopes = letters.the_calm_first(handler, envelopes)
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


def retry_due(*, limit: int = 500, budget_s: float = RETRY_BUDGET_S) -> int:
    """Try the failed ones again whose time has come; returns how many were digested."""
    deadline_s, digested = time.monotonic() + budget_s, 0
    for letter in letters.due(limit=limit):
        if time.monotonic() > deadline_s:
            break
        digested += letters.claim(letter) and replay(letter)
    return digested


def replay_open(*, letter_id: UUID) -> bool:
    """`replay`, because a person wants it. Raises AlreadyResolved."""
    letter = DeadLetter.objects.get(pk=letter_id)
    if letter.state not in DeadLetter.OPEN:
        raise letters.AlreadyResolved(f"It is {letter.state} already.")
    return replay(letter)


def replay(letter: DeadLetter) -> bool:
    """Digest one dead letter now; True when it worked."""
    try:
        _digest(subscription(letter.handler), [read_envelope(letter.envelope)], also_resting=True)
    except Exception as error:  # noqa: BLE001 - stays a dead letter, with the newest reason
        _keep(letter.handler, letter.envelope, error)
        return False
    failpoint("inbox.retried")
    letters.finish(handler=letter.handler, event_id=letter.event_id)
    return True


def _handle_batch(handler: str, wires: Sequence[Wire]) -> bool:
    """All in one commit; when that fails, one by one. True when nothing had to be kept."""
    try:
        _digest(subscription(handler), [read_envelope(wire) for wire in wires])
    except Exception as error:
        if len(wires) > 1:
            return sum(_handle_batch(handler, [wire]) for wire in wires) == len(wires)
        if not _is_hopeless(error):
            event_id = str(letters.event_id_of(wires[0]))
            log.exception("handler_failed", handler=handler, event_id=event_id)
        _keep(handler, wires[0], error)
        return False
    return True


def _digest(row: Subscription, envelopes: Sequence[Envelope], *, also_resting: bool = False) -> None:
    if not row.exactly_once:
        row.call(envelopes)
        return
    with transaction.atomic():
        new = _unseen(row.name, envelopes, also_resting=also_resting)
        if new:
            failpoint("inbox.before_effect")
            row.call(new)
            failpoint("inbox.before_commit")
    failpoint("inbox.after_commit")


_TAKE = """
INSERT INTO deliveryapp_inboxentry (handler, event_id)
SELECT %(handler)s, arrived.id FROM unnest(%(ids)s::uuid[]) AS arrived(id)
WHERE %(also_resting)s OR NOT EXISTS (
    SELECT 1 FROM deliveryapp_deadletter letter
    WHERE letter.handler = %(handler)s AND letter.event_id = arrived.id
      AND letter.state IN ('dead', 'discarded'))
ON CONFLICT DO NOTHING RETURNING event_id
"""


def _unseen(handler: str, envelopes: Sequence[Envelope], *, also_resting: bool) -> list[Envelope]:
    """Insert the inbox rows; a second delivery waits for the first one's commit and then finds them.

    In the order of the ids, so that two batches with the same events do not wait for each other.
    """
    ids = sorted({envelope.id for envelope in envelopes})
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"handler": handler, "ids": ids, "also_resting": also_resting})
        fresh = {event_id for (event_id,) in cursor.fetchall()}
    unseen = {envelope.id: envelope for envelope in envelopes if envelope.id in fresh}
    return list(unseen.values())


def _keep(handler: str, wire: Wire, error: Exception) -> None:
    reason = reason_of(error, limit=1000)
    letters.note(handler=handler, wire=wire, reason=reason, hopeless=_is_hopeless(error))


def _is_hopeless(error: Exception) -> bool:
    """Nothing changes by itself about what nobody can read and what nobody subscribes to."""
    return isinstance(error, UnknownEvent | UnknownHandler)


def _handle_suspect(handler: str, wire: Wire) -> None:
    """One event of a batch that has killed its process, its death counted beforehand; what was digested or
    given up already is passed over.
    """
    event_id = letters.event_id_of(wire)
    if InboxEntry.objects.filter(handler=handler, event_id=event_id).exists():
        return
    if letters.begin(handler=handler, wire=wire) and _handle_batch(handler, [wire]):
        letters.finish(handler=handler, event_id=event_id)
