"""Exactly-once effects on top of at-least-once delivery.

The inbox row `(handler, event id)` commits together with the handler's effect. A handler that fails is tried
again from the database with backoff; after MAX_ATTEMPTS the event rests as a dead letter until a person
replays or discards it. One bad event never holds up the others of its batch.
"""

import json
import math
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import structlog
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from deliveryapp.errors import reason_of
from deliveryapp.events import Envelope, UnknownEvent, read_envelope
from deliveryapp.models import DeadLetter, InboxEntry
from deliveryapp.subscriptions import Subscription, UnknownHandler, subscription

log = structlog.get_logger(__name__)
MAX_ATTEMPTS = 8


def handle(
    *, handler: str, envelopes: Sequence[dict[str, Any]], budget_s: float = math.inf
) -> Sequence[dict[str, Any]]:
    """Run `handler` on each envelope it has not digested yet; returns those for which the time was too short.

    Never raises for a bad event, only when the database is away.
    """
    deadline = time.monotonic() + budget_s
    for number, wire in enumerate(envelopes):
        if time.monotonic() > deadline:
            return envelopes[number:]
        with structlog.contextvars.bound_contextvars(trace_id=wire.get("traceid", "")):
            try:
                _handle_one(subscription(handler), read_envelope(wire))
            except (UnknownEvent, UnknownHandler) as error:
                _keep(handler, wire, error, final=True)
            except Exception as error:
                log.exception("handler_failed", handler=handler, event_id=wire["id"])
                _keep(handler, wire, error, final=False)
    return ()


def retry_due(*, limit: int = 100) -> int:
    """Try the failed ones again whose time has come; returns how many were digested."""
    due = DeadLetter.objects.filter(state=DeadLetter.State.RETRYING, next_try_at__lte=Now())
    return sum(replay(letter) for letter in due.order_by("next_try_at")[:limit])


def replay(letter: DeadLetter) -> bool:
    """Digest one dead letter now; True when it worked."""
    try:
        _handle_one(subscription(letter.handler), read_envelope(letter.envelope))
    except Exception as error:  # noqa: BLE001 - stays a dead letter, with the newest reason
        _keep(letter.handler, letter.envelope, error, final=letter.attempts + 1 >= MAX_ATTEMPTS)
        return False
    DeadLetter.objects.filter(pk=letter.pk).update(state=DeadLetter.State.DONE)
    return True


def _handle_one(row: Subscription, envelope: Envelope) -> None:
    if not row.exactly_once:
        row.call(envelope)
        return
    with transaction.atomic():
        if _first_time(row.name, envelope):
            row.call(envelope)


def _first_time(handler: str, envelope: Envelope) -> bool:
    """Insert the inbox row; a second delivery waits for the first one's commit and then finds it."""
    table = connection.ops.quote_name(InboxEntry._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (handler, event_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",  # noqa: S608
            [handler, envelope.id],
        )
        return bool(cursor.rowcount)


def _keep(handler: str, wire: dict[str, Any], error: Exception, *, final: bool) -> None:
    reason = reason_of(error, limit=1000)
    state = DeadLetter.State.DEAD if final else DeadLetter.State.RETRYING
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
        DeadLetter.objects.filter(pk=letter.pk).exclude(state=DeadLetter.State.DISCARDED).update(
            attempts=F("attempts") + 1, error=reason, state=state, next_try_at=Now() + pause
        )
    if final:
        log.error("dead_letter", handler=handler, event_id=str(letter.event_id), reason=reason)


def _event_id(wire: dict[str, Any]) -> UUID:
    """The envelope's id; if it has none, one made from its content, so that it is kept only once."""
    try:
        return UUID(wire["id"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return uuid5(NAMESPACE_OID, json.dumps(wire, sort_keys=True))
