"""How far this member has handled each of its partitions, and what the broker knows of it.

Each commit says in its metadata whether its author is still at work (OPEN) or has left in order (CLOSED).
Whoever takes over an open partition knows that its owner died over the next messages, or took too long.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

log = structlog.get_logger(__name__)

Place = tuple[str, int]  # topic, partition
OPEN, CLOSED = "open", "closed"
ASK_TIMEOUT_S = 5.0


class Offsets:
    """``reach``: how many messages of one partition a member may have had in hand when it died."""

    def __init__(self, consumer: Consumer, *, group: str, reach: int) -> None:
        self._consumer = consumer
        self._group = group
        self._reach = reach
        self._ours: set[Place] = set()
        self._handled: dict[Place, int] = {}  # the next offset to handle
        self._untold: set[Place] = set()  # of those, where the broker knows another one
        self._suspect_until: dict[Place, int] = {}

    def take(self, partitions: Sequence[TopicPartition]) -> None:
        """These are ours now; the broker hears at once that we are at work on them."""
        self._ours |= {(one.topic, one.partition) for one in partitions}
        try:
            committed = self._consumer.committed(list(partitions), timeout=ASK_TIMEOUT_S)
        except KafkaException as error:
            log.warning("kafka_offsets_unknown", group=self._group, error=error.args[0].str())
            return
        for one in committed:
            place = (one.topic, one.partition)
            if one.offset >= 0 and one.metadata == OPEN:
                self._suspect_until[place] = one.offset + self._reach
            # Of a partition that nobody has read yet the broker must know that somebody has begun.
            self._handled[place] = max(0, one.offset)
            self._untold.add(place)
        self.commit()

    def owns(self, message: Message) -> bool:
        return place_of(message) in self._ours

    def is_suspect(self, message: Message) -> bool:
        return offset_of(message) < self._suspect_until.get(place_of(message), 0)

    def note(self, handled: Iterable[Message]) -> None:
        for message in handled:
            self._handled[place_of(message)] = offset_of(message) + 1
            self._untold.add(place_of(message))

    def rewind(self, unhandled: Iterable[Message]) -> None:
        """Read again from the first of these in each partition on.

        Raises KafkaException when that is not possible: going on would pass them over.
        """
        first: dict[Place, int] = {}
        for message in unhandled:
            offset = offset_of(message)
            first[place_of(message)] = min(offset, first.get(place_of(message), offset))
        for place, offset in first.items():
            self._handled[place] = offset
            self._untold.add(place)
            self._consumer.seek(TopicPartition(*place, offset))

    def commit(self) -> None:
        """Tell the broker, and wait for its answer; what it does not take now is told again later."""
        self._tell(self._untold, OPEN)

    def leave(self, partitions: Sequence[TopicPartition]) -> None:
        """In order: all that is handled is told, and that nothing is in hand."""
        places = {(one.topic, one.partition) for one in partitions}
        self._tell(places & self._handled.keys(), CLOSED)
        self.forget(partitions)

    def forget(self, partitions: Sequence[TopicPartition]) -> None:
        """Somebody else has them: a commit of ours could take back his."""
        for one in partitions:
            place = (one.topic, one.partition)
            self._ours.discard(place)
            self._untold.discard(place)
            self._handled.pop(place, None)
            self._suspect_until.pop(place, None)

    def _tell(self, places: Iterable[Place], state: str) -> None:
        offsets = [TopicPartition(*place, self._handled[place], state) for place in places]
        if not offsets:
            return
        try:
            answers = self._consumer.commit(offsets=offsets, asynchronous=False) or []
        except KafkaException as error:
            log.warning("kafka_commit_failed", group=self._group, error=error.args[0].str())
            return
        for answer in answers:
            if answer.error is None:
                self._untold.discard((answer.topic, answer.partition))
            else:
                log.warning("kafka_commit_failed", group=self._group, error=answer.error.str())


def place_of(message: Message) -> Place:
    return message.topic() or "", message.partition() or 0


def offset_of(message: Message) -> int:
    return message.offset() or 0
