"""Whoever wishes the platform ill: kills, stops and empties what it stands on, one after the other."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.brokers import RunningBroker
from tests.faults.ground import Ground
from tests.live import LiveStack

PAUSE_S = (0.5, 2.0)  # between two blows
SLEEPS_S = 3.5  # longer than a relay's lease in these tests


def children_of(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def kill(*pids: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass
class Nemesis:
    """`done` says in what order what was done; the same seed does the same."""

    stack: LiveStack
    ground: Ground
    rng: random.Random
    down_s: float
    beat_dead_s: float
    broker: RunningBroker | None = None
    consumers: Sequence[str] = ()
    done: list[str] = field(default_factory=list)
    trouble: list[BaseException] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def deeds(self) -> dict[str, Callable[[], None]]:
        return {
            "F1 web server killed": lambda: self._kill_child("web"),
            "F1 live server killed": lambda: self._kill_all("live"),
            "F2 worker's child killed": lambda: self._kill_child("worker"),
            "F2 worker killed with all its children": lambda: self._kill_all("worker"),
            "F3 relay killed": lambda: self._kill_all("relay"),
            "F3 relay paused past its lease": lambda: self._pause("relay"),
            "F4 worker paused": lambda: self._pause("worker"),
            "F5 Valkey killed": lambda: kill(self.ground.valkey_pid()),
            "F5 F7 Valkey empty": self._flush,
            "F5 Valkey away": lambda: self.ground.valkey_away(self.down_s),
            "F6 PostgreSQL killed": self._kill_database,
        } | (self._deeds_on_kafka(self.broker) if self.broker else {})

    def _long_deeds(self) -> dict[str, Callable[[], None]]:
        """Once, however many rounds there are."""
        return {"F22 beat dead": lambda: self._pause("beat", for_s=self.beat_dead_s)}

    def _deeds_on_kafka(self, broker: RunningBroker) -> dict[str, Callable[[], None]]:
        return {
            "F5 Kafka killed": broker.kill,
            "F2 consumer killed": lambda: self._kill_all(self.rng.choice(self.consumers)),
            "F4 consumer paused": lambda: self._pause(self.rng.choice(self.consumers)),
        }

    @contextlib.contextmanager
    def at_work(self, *, rounds: int) -> Iterator[None]:
        """Every deed so many times beside the block, in an order of chance; all are done at its end."""
        thread = threading.Thread(target=self._work, args=[rounds], name="nemesis", daemon=True)
        thread.start()
        try:
            yield
        except BaseException:
            self._stop.set()
            raise
        finally:
            thread.join()
        assert self.trouble == []

    def _work(self, rounds: int) -> None:
        deeds = self.deeds() | self._long_deeds()
        plan = [
            deed for _ in range(rounds) for deed in self.rng.sample(sorted(self.deeds()), len(self.deeds()))
        ]
        for long in self._long_deeds():
            plan.insert(self.rng.randrange(len(plan)), long)
        for name in plan:
            if self._stop.wait(self.rng.uniform(*PAUSE_S)):
                return
            try:
                deeds[name]()
            except (OSError, redis.RedisError, AssertionError) as error:
                self.trouble.append(error)
                return
            self.done.append(name)

    def _pid(self, name: str) -> int:
        """Of one that may be about to be restarted."""
        deadline_s = time.monotonic() + 30
        while (pid := self.stack.supervisor.pid(name)) is None:
            assert time.monotonic() < deadline_s, f"{name} does not come back"
            time.sleep(0.05)
        return pid

    def _kill_child(self, name: str) -> None:
        children = children_of(self._pid(name))
        if children:
            kill(self.rng.choice(children))

    def _kill_all(self, name: str) -> None:
        os.killpg(self._pid(name), signal.SIGKILL)

    def _pause(self, name: str, *, for_s: float = SLEEPS_S) -> None:
        pid = self._pid(name)
        os.killpg(pid, signal.SIGSTOP)
        time.sleep(for_s)
        os.killpg(pid, signal.SIGCONT)

    def _flush(self) -> None:
        with redis.Redis.from_url(self.ground.redis_url) as client:
            client.flushall()

    def _kill_database(self) -> None:
        pid = self.ground.database_pid()
        backends = children_of(pid)
        kill(pid, *backends)
