"""Write an event in the same commit as the change it tells of."""

import zlib
from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from deliveryapp.batch import Batch
from deliveryapp.events import Event, data_of
from deliveryapp.models import OutboxEvent
from deliveryapp.transactions import require_transaction
from deliveryapp.wakeups import wake_relay

SHARDS = 16


def publish(event: Event, *, seq: int, now: datetime, batch: Batch | None = None) -> None:
    """Record `event` as number `seq` of its aggregate, whose row the caller has locked.

    With a batch the row is written together with the caller's others. After the commit the relay is woken;
    a lost wake-up costs at most the second until it looks by itself.
    """
    require_transaction()
    row = outbox_row(event, seq=seq, now=now)
    if batch is None:
        row.save(force_insert=True)
    else:
        batch.insert(row)
    transaction.on_commit(wake_relay, robust=True)


def outbox_row(event: Event, *, seq: int, now: datetime) -> OutboxEvent:
    subject: UUID = getattr(event, event.subject_field)
    return OutboxEvent(
        shard=shard_of(subject),
        topic=event.topic,
        type=type(event).__name__,
        source=event.source,
        subject=subject,
        key=str(getattr(event, event.key_field)),
        seq=seq,
        dataversion=event.version,
        data=data_of(event),
        trace_id=structlog.contextvars.get_contextvars().get("trace_id", ""),
        occurred_at=now,
    )


def shard_of(subject: UUID) -> int:
    """All events of one aggregate share a shard, and so one publisher and one order."""
    return zlib.crc32(subject.bytes) % SHARDS
