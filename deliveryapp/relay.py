"""Carry outbox rows to the transport: claim, send, mark, each a short transaction of its own.

One publisher per shard at a time keeps the order per aggregate. The claim is a lease on the shards' rows by
the database's clock; its token fences a publisher that was paused past its lease, so that it cannot mark rows
which its successor owns. A round takes all the shards that have something to publish, so that many events
cost as many statements as one. What no class can read or the carrier refuses for good is parked with its
reason and holds up nobody.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import connection
from django.db.models.functions import Now

from deliveryapp.events import Envelope, UnknownEvent, read_event
from deliveryapp.failpoints import failpoint
from deliveryapp.ids import new_id
from deliveryapp.models import OutboxEvent, RelayShard
from deliveryapp.outbox import SHARDS
from deliveryapp.transport import Transport, TransportDown, Wire, transport

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=15)
PER_SHARD = 64  # rows of a shard in one round

_CLAIM = """
WITH free AS (
    SELECT shard FROM deliveryapp_relayshard s
    WHERE (leased_until IS NULL OR leased_until < clock_timestamp())
      AND EXISTS (SELECT 1 FROM deliveryapp_outboxevent e
                  WHERE e.shard = s.shard AND published_at IS NULL AND parked_at IS NULL)
    ORDER BY shard FOR UPDATE SKIP LOCKED
)
UPDATE deliveryapp_relayshard r SET token = %s, leased_until = clock_timestamp() + %s * interval '1 second'
FROM free WHERE r.shard = free.shard RETURNING r.shard
"""
_WAITING = """
SELECT e.* FROM unnest(%s::smallint[]) AS claimed(shard), LATERAL (
    SELECT * FROM deliveryapp_outboxevent
    WHERE shard = claimed.shard AND published_at IS NULL AND parked_at IS NULL
    ORDER BY position LIMIT %s
) e
"""
_MARK = """
WITH mine AS (
    UPDATE deliveryapp_relayshard SET token = NULL, leased_until = NULL WHERE token = %s RETURNING shard
)
UPDATE deliveryapp_outboxevent SET published_at = statement_timestamp(), sends = sends + 1
WHERE position = ANY(%s) AND shard IN (SELECT shard FROM mine)
"""


def publish_waiting(*, carrier: Transport | None = None) -> int:
    """One round: publish what waits in the shards that nobody else holds; how many events that were.

    Raises TransportDown; nothing is lost then, the shards are free again.
    """
    token = new_id()
    shards = _claim(token)
    if not shards:
        return 0
    failpoint("relay.after_claim")
    try:
        rows = _waiting(shards)
        failpoint("relay.after_read")
        readable = [(row, wire) for row in rows if (wire := _wire_or_park(row))]
        refused = (carrier or transport()).send([wire for _, wire in readable])
    except TransportDown:
        RelayShard.objects.filter(token=token).update(token=None, leased_until=None)
        raise
    published = [row.position for row, _ in readable if str(row.id) not in refused]
    _park_refused(refused)
    failpoint("relay.after_send")
    marked = _mark(token, published)
    failpoint("relay.after_mark")
    return marked


def _claim(token: UUID) -> list[int]:
    return _take(token) or (_take(token) if _lays_out_shards() else [])


def _take(token: UUID) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [token, LEASE.total_seconds()])
        return [shard for (shard,) in cursor.fetchall()]


def _lays_out_shards() -> bool:
    """Nobody ever published here: give the shards their rows."""
    if RelayShard.objects.exists():
        return False
    rows = [RelayShard(shard=shard) for shard in range(SHARDS)]
    RelayShard.objects.bulk_create(rows, ignore_conflicts=True)
    return True


def _waiting(shards: Sequence[int]) -> list[OutboxEvent]:
    """The oldest of each shard, one shard after the other."""
    return list(OutboxEvent.objects.raw(_WAITING, [list(shards), PER_SHARD]))


def _mark(token: UUID, positions: Sequence[int]) -> int:
    """Mark as published and let the shards go, but only those that we still hold."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [token, list(positions)])
        marked: int = cursor.rowcount
    if marked < len(positions):
        log.warning("relay_overslept", sent=len(positions), marked=marked)
    return marked


def _wire_or_park(row: OutboxEvent) -> Wire | None:
    try:
        return envelope_of(row).as_json()
    except UnknownEvent as error:
        _park(row.id, str(error))
        return None


def _park_refused(refused: Mapping[str, str]) -> None:
    for event_id, reason in refused.items():
        _park(UUID(event_id), reason)


def _park(event_id: UUID, reason: str) -> None:
    log.error("event_parked", event_id=str(event_id), reason=reason)
    OutboxEvent.objects.filter(id=event_id, published_at=None).update(parked_at=Now(), error=reason[:500])


def envelope_of(row: OutboxEvent) -> Envelope:
    """Raises UnknownEvent."""
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
