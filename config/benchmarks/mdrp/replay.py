"""A day of an instance, minute by minute, through the dispatch engine.

Here is only the clock: what was placed when, who stands where since when, and the carrying out of what the
engine decided. The future is hidden; of the day it knows the shifts, which are planned beforehand.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from config.benchmarks.mdrp.instance import MINUTE_S, CourierRow, Instance, OrderRow
from drivers.dispatch.picture import (
    Decision,
    Departure,
    Handover,
    Kitchen,
    OpenOrder,
    Picture,
    Place,
    Service,
    ShiftDriver,
)

Decide = Callable[[Picture], Decision]
LATELY_MIN = 60
LEAD_MIN = 30  # drivers are shown this long before their shift
BAG = 4  # orders; the rules set no limit, a bag does
FIRST_GUESS_MIN = 15.0
PRIOR_ORDERS = 3


@dataclass(frozen=True, slots=True)
class Delivered:
    order: OrderRow
    courier_id: str
    assigned_min: int
    pickup_min: int
    dropoff_min: int


@dataclass(frozen=True, slots=True)
class Move:
    courier_id: str
    depart_min: int
    origin: int
    destination: int


@dataclass(frozen=True, slots=True)
class Bag:
    """`order_ids` in the order of their drop-offs."""

    courier_id: str
    assigned_min: int
    pickup_min: int
    order_ids: tuple[str, ...]


@dataclass(slots=True)
class Replayed:
    """What happened, in the order in which it was decided."""

    delivered: list[Delivered] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    bags: list[Bag] = field(default_factory=list)
    decision_ms: list[float] = field(default_factory=list)


class PrepEstimates:
    """Preparation times expected from those that have come true on the same day."""

    def __init__(self) -> None:
        self._known: defaultdict[str, list[int]] = defaultdict(list)

    def learn(self, row: OrderRow) -> None:
        for name in (row.kitchen_id, ""):
            self._known[name].append(row.ready_min - row.placed_min)

    def of(self, row: OrderRow, now_min: int) -> int:
        """Minute by which this order may be ready; always in the future. A kitchen that is little known
        leans on all kitchens together."""
        everywhere = self._known[""]
        prior_min = sum(everywhere) / len(everywhere) if everywhere else FIRST_GUESS_MIN
        here = self._known[row.kitchen_id]
        mean_min = (sum(here) + PRIOR_ORDERS * prior_min) / (len(here) + PRIOR_ORDERS)
        return max(row.placed_min + round(mean_min), now_min + 1)


class Day:
    """The state of a replay at `now_min`."""

    def __init__(self, instance: Instance, *, estimated_prep: bool = False) -> None:
        self.instance = instance
        self._estimates = PrepEstimates() if estimated_prep else None
        self.result = Replayed()
        self.open: dict[str, OpenOrder] = {}
        self._row = {row.id: row for row in instance.orders}
        self._placed: defaultdict[int, list[OrderRow]] = defaultdict(list)
        for row in instance.orders:
            self._placed[row.placed_min].append(row)
        self._placed_at: dict[str, list[int]] = {kitchen: [] for kitchen in instance.kitchens}
        self._drivers = {row.id: _at_work(row, instance) for row in instance.couriers}
        self._on_min = {row.id: row.on_min for row in instance.couriers}
        rules = instance.rules
        self._service = Service(
            pickup_s=rules.pickup_service_min * MINUTE_S, dropoff_s=rules.dropoff_service_min * MINUTE_S
        )

    def run(self, decide: Decide) -> Replayed:
        last_min = max((row.off_min for row in self.instance.couriers), default=-1)
        for now_min in range(last_min + 1):
            self._place(now_min)
            if self._estimates:
                self._estimate(now_min)
            picture = self._picture(now_min)
            started_s = time.perf_counter()
            decision = decide(picture)
            self.result.decision_ms.append((time.perf_counter() - started_s) * 1_000)
            self._carry_out(decision, now_min)
        return self.result

    def _place(self, now_min: int) -> None:
        for row in self._placed.pop(now_min, ()):
            self._placed_at[row.kitchen_id].append(now_min)
            self.open[row.id] = OpenOrder(
                id=row.id,
                kitchen_id=row.kitchen_id,
                pickup=self.instance.kitchens[row.kitchen_id],
                dropoff=row.place,
                placed_at_s=row.placed_min * MINUTE_S,
                ready_at_s=row.ready_min * MINUTE_S,
            )

    def _estimate(self, now_min: int) -> None:
        """Instead of ready times the engine sees what is to be expected, until they have come."""
        assert self._estimates is not None
        for order_id, order in self.open.items():
            row = self._row[order_id]
            if order.ready_is_estimate or order.placed_at_s == now_min * MINUTE_S:
                is_ready = row.ready_min <= now_min
                expected_min = row.ready_min if is_ready else self._estimates.of(row, now_min)
                self.open[order_id] = replace(
                    order, ready_at_s=expected_min * MINUTE_S, ready_is_estimate=not is_ready
                )
                if is_ready:
                    self._estimates.learn(row)

    def _picture(self, now_min: int) -> Picture:
        return Picture(
            now_s=now_min * MINUTE_S,
            orders=tuple(self.open.values()),
            drivers=tuple(
                driver
                for driver in self._drivers.values()
                if self._on_min[driver.id] <= now_min + LEAD_MIN and driver.off_at_s >= now_min * MINUTE_S
            ),
            kitchens=self._kitchens(now_min),
            travel=self._travel,
            service=self._service,
        )

    def _kitchens(self, now_min: int) -> tuple[Kitchen, ...]:
        kitchens = []
        for kitchen, place in self.instance.kitchens.items():
            placed = self._placed_at[kitchen]
            lately = sum(1 for at_min in placed[-50:] if at_min > now_min - LATELY_MIN)
            kitchens.append(
                Kitchen(id=kitchen, place=place, orders_lately=lately, orders_before=len(placed) - lately)
            )
        return tuple(kitchens)

    def _travel(
        self, origins: Sequence[Place], destinations: Sequence[Place], _vehicle: str
    ) -> NDArray[np.float64]:
        return self.instance.travel_s(origins, destinations)  # type: ignore[arg-type]

    def _carry_out(self, decision: Decision, now_min: int) -> None:
        for departure in decision.departures:
            self._depart(departure, now_min)
        for handover in decision.handovers:
            self._hand_over(handover, now_min)

    def _depart(self, departure: Departure, now_min: int) -> None:
        driver, destination = self._drivers[departure.driver_id], departure.destination
        assert isinstance(driver.place, int)
        assert isinstance(destination, int)
        self.result.moves.append(Move(driver.id, now_min, driver.place, destination))
        takes_s = float(self.instance.travel_s([driver.place], [destination])[0, 0])
        self._drivers[driver.id] = replace(driver, place=destination, free_at_s=now_min * MINUTE_S + takes_s)

    def _hand_over(self, handover: Handover, now_min: int) -> None:
        driver, rows = self._drivers[handover.driver_id], [self._row[i] for i in handover.order_ids]
        pickup_min = round(handover.pickup_at_s / MINUTE_S)
        self.result.bags.append(Bag(driver.id, now_min, pickup_min, handover.order_ids))
        leaves_s = handover.pickup_at_s + self._service.after_pickup_s
        place = self.instance.kitchens[rows[0].kitchen_id]
        for row, dropoff_at_s in zip(rows, handover.dropoffs_at_s, strict=True):
            del self.open[row.id]
            dropoff_min = round(dropoff_at_s / MINUTE_S)
            self.result.moves.append(Move(driver.id, round(leaves_s / MINUTE_S), place, row.place))
            self.result.delivered.append(Delivered(row, driver.id, now_min, pickup_min, dropoff_min))
            leaves_s, place = dropoff_at_s + self._service.after_dropoff_s, row.place
        self._drivers[driver.id] = replace(
            driver, place=place, free_at_s=leaves_s, orders_done=driver.orders_done + len(rows)
        )


def _at_work(row: CourierRow, instance: Instance) -> ShiftDriver:
    rules, hours = instance.rules, (row.off_min - row.on_min) / 60
    return ShiftDriver(
        id=row.id,
        place=row.place,
        free_at_s=row.on_min * MINUTE_S,
        off_at_s=row.off_min * MINUTE_S,
        capacity=BAG,
        guaranteed_orders=rules.pay_per_hour * hours / rules.pay_per_order,
    )
