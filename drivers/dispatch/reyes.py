"""The rolling horizon of Reyes et al., "The meal delivery routing problem" (2018), for comparison.

Our reading of the paper's default: every five minutes bundles of a target size are made per kitchen by
parallel insertion and matched with drivers, the urgent groups first; who cannot pick up before the next
time may be sent ahead, and what he takes is settled when he is there.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

import numpy as np

from drivers.dispatch.board import Board, column_of, pickups_s, set_up, singles
from drivers.dispatch.due import due
from drivers.dispatch.jobs import Job, joined
from drivers.dispatch.matching import cheapest_pairs
from drivers.dispatch.picture import Decision, OpenOrder, Picture, Place, Seconds, ShiftDriver
from drivers.dispatch.planning import Plan, Slot

EVERY_S = 300.0
ORDERS_WITHIN_S = 1_200.0
DRIVERS_WITHIN_S = 600.0
LOAD_WITHIN_S = 600.0
TARGET_S = 2_400.0
BOUND = 100.0  # more than any throughput
DELAY_WEIGHT = 0.2 / 60.0
"""Orders per minute that a minute of delay at the kitchen weighs, per order."""


def decide(picture: Picture) -> Decision:
    """Between the five minutes only for drivers who stand where they were sent, or who have just become free
    and set out for what they would have been told before."""
    now_s = picture.now_s
    orders = [order for order in picture.orders if order.ready_at_s <= now_s + ORDERS_WITHIN_S]
    kitchens = {order.pickup for order in orders}
    drivers = [driver for driver in picture.drivers if driver.place in kitchens or _asked(driver, now_s)]
    if not orders or not drivers:
        return Decision()
    orders.sort(key=lambda order: (order.ready_at_s, order.id))
    drivers.sort(key=lambda driver: driver.id)
    board = set_up(picture, orders, drivers)
    jobs = _bundles(board, orders, _target_size(picture))
    return due(board, jobs, _plan(board, jobs), just_in_time=False)


def _asked(driver: ShiftDriver, now_s: float) -> bool:
    mark_s = now_s - now_s % EVERY_S
    if mark_s == now_s:
        return driver.free_at_s <= now_s + DRIVERS_WITHIN_S
    return mark_s < driver.free_at_s <= now_s


def _target_size(picture: Picture) -> int:
    """Orders per driver in the near future, at least one; a bag sets the limit."""
    soon_s = picture.now_s + LOAD_WITHIN_S
    pressing = sum(order.ready_at_s <= soon_s for order in picture.orders)
    hands = sum(driver.free_at_s <= soon_s for driver in picture.drivers)
    return max(min(ceil(pressing / max(hands, 1)), max(driver.capacity for driver in picture.drivers)), 1)


def _bundles(board: Board, orders: Sequence[OpenOrder], target: int) -> list[Job]:
    by_kitchen: dict[Place, list[OpenOrder]] = {}
    for order in orders:
        by_kitchen.setdefault(order.pickup, []).append(order)
    jobs = []
    for kitchen, waiting in by_kitchen.items():
        standing = sum(driver.place == kitchen for driver in board.drivers)
        routes = max(ceil(len(waiting) / target), min(standing, len(waiting)))
        jobs += _inserted(board, waiting, routes, target)
    return jobs


def _inserted(board: Board, waiting: Sequence[OpenOrder], routes: int, target: int) -> list[Job]:
    """Each order, the first ready first, into the bundle where it costs its orders least; empty ones first
    where that is no dearer."""
    bundles: list[Job] = []
    for order, alone in zip(waiting, singles(board, waiting), strict=True):
        if len(bundles) < routes:
            bundles.append(alone)
            continue
        options = []
        for index, bundle in enumerate(bundles):
            if len(bundle.orders) < target:
                wider = joined((*bundle.orders, order), board.legs, board.picture.service)
                options.append((wider.apart_s - bundle.apart_s, index, wider))
        if not options:
            bundles.append(alone)
            continue
        _, index, wider = min(options, key=lambda option: option[:2])
        bundles[index] = wider
    return bundles


def _plan(board: Board, jobs: Sequence[Job]) -> Plan:
    """Groups one after the other: late already, pick-up possible when ready, the rest."""
    pickup_s, approach_s = pickups_s(board, jobs)
    cost = _costs(board, jobs, pickup_s)
    groups = [_group(board, job, pickup_s[:, index]) for index, job in enumerate(jobs)]
    plan: Plan = {}
    for group in range(3):
        members = [index for index, of in enumerate(groups) if of == group]
        if not members:
            continue
        for row, column in cheapest_pairs(cost[:, members]):
            index = members[column]
            slot = Slot(row, float(pickup_s[row, index]), float(approach_s[row, index]), first=True)
            plan[index] = replace(slot, first=_commits(board, jobs[index], slot))
            cost[row] = np.inf
    return plan


def _commits(board: Board, job: Job, slot: Slot) -> bool:
    """Not yet where the next time of planning would still do: when the food is not ready before it, though
    the driver could be there."""
    next_s = board.picture.now_s + EVERY_S
    at_kitchen = board.there[slot.row, board.columns[job.kitchen_id]]
    arrives_late = board.picture.now_s + slot.approach_s > next_s
    return bool(at_kitchen) or arrives_late or job.ready_at_s <= next_s


def _costs(board: Board, jobs: Sequence[Job], pickup_s: Seconds) -> Seconds:
    """Less the orders delivered per minute of the driver's time, plus the weighted delay at the kitchen. Who
    was sent to a kitchen takes something there, and nobody else's."""
    orders = np.array([float(len(job.orders)) for job in jobs])
    ready_s = np.array([job.ready_at_s for job in jobs])
    done_s = pickup_s + np.array([job.ride_s for job in jobs])
    from_s = np.minimum(np.maximum(board.free_s, board.picture.now_s)[:, None], ready_s)
    throughput = 60.0 * orders / np.maximum(done_s - from_s, 60.0)
    bound = board.there[:, column_of(board, jobs)]
    elsewhere = np.asarray(bound.any(axis=1))[:, None] & ~bound
    allowed = np.isfinite(pickup_s) & ~elsewhere
    return np.where(allowed, DELAY_WEIGHT * (pickup_s - ready_s) - throughput - BOUND * bound, np.inf)


def _group(board: Board, job: Job, pickup_s: Seconds) -> int:
    placed_s = min(order.placed_at_s for order in job.orders)
    if max(job.ready_at_s, board.picture.now_s) + job.stamps_s[-1] > placed_s + TARGET_S:
        return 0
    return 1 if (pickup_s <= job.ready_at_s).any() else 2
