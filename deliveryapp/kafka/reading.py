"""One subscription's view of what comes: which messages are for it, and what it has digested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Message

from deliveryapp import inbox
from deliveryapp.events import registered
from deliveryapp.kafka.messages import header_type, wire_of
from deliveryapp.kafka.names import topic_of
from deliveryapp.subscriptions import Subscription
from deliveryapp.transport import Wire


class Reader:
    def __init__(self, row: Subscription) -> None:
        self.row = row
        self._wanted = {event.__name__ for event in row.events}
        self._topics = {topic_of(event) for event in row.events}

    def handle(
        self, messages: Sequence[Message], *, is_suspect: Callable[[Message], bool], budget_s: float
    ) -> list[Message]:
        """Digest those that are for us; returns those for which the time was too short.

        Suspects come first in their partitions; where one is left, nothing behind it is touched.
        """
        mine = self._mine(messages)
        suspects = [wire for message, wire in mine if is_suspect(message)]
        others = [wire for message, wire in mine if not is_suspect(message)]
        left = list(self._digest(suspects, budget_s, suspect=True))
        left += others if left else self._digest(others, budget_s, suspect=False)
        places = [wire["kafka"] for wire in left]
        return [message for message, wire in mine if wire["kafka"] in places]

    def _digest(self, wires: list[Wire], budget_s: float, *, suspect: bool) -> Sequence[Wire]:
        return inbox.handle(handler=self.row.name, envelopes=wires, budget_s=budget_s, suspect=suspect)

    def _mine(self, messages: Sequence[Message]) -> list[tuple[Message, Wire]]:
        named = [message for message in messages if self._may_want(header_type(message), message)]
        read = [(message, wire_of(message)) for message in named]
        return [(message, wire) for message, wire in read if self._may_want(wire.get("type"), message)]

    def _may_want(self, name: Any, message: Message) -> bool:
        """Of a name that no class has nobody can say that it is not for us: it becomes a dead letter, to be
        replayed by a version that knows it. That holds for garbage too."""
        if isinstance(name, str) and name in registered():
            return name in self._wanted
        return message.topic() in self._topics
