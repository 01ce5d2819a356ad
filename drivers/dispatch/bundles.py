"""Which orders share a bag."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from drivers.dispatch.board import Board
from drivers.dispatch.jobs import Job, joined
from drivers.dispatch.planning import Plan, Slot
from drivers.dispatch.weights import Weights


def price_of_time(board: Board, jobs: Sequence[Job], weights: Weights) -> float:
    """What a second of a driver's time is worth in seconds of delay; rises with the load."""
    picture = board.picture
    soon_s = picture.now_s + weights.window_s
    work_s = sum(job.ride_s + weights.approach_guess_s for job in jobs if job.ready_at_s <= soon_s)
    an_hour = sum(kitchen.orders_lately for kitchen in picture.kitchens)
    work_s += weights.coming * weights.job_guess_s * an_hour * weights.window_s / 3_600.0
    hands_s = np.minimum(board.off_s, soon_s) - np.maximum(board.free_s, picture.now_s)
    load = work_s / max(float(np.clip(hands_s, 0.0, None).sum()), 600.0)
    rising = weights.price_base + weights.price_slope * (load - weights.price_from_load)
    return float(np.clip(rising, 0.0, weights.price_most))


@dataclass(frozen=True, slots=True)
class _Merger:
    gain_s: float
    job: Job
    slot: Slot


class _Bags:
    """Jobs being put together. Indexes stay; what went into another job is in `gone`."""

    def __init__(self, board: Board, jobs: Sequence[Job], plan: Plan, price: float, weights: Weights) -> None:
        self.board, self.price, self.weights = board, price, weights
        self.jobs, self.plan = list(jobs), dict(plan)
        self.gone: set[int] = set()
        self.room = max(driver.capacity for driver in board.drivers)

    def fill(self, indexes: Sequence[int]) -> None:
        """Within one kitchen the best merger first, as long as one pays."""
        found = {pair: merger for pair in combinations(indexes, 2) if (merger := self._merger(*pair))}
        while found:
            pair = min(found, key=lambda pair: (-found[pair].gain_s, pair))
            merged = self._merge(pair, found[pair])
            found = {other: merger for other, merger in found.items() if not self.gone.intersection(other)}
            others = [index for index in (*indexes, *range(len(self.jobs))) if self._beside(index, merged)]
            for index in dict.fromkeys(others):
                if merger := self._merger(index, merged):
                    found[(index, merged)] = merger

    def left(self) -> list[Job]:
        return [job for index, job in enumerate(self.jobs) if index not in self.gone]

    def _beside(self, index: int, merged: int) -> bool:
        same = self.jobs[index].kitchen_id == self.jobs[merged].kitchen_id
        return same and index != merged and index not in self.gone

    def _merge(self, pair: tuple[int, int], merger: _Merger) -> int:
        self.gone.update(pair)
        self.jobs.append(merger.job)
        self.plan[len(self.jobs) - 1] = merger.slot
        return len(self.jobs) - 1

    def _merger(self, a: int, b: int) -> _Merger | None:
        """The two in one bag, if the delay is less than what the saved time of a driver is worth."""
        one, other, weights = self.jobs[a], self.jobs[b], self.weights
        if len(one.orders) + len(other.orders) > weights.largest_bag or one.size + other.size > self.room:
            return None
        if abs(one.ready_at_s - other.ready_at_s) > weights.bag_spread_s:
            return None
        job = joined((*one.orders, *other.orders), self.board.legs, self.board.picture.service)
        slots = [slot for index in (a, b) if (slot := self._later(self.plan.get(index), job))]
        if not slots:
            return None
        slot = min(slots, key=lambda slot: (self._worth_s(job, slot), slot.row))
        gain_s = self._worth_s(one, self.plan.get(a)) + self._worth_s(other, self.plan.get(b))
        gain_s -= self._worth_s(job, slot)
        return _Merger(gain_s, job, slot) if gain_s > 0 else None

    def _later(self, slot: Slot | None, job: Job) -> Slot | None:
        """The same driver when the whole bag is ready; None when he may not."""
        if slot is None or job.size > self.board.room[slot.row]:
            return None
        pickup_s = max(slot.pickup_s, job.ready_at_s)
        if pickup_s > self.board.off_s[slot.row]:
            return None
        return Slot(slot.row, pickup_s, slot.approach_s, slot.first)

    def _worth_s(self, job: Job, slot: Slot | None) -> float:
        """Delay of its orders and the driver's time; of a job without a driver, what is to be feared."""
        weights, now_s = self.weights, self.board.picture.now_s
        pickup_s = slot.pickup_s if slot else max(now_s + weights.put_off_s, job.ready_at_s)
        approach_s = slot.approach_s if slot else weights.approach_guess_s
        delay_s = (pickup_s - job.ready_at_s) * len(job.orders) + job.apart_s
        return delay_s + self.price * (job.ride_s + approach_s)


def bundled(board: Board, jobs: Sequence[Job], plan: Plan, price: float, weights: Weights) -> list[Job]:
    """Jobs of one kitchen put together where the driver's time that it saves is worth the delay."""
    by_kitchen: defaultdict[str, list[int]] = defaultdict(list)
    for index, job in enumerate(jobs):
        by_kitchen[job.kitchen_id].append(index)
    bags = _Bags(board, jobs, plan, price, weights)
    for _, indexes in sorted(by_kitchen.items()):
        if len(indexes) > 1:
            bags.fill(indexes)
    return bags.left()
