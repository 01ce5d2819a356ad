"""Create the topics of all events, and find those that somebody has made otherwise."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from django.conf import settings

from deliveryapp.kafka.asking import ANSWER_WITHIN_S, admin, answers
from deliveryapp.kafka.names import all_topics
from deliveryapp.transport import TransportDown

TIMEOUT_S = 15.0


@dataclass(frozen=True, kw_only=True)
class Topic:
    name: str
    partitions: int
    created: bool

    @property
    def is_right(self) -> bool:
        return self.partitions == int(settings.KAFKA_PARTITIONS)


def ensure_topics(*, timeout_s: float = TIMEOUT_S) -> list[Topic]:
    """All topics as they are now, after creating those that were missing. Raises TransportDown.

    What exists is left as it is: other partitions for the same keys would break the order per aggregate.
    """
    client = admin()
    try:
        before = _partitions(client, timeout_s)
        missing = [name for name in all_topics() if name not in before]
        made = set(_create(client, missing, timeout_s))
        now = _partitions(client, timeout_s, made) if made else before
    except KafkaException as error:
        raise TransportDown(error.args[0].str()) from error
    return [Topic(name=name, partitions=now.get(name, 0), created=name in made) for name in all_topics()]


def broker_identity() -> str:
    """A broker that was set up anew, or a topic that was, gives another answer. Raises TransportDown."""
    cluster = admin().describe_cluster(request_timeout=ANSWER_WITHIN_S)
    asked = admin().describe_topics(TopicCollection(all_topics()), request_timeout=ANSWER_WITHIN_S)
    topics = answers(asked.values())
    ids = sorted(f"{topic.name}={topic.topic_id}" for topic in topics)
    [told] = answers([cluster])
    return hashlib.sha256("\n".join([told.cluster_id, *ids]).encode()).hexdigest()[:32]


def _partitions(
    admin: AdminClient, timeout_s: float, expected: Sequence[str] | set[str] = ()
) -> dict[str, int]:
    """Topics and how many partitions each has; waits until the expected ones are known."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = admin.list_topics(timeout=timeout_s).topics
        counts = {name: len(topic.partitions) for name, topic in found.items()}
        if all(counts.get(name) for name in expected) or time.monotonic() > deadline:
            return counts
        time.sleep(0.1)


def _create(admin: AdminClient, names: Sequence[str], timeout_s: float) -> Iterator[str]:
    copies = int(settings.KAFKA_REPLICATION_FACTOR)
    # With acks=all: one broker may be away without stopping us, and none that knows a message may be alone.
    config = {"min.insync.replicas": str(max(1, copies - 1))}
    wanted = [NewTopic(name, int(settings.KAFKA_PARTITIONS), copies, config=config) for name in names]
    if not wanted:
        return
    answers = admin.create_topics(wanted, operation_timeout=timeout_s, request_timeout=timeout_s)
    for name, answer in answers.items():
        try:
            answer.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
        else:
            yield name
