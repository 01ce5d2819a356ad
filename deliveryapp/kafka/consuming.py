"""A consumer group's member: gives each subscription of its queue what it wants, then commits the offsets.

Effects commit in the database before their offsets do, so that a crash between the two repeats messages that
the inbox knows. All happens in one thread, callbacks of a rebalance included: they run while we poll, when
nothing is being handled.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from django.db import InterfaceError, OperationalError, close_old_connections

from deliveryapp import watchdog
from deliveryapp.connections import use_one_connection
from deliveryapp.kafka.lag import lag
from deliveryapp.kafka.names import consumer_config, subscriptions_of, topics_of
from deliveryapp.kafka.offsets import Offsets
from deliveryapp.kafka.reading import Reader

log = structlog.get_logger(__name__)
library_log = logging.getLogger("librdkafka")

BATCH = 200
POLL_S = 0.5
BUDGET_S = 2.0  # for one batch: a stop, and a rebalance, wait no longer than that
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
TELL_LAG_EVERY_S = 10.0
LAST_WORDS_S = 3.0  # to tell the broker the last offsets and that we leave


def consume(group: str, stop: threading.Event) -> None:
    """Be a member until it is asked to stop. Raises what GroupConsumer does.

    The member has a thread of its own: while the client waits for a broker, its thread hears no signal. A
    broker that does not answer is not waited for: effects are in the database, and what comes again the
    inbox knows.
    """
    member = GroupConsumer(group)
    with ThreadPoolExecutor(1, thread_name_prefix="member") as threads:
        running = threads.submit(member.run, stop)
        while not running.done() and not stop.wait(POLL_S):
            continue
        if wait([running], timeout=LAST_WORDS_S).not_done:
            member.hands_free.wait()
            log.warning("kafka_left_without_the_broker", group=group)
            sys.stdout.flush()
            os._exit(0)
        running.result()


class GroupConsumer:
    """One member of the group of a queue; ``run`` returns when it is asked to stop.

    Raises UnknownGroup at once, KafkaException when the client is beyond repair.
    """

    def __init__(self, group: str) -> None:
        self.group = group
        self._readers = [Reader(row) for row in subscriptions_of(group)]
        self._consumer = Consumer(consumer_config(group), logger=library_log)
        self._offsets = Offsets(self._consumer, group=group, reach=BATCH)
        self._pause_s = FIRST_PAUSE_S
        self.hands_free = threading.Event()  # nothing is being handled
        self.hands_free.set()

    def run(self, stop: threading.Event) -> None:
        use_one_connection()
        topics = topics_of(reader.row for reader in self._readers)
        self._consumer.subscribe(
            topics, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost
        )
        log.info("kafka_consuming", group=self.group, topics=topics)
        tell_lag_at_s = time.monotonic() + TELL_LAG_EVERY_S
        try:
            while not stop.is_set():
                self._round(stop)
                if time.monotonic() >= tell_lag_at_s:
                    tell_lag_at_s = time.monotonic() + TELL_LAG_EVERY_S
                    self._tell_lag()
        finally:
            self._consumer.close()  # revokes, and so commits what is left
        log.info("kafka_stopped", group=self.group)

    def _round(self, stop: threading.Event) -> None:
        messages = self._poll()
        if messages and not self._handle(messages):
            # Heartbeats go on meanwhile; the messages come again.
            stop.wait(self._pause_s)
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
        else:
            self._offsets.commit()

    def _poll(self) -> list[Message]:
        """What there is, without waiting for a batch to fill."""
        first = self._consumer.poll(POLL_S)
        if first is None:
            return []
        return [one for one in (first, *self._consumer.consume(BATCH - 1, timeout=0)) if self._is_good(one)]

    def _is_good(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return self._offsets.owns(message)
        if error.fatal():
            raise KafkaException(error)
        log.warning("kafka_consumer_error", group=self.group, error=error.str())
        return False

    def _handle(self, messages: Sequence[Message]) -> bool:
        """Run the subscriptions; False, and nothing counts as done, when the database is away."""
        self.hands_free.clear()
        close_old_connections()
        try:
            with watchdog.cut_off():
                unhandled = self._digest(messages)
        except (OperationalError, InterfaceError) as error:
            log.error("kafka_database_away", group=self.group, error=str(error), again_in_s=self._pause_s)
            close_old_connections()
            self._offsets.rewind(messages)
            return False
        finally:
            self.hands_free.set()
        self._pause_s = FIRST_PAUSE_S
        self._offsets.note(messages)
        self._offsets.rewind(unhandled)
        return True

    def _digest(self, messages: Sequence[Message]) -> list[Message]:
        """Those for which a subscription had too little time."""
        budget_s = BUDGET_S / len(self._readers)
        left: list[Message] = []
        for reader in self._readers:
            left += reader.handle(messages, is_suspect=self._offsets.is_suspect, budget_s=budget_s)
        return left

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._offsets.take(partitions)
        log.info("kafka_assigned", group=self.group, partitions=len(partitions))

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._offsets.leave(partitions)
        log.info("kafka_revoked", group=self.group, partitions=len(partitions))

    def _lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._offsets.forget(partitions)
        log.warning("kafka_lost", group=self.group, partitions=len(partitions))

    def _tell_lag(self) -> None:
        try:
            lags = lag(self._consumer)
        except KafkaException as error:
            log.warning("kafka_lag_unknown", group=self.group, error=error.args[0].str())
            return
        behind = {f"{topic}/{number}": count for (topic, number), count in lags.items() if count}
        log.info("kafka_lag", group=self.group, total=sum(behind.values()), partitions=behind)
