"""How the events and sagas stand: a handful of indexed queries, for the command and for Prometheus.

Ages are seconds on the database's clock. A value above its limit is a reason to look.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from deliveryapp.lagging import STALE_AFTER
from deliveryapp.redelivery import DIGESTED_WITHIN
from deliveryapp.subscriptions import subscriptions

# What is overdue goes out again and is young once more: older than this nothing can be.
LOOK_BACK = 2 * DIGESTED_WITHIN

_OUTBOX = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(occurred_at)), 0),
       (SELECT count(*) FROM deliveryapp_outboxevent WHERE parked_at IS NOT NULL)
FROM deliveryapp_outboxevent WHERE published_at IS NULL AND parked_at IS NULL
"""
_UNDIGESTED = """
SELECT wanted.handler, count(*), extract(epoch FROM clock_timestamp() - min(e.published_at))
FROM unnest(%s::text[], %s::text[]) AS wanted(handler, type)
JOIN deliveryapp_outboxevent e ON e.type = wanted.type AND e.published_at >= statement_timestamp() - %s
WHERE NOT EXISTS (
    SELECT 1 FROM deliveryapp_inboxentry i WHERE i.handler = wanted.handler AND i.event_id = e.id
) AND NOT EXISTS (
    SELECT 1 FROM deliveryapp_deadletter d WHERE d.handler = wanted.handler AND d.event_id = e.id
)
GROUP BY wanted.handler
"""
_LETTERS = """
SELECT handler, count(*) FILTER (WHERE state = 'retrying'), count(*) FILTER (WHERE state = 'dead')
FROM deliveryapp_deadletter WHERE state = 'retrying' OR state = 'dead' GROUP BY handler
"""
_SAGAS = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(due_at)), 0) FROM deliveryapp_sagarun
WHERE status IN ('running', 'compensating') AND due_at < statement_timestamp()
  AND (leased_until IS NULL OR leased_until < statement_timestamp())
"""
_RELAY = """
SELECT extract(epoch FROM clock_timestamp() - looked_at), lag ->> 0, lag ->> 1,
       CASE WHEN lags_at > statement_timestamp() - %s THEN (lag ->> 2)::bigint END
FROM (SELECT) AS always LEFT JOIN deliveryapp_broker ON name = %s
LEFT JOIN LATERAL jsonb_array_elements(lags) lag ON true ORDER BY 2, 3
"""


@dataclass(frozen=True, slots=True)
class Gauge:
    """`limit`: what is still well; None when the number alone says nothing. `value` None: not known."""

    name: str
    help: str
    value: float | None
    limit: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        return self.limit is None or (self.value is not None and self.value <= self.limit)


def read_gauges() -> list[Gauge]:
    return [*_outbox(), *_relay(), *_handlers(), *_sagas()]


def _outbox() -> Iterator[Gauge]:
    [(waiting, oldest_s, parked)] = _rows(_OUTBOX)
    yield Gauge("outbox_waiting", "Events that the relay has not published yet", waiting)
    yield Gauge("outbox_oldest_waiting_age_seconds", "Since the oldest of them happened", oldest_s, 60)
    yield Gauge("outbox_parked", "Events that cannot be published", parked, 0)


def _relay() -> Iterator[Gauge]:
    rows = _rows(_RELAY, [STALE_AFTER, settings.EVENT_TRANSPORT])
    age_s = rows[0][0]
    yield Gauge("relay_last_look_age_seconds", "Since a relay last reached database and broker", age_s, 10)
    for _, group, topic, behind in rows:
        if group is not None:
            labels = {"group": group, "topic": topic}
            yield Gauge("consumer_lag", "Messages that the group has not handled yet", behind, None, labels)


def _handlers() -> Iterator[Gauge]:
    table = subscriptions()
    pairs = [(row.name, cls.__name__) for row in table.values() if row.exactly_once for cls in row.events]
    wanted = ([handler for handler, _ in pairs], [kind for _, kind in pairs], LOOK_BACK)
    missed = {handler: (count, age_s) for handler, count, age_s in _rows(_UNDIGESTED, wanted)}
    letters = {handler: (retrying, dead) for handler, retrying, dead in _rows(_LETTERS)}
    for handler in sorted({*table, *letters}):
        labels = {"handler": handler}
        retrying, dead = letters.get(handler, (0, 0))
        yield Gauge("handler_retrying_letters", "Failed events that are tried again", retrying, None, labels)
        yield Gauge("handler_dead_letters", "Events that wait for a person", dead, 0, labels)
        if handler in table and table[handler].exactly_once:
            yield from _backlog(labels, *missed.get(handler, (0, 0)))


def _backlog(labels: Mapping[str, str], count: int, age_s: float) -> Iterator[Gauge]:
    overdue_s = (DIGESTED_WITHIN + timedelta(minutes=2)).total_seconds()
    yield Gauge("handler_undigested", "Published, but not digested by this handler", count, None, labels)
    help_text = "Since the oldest of them was published"
    yield Gauge("handler_oldest_undigested_age_seconds", help_text, age_s, overdue_s, labels)


def _sagas() -> Iterator[Gauge]:
    [(due, oldest_s)] = _rows(_SAGAS)
    yield Gauge("saga_due", "Sagas whose time has come and that nobody executes", due)
    yield Gauge("saga_oldest_due_age_seconds", "Since the oldest of them was due", oldest_s, 60)


def _rows(sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [
            tuple(None if v is None else v if isinstance(v, str) else float(v) for v in row) for row in cursor
        ]
