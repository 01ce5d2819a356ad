"""The delivery queue: every event goes to every endpoint until it answers 2xx; the order is not promised.

Which deliveries are open lives in the store (and so survives a kill); when they are due lives here.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from dataclasses import dataclass, field

import orjson

from .errors import Obj
from .faults import Faults, Rule
from .posting import FAILURES, Poster
from .store import Store

_SENDERS = 8
_TIMEOUT_S = 10.0
_BACKOFF_FIRST_S, _BACKOFF_MOST_S = 0.2, 30.0
_UNREACHABLE_MOST_S = 3.0


@dataclass(slots=True)
class _Delivery:
    """``extra``: a planted duplicate, which nobody waits for."""

    event: str
    endpoint: str
    attempt: int = 0
    extra: bool = False


@dataclass(slots=True)
class _Reach:
    """What is known about one endpoint: how often in a row it did not answer, and until when to leave it."""

    failures: int = 0
    blocked_until: float = 0.0
    delivered: int = 0
    refused: int = 0


def _first_state(rules: list[Rule]) -> str:
    return "dropped" if any(rule.kind == "drop" for rule in rules) else "pending"


@dataclass(slots=True)
class Webhooks:
    store: Store
    faults: Faults
    _due: list[tuple[float, int, _Delivery]] = field(default_factory=list)
    _ready: asyncio.Queue[_Delivery] = field(default_factory=asyncio.Queue)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _count: itertools.count[int] = field(default_factory=itertools.count)
    _reach: dict[str, _Reach] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        for (event, endpoint), state in self.store.undelivered.items():
            if state == "pending":
                self._push(_Delivery(event, endpoint), after_s=0.0)
        self._tasks = [asyncio.create_task(self._pump())]
        self._tasks += [asyncio.create_task(self._send()) for _ in range(_SENDERS)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def endpoints(self) -> list[Obj]:
        return [row for row in self.store.tables["endpoint"].rows.values() if row["enabled"]]

    def commit(self, record: Obj) -> None:
        """Commits the record with the deliveries of its events, then schedules them."""
        events = record.get("put", {}).get("event", ())
        planned = [
            (_Delivery(event["id"], endpoint["id"]), self.faults.of_event(event["type"]))
            for event in events
            for endpoint in self.endpoints()
        ]
        if planned:
            record["queue"] = [[one.event, one.endpoint, _first_state(rules)] for one, rules in planned]
        if record:
            self.store.commit(record)
        for delivery, rules in planned:
            if self.store.undelivered[delivery.event, delivery.endpoint] == "pending":
                self._plan(delivery, {rule.kind: rule for rule in rules})

    def _plan(self, delivery: _Delivery, rules: dict[str, Rule]) -> None:
        after_s = rules["delay"].seconds if "delay" in rules else 0.0
        window_s = rules["reorder"].seconds if "reorder" in rules else 0.0
        self._push(delivery, after_s=after_s + self.store.rng.uniform(0, window_s))
        for _ in range(rules["duplicate"].copies if "duplicate" in rules else 0):
            copy = _Delivery(delivery.event, delivery.endpoint, extra=True)
            self._push(copy, after_s=after_s + self.store.rng.uniform(0, window_s or 0.05))

    def resend(self, *, events: list[str] | None, every: bool) -> int:
        """Dropped deliveries become pending; ``events`` or ``every`` also sends again what was delivered."""
        wanted = list(self.store.tables["event"].rows) if every else events or []
        pairs = {(event, endpoint["id"]) for event in wanted for endpoint in self.endpoints()}
        if events is None:
            pairs |= {pair for pair, state in self.store.undelivered.items() if state == "dropped"}
        if pairs:
            self.store.commit({"queue": [[event, endpoint, "pending"] for event, endpoint in sorted(pairs)]})
        for event, endpoint in pairs:
            self._push(_Delivery(event, endpoint), after_s=0.0)
        return len(pairs)

    def forget(self) -> None:
        """After a reset: nothing is open."""
        self._due.clear()
        while not self._ready.empty():
            self._ready.get_nowait()

    def report(self) -> Obj:
        states = list(self.store.undelivered.values())
        return {
            "pending": states.count("pending"),
            "dropped": states.count("dropped"),
            "endpoints": [
                {
                    "id": row["id"],
                    "url": row["url"],
                    "delivered": self._reach_of(row["id"]).delivered,
                    "refused": self._reach_of(row["id"]).refused,
                }
                for row in self.endpoints()
            ],
        }

    def _reach_of(self, endpoint: str) -> _Reach:
        return self._reach.setdefault(endpoint, _Reach())

    def _push(self, delivery: _Delivery, *, after_s: float) -> None:
        now = asyncio.get_running_loop().time()
        if after_s <= 0:
            self._ready.put_nowait(delivery)
            return
        heapq.heappush(self._due, (now + after_s, next(self._count), delivery))
        self._wake.set()

    async def _pump(self) -> None:
        """Moves what is due to the senders."""
        loop = asyncio.get_running_loop()
        while True:
            while self._due and self._due[0][0] <= loop.time():
                self._ready.put_nowait(heapq.heappop(self._due)[2])
            self._wake.clear()
            wait_s = self._due[0][0] - loop.time() if self._due else None
            try:
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _send(self) -> None:
        poster = Poster(timeout_s=_TIMEOUT_S)
        try:
            while True:
                await self._deliver(await self._ready.get(), poster)
        finally:
            poster.close()

    async def _deliver(self, delivery: _Delivery, poster: Poster) -> None:
        event = self.store.get("event", delivery.event)
        endpoint = self.store.get("endpoint", delivery.endpoint)
        if event is None or endpoint is None or not endpoint["enabled"]:
            return
        reach = self._reach_of(delivery.endpoint)
        blocked_s = reach.blocked_until - asyncio.get_running_loop().time()
        if blocked_s > 0:
            self._push(delivery, after_s=blocked_s + self.store.rng.uniform(0, 0.2))
            return
        try:
            status = await poster.post(endpoint["url"], orjson.dumps(event), secret=endpoint["secret"])
        except FAILURES:
            self._unreachable(reach)
            status = 0
        self._answered(delivery, reach, status)

    def _unreachable(self, reach: _Reach) -> None:
        reach.failures += 1
        pause_s = min(_UNREACHABLE_MOST_S, _BACKOFF_FIRST_S * 2 ** min(reach.failures, 6))
        reach.blocked_until = asyncio.get_running_loop().time() + pause_s

    def _answered(self, delivery: _Delivery, reach: _Reach, status: int) -> None:
        if status:
            reach.failures = 0
        if 200 <= status < 300:
            reach.delivered += 1
            if (delivery.event, delivery.endpoint) in self.store.undelivered and not delivery.extra:
                self.store.commit({"done": [[delivery.event, delivery.endpoint]]})
            return
        reach.refused += 1
        delivery.attempt += 1
        pause_s = min(_BACKOFF_MOST_S, _BACKOFF_FIRST_S * 2 ** min(delivery.attempt, 10))
        self._push(delivery, after_s=pause_s * self.store.rng.uniform(0.5, 1.0))
