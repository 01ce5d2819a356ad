"""A city orders while everything it stands on is killed, paused and emptied (F1–F7, F13, F14, F22).

`make test` runs a few orders and every blow once; `make faults` hundreds. The seed is printed and repeats the
order of the blows.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deliveryapp.embedded import supervisor
from deliveryapp.embedded.stack import PROCESSES, consumer_name
from tests.brokers import RunningBroker, running_broker
from tests.faults import carriers
from tests.faults.apps import DIGESTED_VARIABLE
from tests.faults.conftest import HURRIED
from tests.faults.ground import Ground, private_ground
from tests.faults.nemesis import Nemesis
from tests.faults.subscribers import POISON_VARIABLE, POISONED, SUBSCRIPTIONS, TABLE, TWICE
from tests.live import LiveStack, live_stack, poll

pytestmark = pytest.mark.slow

# Apart from the other faults, with which it would take a worker too long.
TRANSPORTS = ("celery", pytest.param("kafka", marks=pytest.mark.xdist_group("kafka")))
RATE = "0.7"  # what a dozen drivers and two processors can carry with half of everything down
SPEED, FEW_ORDERS, MANY_ORDERS, ORDERS_PER_ROUND = 60, 20, 100, 60
TEN_MINUTES_S = 600.0  # of the city's time
SIZES = ("--restaurants", "5", "--drivers", "12", "--customers", "10")
PEOPLE = ("--kitchens", "4", "--drivers", "12", "--customers", "10")
# Nobody can promise a delivery with the database away; only that every end is a legal one.
UNPROMISED = re.compile(r"ended in a way nobody simulated: (cancelled|failed)|below the minimum of")
REST_WITHIN_S = 120.0
# A group of a few partitions that notices soon who is gone.
ON_KAFKA = {
    "KAFKA_PARTITIONS": "4",
    "KAFKA_REPLICATION_FACTOR": "1",
    "KAFKA_SESSION_TIMEOUT_S": "6",
    "KAFKA_SEND_TIMEOUT_S": "3",
}
DEAD = """
    SELECT l.event_id::text FROM deliveryapp_deadletter l JOIN deliveryapp_outboxevent e ON e.id = l.event_id
    WHERE l.state = 'dead'
"""
UNREADABLE = """
    SELECT count(*) FROM deliveryapp_deadletter l WHERE l.state = 'dead' AND error LIKE '%UnknownEvent%'
      AND NOT EXISTS (SELECT 1 FROM deliveryapp_outboxevent e WHERE e.id = l.event_id)
"""
DISCARD = f"""
    UPDATE deliveryapp_deadletter SET state = 'discarded', resolved_reason = 'poison', resolved_at = now()
    WHERE state = 'dead' AND (event_id::text IN ({POISONED})
      OR NOT EXISTS (SELECT 1 FROM deliveryapp_outboxevent e WHERE e.id = event_id))
"""


@dataclass(frozen=True)
class City:
    stack: LiveStack
    ground: Ground
    broker: RunningBroker | None  # of Kafka, and the consumers of its groups
    consumers: tuple[str, ...]
    seed: int
    orders: int
    twin: str


@pytest.fixture
def _empty_redis() -> None:
    """The processes here have a Valkey of their own."""


@pytest.fixture(scope="module", params=TRANSPORTS)
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    seed = request.config.getoption("--seed", 0) or time.time_ns() % 100_000
    orders = request.config.getoption("--orders", 0) or FEW_ORDERS
    env = HURRIED | {
        "EVENT_TRANSPORT": carriers.PATH,
        carriers.CARRIER_VARIABLE: request.param,
        carriers.SEED_VARIABLE: str(seed),
        POISON_VARIABLE: "1",
        DIGESTED_VARIABLE: "15",  # longer than the backlog that an outage leaves, or all is sent again
    }
    with ExitStack() as opened:
        patched = opened.enter_context(pytest.MonkeyPatch.context())
        patched.setattr(supervisor, "STABLE_S", 0.5)  # who lived that long died of us, and not of himself
        ground = opened.enter_context(private_ground(tmp_path_factory.mktemp("ground")))
        broker = opened.enter_context(running_broker()) if request.param == "kafka" else None
        if broker is not None:
            env |= ON_KAFKA | {"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers}
        prepare(ground, env, [["kafka_topics"]] if broker else [])
        consuming = tuple(sorted({row.queue for row in SUBSCRIPTIONS})) if broker else ()
        consumers = tuple(map(consumer_name, consuming))
        stack = opened.enter_context(
            live_stack(
                (*PROCESSES, *consumers),
                env,
                speed=SPEED,
                services=ground.env(),
                groups=consuming,
            )
        )
        yield City(stack, ground, broker, consumers, seed, orders, stack.start_twin("relay"))


def prepare(ground: Ground, env: dict[str, str], more: list[list[str]]) -> None:
    """A city without its processes."""
    with live_stack((), env, speed=SPEED, services=ground.env()) as bare:
        for command in (["migrate", "-v0"], ["seed_city", "--always-open", *SIZES], *more):
            assert bare.manage(*command) == 0, bare.log(command[0])
    ground.query(TABLE)


def simulate(city: City, report: Path) -> dict[str, Any]:
    stack = city.stack
    urls = ("--base-url", stack.base_url, "--live-url", stack.live_url, "--sandbox-url", stack.sandbox_url)
    shares = (
        "--no-answer-share",
        "0",
        "--decline-share",
        "0.05",
        "--cancel-share",
        "0.05",
        "--reject-share",
        "0.05",
    )
    size = ("--orders", str(city.orders), "--rate", RATE, "--speed", str(SPEED), "--seed", str(city.seed))
    stack.manage("simulate", *urls, *PEOPLE, *shares, *size, "--report", str(report))
    assert report.exists(), stack.log("simulate")
    told: dict[str, Any] = json.loads(report.read_text())
    return told


def test_a_city_under_blows_keeps_every_promise(
    city: City, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    say = pytestconfig.get_terminal_writer().line
    say(f"\n--seed {city.seed} --orders {city.orders}")
    nemesis = Nemesis(
        city.stack,
        city.ground,
        random.Random(city.seed),
        down_s=4 if city.orders < MANY_ORDERS else 20,
        beat_dead_s=TEN_MINUTES_S / SPEED if city.orders < MANY_ORDERS else 120,
        broker=city.broker,
        consumers=city.consumers,
    )
    with nemesis.at_work(rounds=max(1, city.orders // ORDERS_PER_ROUND)):
        told = simulate(city, tmp_path / "report.json")
    say(", ".join(nemesis.done))

    assert [finding for finding in told["findings"] if not UNPROMISED.search(finding)] == []
    assert told["placed"] + told["unplaced"] == city.orders
    assert_only_poison_is_dead(city.ground)
    assert city.ground.query(TWICE) == []
    assert_clean(city)


def assert_only_poison_is_dead(ground: Ground) -> None:
    """What can never be digested rests with its reason."""
    poll(
        lambda: sorted(ground.query(POISONED)) == sorted(ground.query(DEAD)),
        what="the poison, and nothing else, to be dead",
        timeout_s=REST_WITHIN_S,
    )
    assert ground.query(UNREADABLE) > [(0,)]


def assert_clean(city: City) -> None:
    """After people discarded the poison; more rubbish comes with what is sent again."""
    deadline_s = time.monotonic() + REST_WITHIN_S
    while True:
        city.ground.query(DISCARD)
        code = city.stack.manage("audit", "--sandbox-url", city.stack.sandbox_url, "--wait", "10")
        if code == 0:
            return
        assert time.monotonic() < deadline_s, city.stack.log("audit")
