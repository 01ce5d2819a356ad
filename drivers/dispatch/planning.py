"""Who rides what, one job after the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.dispatch.board import Board, pickups_s
from drivers.dispatch.jobs import Job
from drivers.dispatch.matching import cheapest_pairs
from drivers.dispatch.picture import Seconds
from drivers.dispatch.weights import Weights


@dataclass(frozen=True, slots=True)
class Slot:
    """A job's place in the plan: the driver's row, when he takes it and how long he rides to the kitchen.
    `first` when nothing comes before it on his way."""

    row: int
    pickup_s: float
    approach_s: float
    first: bool


Plan = dict[int, Slot]
"""Per job (its index) who takes it, as things stand."""


@dataclass(slots=True)
class _Whereabouts:
    """Where drivers are and when, after what they got in earlier rounds."""

    free_s: Seconds
    travel_s: Seconds
    there: NDArray[np.bool_]
    orders: NDArray[np.float64]


def plan_jobs(board: Board, jobs: Sequence[Job], price: float, weights: Weights) -> Plan:
    """Round after round every driver gets at most one more job, after what he got before; as many jobs as
    possible are served, at the least cost. `price` is what a second of a driver's time is worth."""
    then = _Whereabouts(
        board.free_s.copy(),
        board.travel_s.copy(),
        board.there.copy(),
        np.array([float(driver.orders_done) for driver in board.drivers]),
    )
    plan: Plan = {}
    left = list(range(len(jobs)))
    busy: set[int] = set()
    for _ in range(weights.rounds):
        if not left:
            break
        taken = _round(board, [jobs[index] for index in left], then, price, weights)
        got = [(left[column], row, pickup_s, approach_s) for row, column, pickup_s, approach_s in taken]
        for index, row, pickup_s, approach_s in got:
            plan[index] = Slot(row, pickup_s, approach_s, row not in busy)
        _move_on(board, then, [(row, jobs[index], pickup_s) for index, row, pickup_s, _ in got])
        busy |= {row for _, row, _, _ in got}
        left = [index for index in left if index not in plan]
    return plan


def _round(
    board: Board, jobs: Sequence[Job], then: _Whereabouts, price: float, weights: Weights
) -> list[tuple[int, int, float, float]]:
    """(driver row, job column, pick-up, approach) of the cheapest matching."""
    pickup_s, approach_s = pickups_s(
        board, jobs, free_s=then.free_s, travel_s=then.travel_s, there=then.there
    )
    cost_s = _costs_s(board, jobs, then, pickup_s, approach_s, price, weights)
    return [
        (row, column, float(pickup_s[row, column]), float(approach_s[row, column]))
        for row, column in cheapest_pairs(cost_s)
    ]


def _costs_s(
    board: Board,
    jobs: Sequence[Job],
    then: _Whereabouts,
    pickup_s: Seconds,
    approach_s: Seconds,
    price: float,
    weights: Weights,
) -> Seconds:
    """Shape (drivers, jobs); every term is explained in docs/dispatch.md."""
    now_s = board.picture.now_s
    ready_s = np.array([job.ready_at_s for job in jobs])
    orders = np.array([float(len(job.orders)) for job in jobs])
    ride_s = np.array([job.ride_s for job in jobs])
    guaranteed = np.array([driver.guaranteed_orders for driver in board.drivers])
    beyond = np.clip((then.orders - guaranteed)[:, None] + orders, 0.0, 1.0)
    leaving = board.off_s - now_s < weights.leaving_within_s
    return np.asarray(
        (pickup_s - ready_s) * orders
        + weights.approach * approach_s
        + weights.ride * price * ride_s
        + weights.fair_s * beyond
        - weights.leaving_s * leaving[:, None]
        - np.maximum(now_s + weights.put_off_s - ready_s, 0.0) * orders
    )


def _move_on(board: Board, then: _Whereabouts, taken: Sequence[tuple[int, Job, float]]) -> None:
    """Put each driver where and when his job ends."""
    if not taken:
        return
    rows = [row for row, _, _ in taken]
    picture = board.picture
    ends = [job.end for _, job, _ in taken]
    then.free_s[rows] = [pickup_s + job.ride_s for _, job, pickup_s in taken]
    then.travel_s[rows] = picture.travel(ends, board.kitchens, board.legs.vehicle)
    then.there[rows] = False
    then.orders[rows] += [len(job.orders) for _, job, _ in taken]
