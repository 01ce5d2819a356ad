"""How long events and what came of them are kept.

An effect must never come back to life: whoever delivers an event again asks the inbox whether it was
digested before. So the inbox row of an event stays as long as anything can bring that event back: its row in
the outbox (every replay and repeat is read from there, and publishes with a new time), an open dead letter,
the broker's own log. Its age alone is not enough. The outbox in turn keeps what a handler still misses.

Of a finished saga only the step log goes: the run itself stays with its order, which the audit counts (I2,
I5).
"""

from datetime import timedelta

import structlog
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from deliveryapp.models import DeadLetter, InboxEntry, OutboxEvent, SagaRun, SagaStep
from deliveryapp.purging import alone, delete_in_batches
from deliveryapp.redelivery import still_missed

log = structlog.get_logger(__name__)


def purge() -> dict[str, int]:
    """Delete what is past its time, a part of it when there is much; how many rows of each kind."""
    with alone("events.purge") as mine:
        if not mine:
            return {}
        deleted = {
            "outbox": delete_in_batches(old_events()),
            "inbox": delete_in_batches(old_inbox_rows()),
            "dead_letters": delete_in_batches(old_letters()),
            "saga_steps": delete_in_batches(old_saga_steps()),
        }
    if any(deleted.values()):
        log.info("events_purged", **deleted)
    return deleted


def old_events() -> "QuerySet[OutboxEvent]":
    """Published long ago and missed by nobody. What waits or is parked stays."""
    published = OutboxEvent.objects.filter(published_at__lt=_ago(settings.OUTBOX_KEPT_D))
    return published.exclude(still_missed())


def old_inbox_rows() -> "QuerySet[InboxEntry]":
    this = {"handler": OuterRef("handler"), "event_id": OuterRef("event_id")}
    still_here = OutboxEvent.objects.filter(id=OuterRef("event_id"))
    still_open = DeadLetter.objects.filter(**this, state__in=DeadLetter.OPEN)
    old = InboxEntry.objects.filter(handled_at__lt=_ago(settings.INBOX_KEPT_D))
    return old.filter(~Exists(still_here), ~Exists(still_open))


def old_letters() -> "QuerySet[DeadLetter]":
    """Digested or discarded long ago. While its event is in the outbox a discarded letter stays, or the event
    would look as if it had never arrived, and go out again.
    """
    still_here = OutboxEvent.objects.filter(id=OuterRef("event_id"))
    return DeadLetter.objects.filter(~Exists(still_here), resolved_at__lt=_ago(settings.DEAD_LETTERS_KEPT_D))


def old_saga_steps() -> "QuerySet[SagaStep]":
    return SagaStep.objects.filter(
        run__status__in=[SagaRun.Status.COMPLETED, SagaRun.Status.COMPENSATED],
        run__finished_at__lt=_ago(settings.SAGA_LOG_KEPT_D),
    )


def _ago(days: float) -> object:
    return Now() - timedelta(days=days)
