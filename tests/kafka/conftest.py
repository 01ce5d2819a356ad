"""One real broker per test process, and the two lines that events can travel on, each with real processes.

All tests that use the broker are in few files, so that pytest-xdist starts few brokers.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from deliveryapp import subscriptions
from deliveryapp.celery_transport import CeleryTransport
from deliveryapp.embedded import supervisor
from deliveryapp.kafka import asking, names
from deliveryapp.kafka.lag import group_lag
from deliveryapp.kafka.transport import KafkaTransport
from deliveryapp.transport import Transport
from tests.brokers import RunningBroker, running_broker
from tests.kafka import handlers
from tests.live import LiveStack, live_stack

GROUPS = ("events", "tracking")
_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def broker() -> Iterator[RunningBroker]:
    with running_broker() as broker:
        yield broker


@dataclass(frozen=True, kw_only=True)
class Line:
    """A transport and the processes behind it; ``digester`` is the one that runs `toy.ledger`."""

    name: str
    carrier: Transport
    digester: str
    env: Mapping[str, str]
    drained: Callable[[], bool]  # the group or queue of the digester is

    def running(self, groups: Sequence[str] = ("events",)) -> AbstractContextManager[LiveStack]:
        """With Kafka a process for each of these groups; Celery's worker serves all queues."""
        if self.name == "celery":
            return live_stack(["worker"], self.env)
        return live_stack([f"consume-{group}" for group in groups], self.env, groups=groups)


@pytest.fixture
def toy_table(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The toy handlers, here and in the environment of the processes."""
    monkeypatch.setenv("TOY_DIR", str(tmp_path))
    settings.EVENT_SUBSCRIPTIONS = "tests.kafka.handlers.SUBSCRIPTIONS"
    _forget()
    handlers.make_table()
    # Who dies comes back at once: here that happens on purpose.
    monkeypatch.setattr(supervisor, "FIRST_BACKOFF_S", 0.1)
    monkeypatch.setattr(supervisor, "LONGEST_BACKOFF_S", 0.1)
    yield {"DJANGO_SETTINGS_MODULE": "tests.kafka.settings", "TOY_DIR": str(tmp_path)}
    _forget()


@pytest.fixture
def kafka_settings(broker: RunningBroker, settings: Any) -> Iterator[dict[str, str]]:
    """Topics and groups of this test's own; few partitions, quick sessions."""
    env = {
        "EVENT_TRANSPORT": "kafka",
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "KAFKA_TOPIC_PREFIX": f"test{next(_numbers)}.",
        "KAFKA_PARTITIONS": "4",
        "KAFKA_SESSION_TIMEOUT_S": "1",
        "KAFKA_SEND_TIMEOUT_S": "3",
    }
    for name, value in env.items():
        setattr(settings, name, float(value) if name.endswith("_S") else value)
    _forget()
    call_command("kafka_topics", stdout=io.StringIO())
    yield env
    _forget()


def _forget() -> None:
    for known in (
        subscriptions.subscriptions,
        subscriptions.subscribers_of,
        names.groups,
        asking.admin,
    ):
        known.cache_clear()


@pytest.fixture
def kafka_line(kafka_settings: dict[str, str], toy_table: dict[str, str]) -> Line:
    return Line(
        name="kafka",
        carrier=KafkaTransport(),
        digester="consume-events",
        env=kafka_settings | toy_table,
        drained=lambda: not sum(group_lag("events").values()),
    )


@pytest.fixture(params=["celery", "kafka"])
def line(request: pytest.FixtureRequest, toy_table: dict[str, str]) -> Line:
    """Each of the two: what holds on one must hold on the other."""
    if request.param == "kafka":
        kafka: Line = request.getfixturevalue("kafka_line")
        return kafka
    return Line(
        name="celery",
        carrier=CeleryTransport(),
        digester="worker",
        env=toy_table | {"EVENT_TRANSPORT": "celery"},
        drained=lambda: celery_queues_empty(request.getfixturevalue("_redis")),
    )


def celery_queues_empty(client: Any) -> bool:
    """Nothing waits and nothing is unacknowledged."""
    return not client.exists("events", "unacked")
