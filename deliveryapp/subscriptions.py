"""Look up who reacts to which event; the table itself is `config/subscriptions.py`."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import structlog
from django.conf import settings
from django.utils.module_loading import import_string

from deliveryapp.events import Envelope, Event
from deliveryapp.transport import Wire


@dataclass(frozen=True, slots=True)
class Subscription:
    """`handler` (dotted path) gets every event of the given types on `queue`: one by one, or with `batched`
    as many at once as there are.

    `exactly_once` handlers run in one transaction with their inbox row. The others only push what the
    database already says (socket frames): they run outside a transaction and may see an event twice.
    """

    name: str
    handler: str
    events: tuple[type[Event], ...]
    queue: str = "events"
    exactly_once: bool = True
    batched: bool = False

    def call(self, envelopes: Sequence[Envelope]) -> None:
        function: Callable[[Envelope | Sequence[Envelope]], None] = import_string(self.handler)
        if self.batched:
            function(envelopes)
            return
        for envelope in envelopes:
            with structlog.contextvars.bound_contextvars(trace_id=envelope.trace_id):
                function(envelope)


@cache
def subscriptions() -> dict[str, Subscription]:
    table: tuple[Subscription, ...] = import_string(settings.EVENT_SUBSCRIPTIONS)
    by_name = {row.name: row for row in table}
    if len(by_name) != len(table):
        raise ValueError("two subscriptions share a name")
    return by_name


class UnknownHandler(Exception):
    """A name that is not, or no longer, in the table."""


def subscription(name: str) -> Subscription:
    """Raises UnknownHandler."""
    try:
        return subscriptions()[name]
    except KeyError:
        raise UnknownHandler(name) from None


@cache
def subscribers_of(event_type: str) -> tuple[Subscription, ...]:
    return tuple(
        row for row in subscriptions().values() if event_type in {cls.__name__ for cls in row.events}
    )


def per_handler(envelopes: Sequence[Wire]) -> dict[str, list[Wire]]:
    """Which handler gets which of these, in their order."""
    found: defaultdict[str, list[Wire]] = defaultdict(list)
    for wire in envelopes:
        for row in subscribers_of(wire["type"]):
            found[row.name].append(wire)
    return dict(found)
