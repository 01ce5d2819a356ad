"""How far a consumer group is behind: by a consumer's own positions, and seen from outside."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from deliveryapp.kafka.names import client_config, group_id, subscriptions_of, topics_of
from deliveryapp.transport import TransportDown

Lags = Mapping[tuple[str, int], int]  # (topic, partition): messages not handled yet
ASK_TIMEOUT_S = 5.0
library_log = logging.getLogger("librdkafka")


def lag(consumer: Consumer) -> Lags:
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


def group_lag(group: str) -> Lags:
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


def _seen_by(observer: Consumer, topics: Sequence[str]) -> Lags:
    """The observer asks in the group's name and never joins it."""
    found = observer.list_topics(timeout=ASK_TIMEOUT_S).topics
    known = [topic for topic in topics if topic in found]
    names = [TopicPartition(topic, number) for topic in known for number in found[topic].partitions]
    lags = {}
    for one in observer.committed(names, timeout=ASK_TIMEOUT_S) if names else ():
        low, high = observer.get_watermark_offsets(one, timeout=ASK_TIMEOUT_S)
        lags[_name(one)] = max(0, high - max(low, one.offset))
    return lags


def _name(one: TopicPartition) -> tuple[str, int]:
    return one.topic, one.partition
