"""Publishing events again because a person wants it: after an outage, or after a handler was repaired.

For all handlers the relay publishes what some handler misses. For one handler alone the events go straight to
it, past the broker, so that the others do not get them needlessly; its inbox keeps the effects single.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from deliveryapp import inbox, redelivery, relay
from deliveryapp.errors import InvalidInput
from deliveryapp.events import UnknownEvent, registered
from deliveryapp.models import DeadLetter, InboxEntry, OutboxEvent
from deliveryapp.subscriptions import Subscription, subscriptions
from deliveryapp.transport import Wire
from deliveryapp.wakeups import wake_relay

BATCH = 500

Progress = Callable[[int, int], None]  # done, of how many


class CannotReplay(InvalidInput):
    code, title = "cannot_replay", "These events cannot be published again so"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Events by the time of their last publication. `again`: also those that the handler has digested.

    Raises CannotReplay.
    """

    since: datetime | None = None
    until: datetime | None = None
    handler: str = ""
    type: str = ""
    again: bool = False

    def __post_init__(self) -> None:
        _must_be_known("handler", self.handler, subscriptions())
        _must_be_known("type", self.type, registered())
        if self.again and not self.handler:
            raise CannotReplay("Effects happen again for one handler at a time: name it.")
        if self.handler and not self.subscription.exactly_once and not self.again:
            detail = f"{self.handler} only pushes and keeps no inbox: ask for everything again."
            raise CannotReplay(detail)

    @property
    def subscription(self) -> Subscription:
        return subscriptions()[self.handler]

    def published(self) -> "QuerySet[OutboxEvent]":
        """What is to be published again, oldest first."""
        rows = OutboxEvent.objects.filter(self._in_time("published_at"), published_at__isnull=False)
        if self.again:
            rows = rows.filter(type__in=[cls.__name__ for cls in self.subscription.events])
        else:
            rows = rows.filter(redelivery.still_missed([self.handler] if self.handler else ()))
        return rows.order_by("position")

    def parked(self) -> "QuerySet[OutboxEvent]":
        return OutboxEvent.objects.filter(self._in_time("parked_at"), parked_at__isnull=False)

    def _in_time(self, field: str) -> Q:
        limits = {f"{field}__gte": self.since, f"{field}__lte": self.until, "type": self.type or None}
        return Q(**{name: value for name, value in limits.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Outcome:
    """`failed` events became dead letters, or nobody can read them any more."""

    events: int
    failed: int = 0


def replay(selection: Selection, *, progress: Progress) -> Outcome:
    """Publish the selected events again, BATCH at a time."""
    positions = list(selection.published().values_list("position", flat=True))
    failed = done = 0
    for batch in _batches(positions):
        if selection.handler:
            failed += _hand(selection, batch)
        else:
            redelivery.again(OutboxEvent.objects.filter(position__in=batch))
            wake_relay()
        done += len(batch)
        progress(done, len(positions))
    return Outcome(done, failed)


def unpark(parked: "QuerySet[OutboxEvent]") -> int:
    """Let the relay try these again; how many. What is still unreadable will be parked once more."""
    count = parked.update(parked_at=None, error="")
    wake_relay()
    return count


def _hand(selection: Selection, positions: Sequence[int]) -> int:
    """Give these to the one handler; how many it could not digest."""
    row = selection.subscription
    wires, unreadable = _read(positions)
    ids = [wire["id"] for wire in wires]
    with transaction.atomic() if row.exactly_once else nullcontext():
        if selection.again:
            InboxEntry.objects.filter(handler=row.name, event_id__in=ids).delete()
        inbox.handle(handler=row.name, envelopes=wires)
    open_letters = DeadLetter.objects.filter(handler=row.name, event_id__in=ids, state__in=DeadLetter.OPEN)
    return unreadable + open_letters.count()


def _read(positions: Sequence[int]) -> tuple[list[Wire], int]:
    wires: list[Wire] = []
    rows = OutboxEvent.objects.filter(position__in=positions).order_by("position")
    for row in rows:
        try:
            wires.append(relay.envelope_of(row).as_json())
        except UnknownEvent:
            continue
    return wires, len(positions) - len(wires)


def _batches(positions: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(positions), BATCH):
        yield positions[start : start + BATCH]


def _must_be_known(what: str, name: str, known: Collection[str]) -> None:
    if name and name not in known:
        raise CannotReplay(f"There is no {what} {name}. There are: {', '.join(sorted(known))}.")
