"""What things are called on the broker, and how every client finds it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.conf import settings

from deliveryapp.events import Event, registered
from deliveryapp.subscriptions import Subscription, subscriptions

LONGEST_PAUSE_S = 120  # between two polls: far longer than a batch's budget, or the group thinks us dead


class UnknownGroup(Exception):
    """No subscription has a queue of this name."""


def topic_of(event: type[Event]) -> str:
    return f"{settings.KAFKA_TOPIC_PREFIX}{event.topic}"


def all_topics() -> list[str]:
    """Of every event there is, whether anybody subscribes to it or not."""
    return sorted({topic_of(event) for event in registered().values()})


def topics_of(rows: Iterable[Subscription]) -> list[str]:
    return sorted({topic_of(event) for row in rows for event in row.events})


def group_id(group: str) -> str:
    return f"{settings.KAFKA_TOPIC_PREFIX}{group}"


@cache
def groups() -> dict[str, tuple[Subscription, ...]]:
    """The subscriptions of each queue; a queue is a consumer group."""
    found: defaultdict[str, list[Subscription]] = defaultdict(list)
    for row in subscriptions().values():
        found[row.queue].append(row)
    return {queue: tuple(rows) for queue, rows in sorted(found.items())}


def subscriptions_of(group: str) -> tuple[Subscription, ...]:
    """Raises UnknownGroup."""
    try:
        return groups()[group]
    except KeyError:
        raise UnknownGroup(f"there is no group {group!r}; the groups are {', '.join(groups())}") from None


def client_config() -> dict[str, Any]:
    """What every client needs; KAFKA_CLIENT_OPTIONS adds TLS and log-in where the broker wants them."""
    return {
        "bootstrap.servers": settings.KAFKA_BOOTSTRAP_SERVERS,
        "client.id": "deliveryapp",
        "reconnect.backoff.max.ms": 1000,
        # The default begins anew with the first address, and without any backoff, each time all are away.
        "metadata.recovery.strategy": "none",
        "socket.keepalive.enable": True,
        **settings.KAFKA_CLIENT_OPTIONS,
    }


def producer_config() -> dict[str, Any]:
    return client_config() | {
        "enable.idempotence": True,
        "acks": "all",
        "compression.type": "lz4",
        "linger.ms": 1,
        # Messages must not expire one by one, or a later one of the same order might overtake: KafkaTransport
        # has one deadline for all it was given.
        "message.timeout.ms": 0,
    }


def consumer_config(group: str) -> dict[str, Any]:
    session_ms = int(settings.KAFKA_SESSION_TIMEOUT_S * 1000)
    return client_config() | {
        "group.id": group_id(group),
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "earliest",
        "partition.assignment.strategy": "range",
        "session.timeout.ms": session_ms,
        "heartbeat.interval.ms": max(200, session_ms // 4),
        "max.poll.interval.ms": max(LONGEST_PAUSE_S * 1000, session_ms),
        "fetch.wait.max.ms": 200,
        "queued.max.messages.kbytes": 16 * 1024,
        "topic.metadata.refresh.interval.ms": 30_000,
    }
