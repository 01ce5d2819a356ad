"""Carry outbox rows to the transport: claim, send, mark, each in a short transaction of its own.

One publisher per shard at a time keeps the order per aggregate. The claim is a lease on the shard's row by
the database's clock; the token fences a publisher that was paused past its lease, so that it cannot mark rows
which its successor owns. An event that no class can read is parked with its reason and holds up nobody.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from deliveryapp.events import Envelope, UnknownEvent, read_event
from deliveryapp.ids import new_id
from deliveryapp.models import OutboxEvent, RelayShard
from deliveryapp.subscriptions import subscribers_of
from deliveryapp.transport import Transport, TransportDown, transport

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=20)
BATCH = 200
COUNTED_ATTEMPTS = 100  # a broker that is down for a day must not rewrite its rows each second


def nudge(shard: int) -> None:
    transport().nudge("relay.publish", shard=shard)


def waiting_shards() -> list[int]:
    """Shards with something to publish: what the sweep walks each second."""
    waiting = OutboxEvent.objects.filter(published_at=None, parked_at=None)
    return sorted(waiting.order_by().values_list("shard", flat=True).distinct())


def publish_shard(shard: int, *, carrier: Transport | None = None) -> int:
    """Publish what waits in `shard`; 0 when there is nothing or another publisher holds it."""
    token = _claim(shard)
    if token is None:
        return 0
    published = 0
    try:
        while rows := _waiting(shard):
            if not _send_and_mark(shard, token, rows, carrier or transport()):
                break
            published += len(rows)
    finally:
        RelayShard.objects.filter(shard=shard, token=token).update(token=None, leased_until=None)
    return published


def _claim(shard: int) -> UUID | None:
    token = new_id()
    return token if _take(shard, token) or (_is_new(shard) and _take(shard, token)) else None


def _take(shard: int, token: UUID) -> bool:
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    return bool(RelayShard.objects.filter(free, shard=shard).update(token=token, leased_until=Now() + LEASE))


def _is_new(shard: int) -> bool:
    """Nobody ever published this shard: give it its row."""
    if RelayShard.objects.filter(shard=shard).exists():
        return False
    RelayShard.objects.bulk_create([RelayShard(shard=shard)], ignore_conflicts=True)
    return True


def _waiting(shard: int) -> list[OutboxEvent]:
    rows = OutboxEvent.objects.filter(shard=shard, published_at=None, parked_at=None)
    return list(rows.order_by("position")[:BATCH])


def _send_and_mark(shard: int, token: UUID, rows: Sequence[OutboxEvent], carrier: Transport) -> bool:
    readable = [(row, wire) for row in rows if (wire := _wire_or_park(row))]
    try:
        carrier.send(_by_handler(readable))
    except TransportDown as error:
        _note_failure(rows, str(error))
        return False
    with transaction.atomic():
        mine = RelayShard.objects.filter(shard=shard, token=token)
        if not mine.update(leased_until=Now() + LEASE):
            log.warning("relay_overslept", shard=shard)
            return False
        OutboxEvent.objects.filter(pk__in=[row.pk for row, _ in readable]).update(published_at=Now())
    return True


def _wire_or_park(row: OutboxEvent) -> dict[str, Any] | None:
    try:
        return envelope_of(row).as_json()
    except UnknownEvent as error:
        log.error("event_parked", event_id=str(row.id), reason=str(error))
        OutboxEvent.objects.filter(pk=row.pk).update(parked_at=Now(), error=str(error)[:500])
        return None


def _by_handler(rows: Sequence[tuple[OutboxEvent, dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    deliveries: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row, wire in rows:
        for subscriber in subscribers_of(row.type):
            deliveries[subscriber.name].append(wire)
    return deliveries


def envelope_of(row: OutboxEvent) -> Envelope:
    return Envelope(
        id=row.id,
        type=row.type,
        source=row.source,
        subject=row.subject,
        key=row.key,
        seq=row.seq,
        time=row.occurred_at,
        dataversion=row.dataversion,
        trace_id=row.trace_id,
        event=read_event(row.type, row.dataversion, row.data),
    )


def _note_failure(rows: Sequence[OutboxEvent], error: str) -> None:
    log.error("relay_send_failed", count=len(rows), error=error)
    refused = OutboxEvent.objects.filter(pk__in=[row.pk for row in rows], attempts__lt=COUNTED_ATTEMPTS)
    refused.update(attempts=F("attempts") + 1, error=error[:500])
