"""Look up who reacts to which event; the table itself is `config/subscriptions.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from deliveryapp.events import Envelope, Event


@dataclass(frozen=True, slots=True)
class Subscription:
    """`handler` (dotted path) gets every event of the given types on `queue`.

    `exactly_once` handlers run in one transaction with their inbox row. The others only push what the
    database already says (socket frames): they run outside a transaction and may see an event twice.
    """

    name: str
    handler: str
    events: tuple[type[Event], ...]
    queue: str = "events"
    exactly_once: bool = True

    def call(self, envelope: Envelope) -> None:
        function: Callable[[Envelope], None] = import_string(self.handler)
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
