"""How far consumer groups are behind: by a consumer's own positions, and seen from outside."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]
from django.conf import settings

from deliveryapp.kafka.asking import ANSWER_WITHIN_S, admin, answers
from deliveryapp.kafka.names import client_config, group_id, groups, subscriptions_of, topics_of
from deliveryapp.transport import Lags, TransportDown

PartitionLags = Mapping[tuple[str, int], int]  # (topic, partition): messages not handled yet
ASK_TIMEOUT_S, ASK_AGAIN_S = 5.0, 0.1
LEADERLESS = (KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION)
library_log = logging.getLogger("librdkafka")


def lag(consumer: Consumer) -> PartitionLags:
    """Of the partitions this consumer has, by its position and the newest offset it has heard of."""
    partitions = consumer.assignment()
    if not partitions:
        return {}
    positions = {_name(one): one.offset for one in consumer.position(partitions)}
    silent = [TopicPartition(*name) for name, offset in positions.items() if offset < 0]
    if silent:
        positions |= {_name(one): one.offset for one in consumer.committed(silent, timeout=ASK_TIMEOUT_S)}
    lags = {}
    for one in partitions:
        low, high = consumer.get_watermark_offsets(one, cached=True)  # negative before the first answer
        start = positions[_name(one)]
        lags[_name(one)] = max(0, high - (start if start >= 0 else max(0, low)))
    return lags


def group_lag(group: str) -> PartitionLags:
    """Of every partition that the group reads, by its committed offsets, whether it runs or not.

    Raises TransportDown, UnknownGroup.
    """
    topics = topics_of(subscriptions_of(group))
    observer = Consumer(client_config() | {"group.id": group_id(group)}, logger=library_log)
    try:
        return _seen_by(observer, topics)
    except KafkaException as error:
        raise TransportDown(error.args[0].str()) from error
    finally:
        observer.close()


def _seen_by(observer: Consumer, topics: Sequence[str]) -> PartitionLags:
    """The observer asks in the group's name and never joins it."""
    found = observer.list_topics(timeout=ASK_TIMEOUT_S).topics
    known = [topic for topic in topics if topic in found]
    names = [TopicPartition(topic, number) for topic in known for number in found[topic].partitions]
    lags = {}
    for one in observer.committed(names, timeout=ASK_TIMEOUT_S) if names else ():
        low, high = _watermarks(observer, one)
        lags[_name(one)] = max(0, high - max(low, one.offset))
    return lags


def _watermarks(observer: Consumer, partition: TopicPartition) -> tuple[int, int]:
    """The oldest offset and the next. For a moment nobody may lead a partition whose topic is new or whose
    broker has just gone.
    """
    give_up_at_s = time.monotonic() + ASK_TIMEOUT_S
    while True:
        try:
            low, high = observer.get_watermark_offsets(partition, timeout=ASK_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() not in LEADERLESS or time.monotonic() > give_up_at_s:
                raise
            time.sleep(ASK_AGAIN_S)
        else:
            return low, high


def all_lags() -> Lags:
    """Of every group and each topic that it reads, whether the group runs or not; with a few questions for
    all of them. Raises TransportDown.
    """
    topics = topics_of(row for rows in groups().values() for row in rows)
    begin = _bounds(topics, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
    end = _bounds(topics, OffsetSpec.latest())  # type: ignore[no-untyped-call]
    lags: dict[tuple[str, str], int] = {}
    for group, rows in groups().items():
        for one in _committed(group, topics_of(rows)):
            behind = max(0, end[_name(one)] - max(begin[_name(one)], one.offset))
            lags[group, one.topic] = lags.get((group, one.topic), 0) + behind
    return lags


def _bounds(topics: Iterable[str], spec: OffsetSpec) -> Mapping[tuple[str, int], int]:
    asked = admin().list_offsets(dict.fromkeys(_partitions(topics), spec), request_timeout=ANSWER_WITHIN_S)
    told = answers(asked.values())
    return {_name(one): answer.offset for one, answer in zip(asked, told, strict=True)}


def _committed(group: str, topics: Iterable[str]) -> Sequence[TopicPartition]:
    """The next offset to handle of each partition; negative where none was ever told."""
    wanted = ConsumerGroupTopicPartitions(group_id(group), _partitions(topics))
    asked = admin().list_consumer_group_offsets([wanted], request_timeout=ANSWER_WITHIN_S)
    [told] = answers(asked.values())
    partitions: Sequence[TopicPartition] = told.topic_partitions
    return partitions


def _partitions(topics: Iterable[str]) -> list[TopicPartition]:
    numbers = range(int(settings.KAFKA_PARTITIONS))
    return [TopicPartition(name, number) for name in topics for number in numbers]


def _name(one: TopicPartition) -> tuple[str, int]:
    return one.topic, one.partition
