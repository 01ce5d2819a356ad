"""What the actors of one run share: options, clock, random streams and what is known of every order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic, time
from typing import Any

from deliveryapp.city import City
from deliveryapp.simulator.client import Session, Transport
from deliveryapp.simulator.measures import Measures
from deliveryapp.simulator.oplog import OpLog
from deliveryapp.simulator.plans import Fate, OrderPlan, stream

FINAL = frozenset({"delivered", "cancelled", "failed"})
ACTIVE = ("created", "placed", "confirmed", "preparing", "ready", "picked_up")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One run. `orders` None means until `duration_s` is over; that and `rate` (orders/s) are wall clock."""

    base_url: str
    live_url: str
    sandbox_url: str | None
    city: str
    seed: int
    speed: float
    rate: float
    orders: int | None
    duration_s: float | None
    customers: int
    kitchens: int
    drivers: int
    shares: dict[Fate, float]
    double_share: float
    driver_decline_share: float
    min_delivered: float
    stay: bool = False


@dataclass(slots=True, kw_only=True)
class SimOrder:
    """What the simulator knows of one order; `marks` are monotonic times of what happened, by name."""

    plan: OrderPlan
    session: Session
    restaurant_id: str
    order_id: str
    status: str = "created"
    marks: dict[str, float] = field(default_factory=dict)
    simulated: set[str] = field(default_factory=set)
    final_body: dict[str, Any] | None = None
    position_at: float | None = None

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    def mark(self, name: str) -> None:
        self.marks.setdefault(name, monotonic())


class World:
    """The one object every actor holds. Simulated people are slow by `pause`, which the speed shortens."""

    def __init__(self, *, options: Options, city: City, transport: Transport) -> None:
        self.options, self.city, self.transport = options, city, transport
        self.measures: Measures = transport.measures
        self.oplog = OpLog()
        self.orders: dict[str, SimOrder] = {}
        self.unplaced: dict[int, str] = {}
        self.restaurants: set[str] = set()
        self.drivers_online = 0
        self.drivers_busy = 0
        self.placing_is_over = False
        self.started = monotonic()
        self._placing: dict[str, int] = {}
        self._known = asyncio.Event()

    def rng(self, *names: object) -> random.Random:
        return stream(self.options.seed, *names)

    async def pause(self, simulated_s: float) -> None:
        """Wait as long as it takes in the city; never less than a moment of real time."""
        await asyncio.sleep(max(0.01, simulated_s / self.options.speed))

    def session(self, role: str, number: int) -> Session:
        """The demo account `role`-001, -002, ... (`number` counts from 0)."""
        return Session(self.transport, f"{role}-{number + 1:03d}@demo.example")

    def placing(self, restaurant_id: str, change: int) -> None:
        """A customer begins (+1) or ends (-1) sending an order to that restaurant."""
        self._placing[restaurant_id] = self._placing.get(restaurant_id, 0) + change
        self._tell()

    def add(self, order: SimOrder) -> None:
        self.orders[order.order_id] = order
        self._tell()

    async def order(self, order_id: str, restaurant_id: str, *, patience_s: float = 5.0) -> SimOrder | None:
        """Our knowledge of an order that a kitchen sees; None for an order that no simulated customer placed.

        A kitchen may hear of an order before its customer does: this waits while one is being placed.
        """
        deadline = monotonic() + patience_s
        while order_id not in self.orders and self._placing.get(restaurant_id) and monotonic() < deadline:
            changed = self._known
            try:
                await asyncio.wait_for(changed.wait(), deadline - monotonic())
            except TimeoutError:
                break
        return self.orders.get(order_id)

    def _tell(self) -> None:
        self._known.set()
        self._known = asyncio.Event()

    def open_orders(self) -> Iterator[SimOrder]:
        return (order for order in self.orders.values() if not order.is_final)


def seconds_since(iso: str) -> float:
    """Wall-clock seconds since an ISO 8601 time of the server; both clocks are taken to agree."""
    return time() - parse_time(iso)


def parse_time(iso: str) -> float:
    """POSIX seconds of an ISO 8601 time; one without a zone is UTC."""
    moment = datetime.fromisoformat(iso)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
