"""Find events that were handed to the broker and never digested, and publish them again.

The outbox keeps what was published and the inbox says what was digested, so the loss of a whole broker, of
one message or of a handler's queue shows as an event without its inbox row. Handlers that only push (not
`exactly_once`) leave no row and get such an event again only together with the others: their sockets resync
by themselves.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Now, Power

from deliveryapp.failpoints import failpoint
from deliveryapp.models import Broker, DeadLetter, InboxEntry, OutboxEvent
from deliveryapp.subscriptions import Subscription, subscriptions
from deliveryapp.transport import Transport, transport

log = structlog.get_logger(__name__)

DIGESTED_WITHIN = timedelta(minutes=5)  # longer than a backlog
CHECK_EVERY = timedelta(minutes=1)
LOOK_BACK = timedelta(days=2)


def check(*, carrier: Transport | None = None) -> int:
    """Called each second: at once when the broker has lost its memory, else for what is overdue; how many
    events go out again. Raises TransportDown.
    """
    carrier = carrier or transport()
    identity, name = carrier.identity(), settings.EVENT_TRANSPORT
    if _is_same(name, identity):
        return _send_overdue(name)
    return _start_over(name, identity)


def _is_same(name: str, identity: str) -> bool:
    """Says in passing that a relay is alive."""
    return bool(Broker.objects.filter(name=name, identity=identity).update(looked_at=Now()))


def _start_over(name: str, identity: str) -> int:
    """A broker that we do not know: what the one before it had is lost."""
    with transaction.atomic():
        unknown = Broker(name=name, identity="", checked_until=Now())
        Broker.objects.bulk_create([unknown], ignore_conflicts=True)
        known = Broker.objects.select_for_update().get(name=name)
        if known.identity == identity:
            return 0
        lost = again(undigested(since=None)) if known.identity else 0
        failpoint("redelivery.start_over")
        Broker.objects.filter(name=name).update(identity=identity)
    if known.identity:
        log.error("broker_lost_its_memory", broker=name, published_again=lost)
    return lost


def _send_overdue(name: str) -> int:
    """Each event is looked at once, DIGESTED_WITHIN after it was published. After each repeat we wait twice
    as long, so that handlers that are behind are not buried under repeats.
    """
    due = Broker.objects.filter(name=name, checked_until__lt=Now() - DIGESTED_WITHIN - CHECK_EVERY)
    if not due.exists():
        return 0
    with transaction.atomic():
        free = due.select_for_update(skip_locked=True)
        mine = free.values_list("checked_until", Now() - DIGESTED_WITHIN).first()
        if mine is None:
            return 0
        # The next look begins exactly where this one ended: each statement has a time of its own.
        since, until = mine
        sent_once = undigested(since=since).filter(sends=1, published_at__lt=until)
        count = again(sent_once) + again(_overdue_again())
        failpoint("redelivery.overdue")
        Broker.objects.filter(name=name).update(checked_until=until)
    if count:
        log.error("events_never_arrived", published_again=count)
    return count


def _overdue_again() -> "QuerySet[OutboxEvent]":
    patience = ExpressionWrapper(
        Value(DIGESTED_WITHIN) * Power(Value(2.0), F("sends") - 1), output_field=DurationField()
    )
    return undigested(since=None).filter(sends__gt=1, published_at__lt=Now() - patience)


def undigested(*, since: datetime | None, handlers: Collection[str] = ()) -> "QuerySet[OutboxEvent]":
    """Published events that a subscriber has neither digested nor put aside."""
    start = since if since is not None else Now() - LOOK_BACK
    return OutboxEvent.objects.filter(still_missed(handlers), published_at__gte=start)


def still_missed(handlers: Collection[str] = ()) -> Q:
    """Of events: one of these handlers, or any, has neither digested it nor put it aside."""
    missing = Q(pk__in=[])
    for row in subscriptions().values():
        if row.exactly_once and (not handlers or row.name in handlers):
            missing |= _missing(row)
    return missing


def _missing(row: Subscription) -> Q:
    digested = InboxEntry.objects.filter(handler=row.name, event_id=OuterRef("id"))
    put_aside = DeadLetter.objects.filter(handler=row.name, event_id=OuterRef("id"))
    types = [cls.__name__ for cls in row.events]
    return Q(~Exists(digested), ~Exists(put_aside), type__in=types)


def again(events: "QuerySet[OutboxEvent]") -> int:
    """Let the relay publish these once more; how many."""
    return events.update(published_at=None)
