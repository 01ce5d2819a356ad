"""Dead letters as rows: what a handler could not digest, how often it tried, and how it ended.

Every change is one conditional statement, so that workers, retries and people do not undo each other.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import structlog
from django.db import connection
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import Now, RowNumber

from deliveryapp.errors import Conflict, InvalidInput
from deliveryapp.ids import new_id
from deliveryapp.models import DeadLetter
from deliveryapp.models.verbatim import strict_json
from deliveryapp.transport import Wire

log = structlog.get_logger(__name__)
State = DeadLetter.State

MAX_ATTEMPTS = 8
MAX_DEATHS = 3
LONGEST_PAUSE_S = 300
BEING_TRIED_FOR = timedelta(minutes=2)  # nobody else tries it meanwhile
DEATH = "the process that handled it died"

_NOTE = """
INSERT INTO deliveryapp_deadletter AS letter
    (id, handler, event_id, envelope, error, attempts, deaths, state, next_try_at, resolved_reason)
VALUES (%(id)s, %(handler)s, %(event_id)s, %(envelope)s, %(error)s, 1, 0,
        CASE WHEN %(hopeless)s THEN 'dead' ELSE 'retrying' END,
        statement_timestamp() + interval '1 second', '')
ON CONFLICT (handler, event_id) DO UPDATE SET
    attempts = letter.attempts + 1, deaths = 0, error = EXCLUDED.error,
    state = CASE WHEN %(hopeless)s OR letter.attempts + 1 >= %(max)s THEN 'dead' ELSE 'retrying' END,
    next_try_at = statement_timestamp()
        + least(power(2, least(letter.attempts, 20)), %(longest)s) * interval '1 second',
    resolved_at = NULL, resolved_by_id = NULL, resolved_reason = ''
WHERE letter.state <> 'discarded'
RETURNING state
"""
_BEGIN = """
INSERT INTO deliveryapp_deadletter AS letter
    (id, handler, event_id, envelope, error, attempts, deaths, state, next_try_at, resolved_reason)
VALUES (%(id)s, %(handler)s, %(event_id)s, %(envelope)s, %(error)s, 0, 1, 'retrying',
        statement_timestamp() + %(pause)s, '')
ON CONFLICT (handler, event_id) DO UPDATE SET
    deaths = letter.deaths + 1, next_try_at = EXCLUDED.next_try_at,
    error = CASE WHEN letter.deaths > 0 THEN EXCLUDED.error ELSE letter.error END,
    state = CASE WHEN letter.deaths >= %(max)s THEN 'dead' ELSE 'retrying' END
WHERE letter.state = 'retrying'
RETURNING state
"""


class AlreadyResolved(Conflict):
    code, title = "dead_letter_resolved", "Somebody was quicker"


class ReasonMissing(InvalidInput):
    code, title = "reason_required", "Say why nobody needs it"


def note(*, handler: str, wire: Wire, reason: str, hopeless: bool) -> None:
    """Count one more failure; after MAX_ATTEMPTS, or at once when hopeless, it is dead. What a person has
    discarded stays so.
    """
    facts = {"hopeless": hopeless, "max": MAX_ATTEMPTS, "longest": LONGEST_PAUSE_S}
    if _write(_NOTE, handler, wire, error=reason, **facts) == State.DEAD:
        log.error("dead_letter", handler=handler, event_id=str(event_id_of(wire)), reason=reason)


def begin(*, handler: str, wire: Wire) -> bool:
    """Count beforehand that a process begins with an event which may kill it. False when it must not: too
    many died over it, or it is at rest already.
    """
    state = _write(_BEGIN, handler, wire, error=DEATH, max=MAX_DEATHS, pause=BEING_TRIED_FOR)
    if state == State.DEAD:
        log.error("dead_letter", handler=handler, event_id=str(event_id_of(wire)), reason=DEATH)
    return state == State.RETRYING


def _write(sql: str, handler: str, wire: Wire, **facts: Any) -> str | None:
    values: dict[str, Any] = {
        "id": new_id(),
        "handler": handler,
        "event_id": event_id_of(wire),
        "envelope": _storable(wire),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, {**values, **facts})
        row = cursor.fetchone()
    return row and str(row[0])


def finish(*, handler: str, event_id: UUID) -> None:
    """It was digested."""
    letters = DeadLetter.objects.filter(handler=handler, event_id=event_id, state__in=DeadLetter.OPEN)
    letters.update(state=State.DONE, resolved_at=Now())


def discard(*, letter_id: UUID, user_id: UUID, reason: str) -> None:
    """A person decides that nobody needs it. Raises ReasonMissing, AlreadyResolved."""
    if not reason.strip():
        raise ReasonMissing
    still_open = DeadLetter.objects.filter(pk=letter_id, state__in=DeadLetter.OPEN)
    changed = still_open.update(
        state=State.DISCARDED, resolved_at=Now(), resolved_by=user_id, resolved_reason=reason.strip()[:200]
    )
    if not changed:
        raise AlreadyResolved(f"It is {DeadLetter.objects.get(pk=letter_id).state} already.")


def due(*, limit: int) -> "QuerySet[DeadLetter]":
    """What is to be tried again, one of each handler in turn: none waits for another's thousands."""
    turn = Window(RowNumber(), partition_by="handler", order_by="next_try_at")
    waiting = DeadLetter.objects.filter(state=State.RETRYING, next_try_at__lte=Now())
    return waiting.annotate(turn=turn).order_by("turn", "next_try_at")[:limit]


def claim(letter: DeadLetter) -> bool:
    """The right to try a due letter, its possible death counted; False when somebody else has it."""
    mine = DeadLetter.objects.filter(pk=letter.pk, state=State.RETRYING, next_try_at__lte=Now())
    if mine.filter(deaths__gte=MAX_DEATHS).update(state=State.DEAD, error=DEATH):
        log.error("dead_letter", handler=letter.handler, event_id=str(letter.event_id), reason=DEATH)
        return False
    return bool(mine.update(next_try_at=Now() + BEING_TRIED_FOR, deaths=F("deaths") + 1))


def the_calm_first(handler: str, wires: Sequence[Wire]) -> list[Wire]:
    """Those over which a process died come last, so that the others need not wait for their end."""
    ids = [event_id_of(wire) for wire in wires]
    feared = Q(handler=handler, event_id__in=ids, deaths__gt=0)
    deaths = dict(DeadLetter.objects.filter(feared).values_list("event_id", "deaths"))
    return [wire for _, wire in sorted(zip(ids, wires, strict=True), key=lambda pair: deaths.get(pair[0], 0))]


def event_id_of(wire: Wire) -> UUID:
    """The envelope's id; if it has none, one made from its content, so that it is kept only once."""
    try:
        return UUID(wire["id"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return uuid5(NAMESPACE_OID, json.dumps(wire, sort_keys=True))


def _storable(wire: Wire) -> str:
    """As JSON text; what is no JSON (NaN) as a text that says so."""
    try:
        return strict_json(wire)
    except ValueError:
        return strict_json({"unreadable": json.dumps(wire)})
