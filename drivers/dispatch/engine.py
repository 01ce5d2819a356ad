"""`plan` matches waiting deliveries with free drivers, for those who must answer an offer.

All times are seconds of one clock of the caller's choice; travel times are seconds too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from deliveryapp.geo import Point
from drivers.dispatch.cost import pair_costs_s, urgency_s
from drivers.dispatch.matching import cheapest_pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingDelivery:
    """`asked_at_s` is when the search began; `candidates` are those who may be asked, None means all."""

    id: UUID
    pickup: Point
    ready_at_s: float
    asked_at_s: float
    candidates: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeDriver:
    """`rating` in stars 0..5; `idle_since_s` is when he last had something to ride."""

    id: UUID
    point: Point
    vehicle: str
    rating: float
    idle_since_s: float
    free_slots: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedOffer:
    delivery_id: UUID
    driver_id: UUID
    cost_s: float
    travel_s: float


TravelMatrix = Callable[[Sequence[FreeDriver], Sequence[WaitingDelivery]], NDArray[np.float64]]
"""Seconds from each driver (rows) to each kitchen (columns); infinite where there is no way."""


class Policy(Enum):
    """MATCHING minimises the cost of the whole batch; NEAREST serves the oldest first and is the baseline."""

    MATCHING = "matching"
    NEAREST = "nearest"


def plan(
    waiting: Sequence[WaitingDelivery],
    drivers: Sequence[FreeDriver],
    now_s: float,
    travel: TravelMatrix,
    *,
    policy: Policy = Policy.MATCHING,
) -> tuple[ProposedOffer, ...]:
    """At most one offer per delivery and per driver, ordered by delivery id.

    The same input in any order gives the same plan. Drivers without a free slot count as absent.
    """
    waiting = sorted(waiting, key=lambda delivery: delivery.id)
    drivers = sorted((driver for driver in drivers if driver.free_slots > 0), key=lambda driver: driver.id)
    if not waiting or not drivers:
        return ()
    travel_s = _allowed(waiting, drivers, np.asarray(travel(drivers, waiting), dtype=np.float64))
    cost_s = pair_costs_s(
        travel_s,
        until_ready_s=np.array([delivery.ready_at_s - now_s for delivery in waiting]),
        rating=np.array([driver.rating for driver in drivers]),
        idle_s=np.array([now_s - driver.idle_since_s for driver in drivers]),
    )
    waited_s = np.array([now_s - delivery.asked_at_s for delivery in waiting])
    pairs = (
        cheapest_pairs(cost_s - urgency_s(waited_s))
        if policy is Policy.MATCHING
        else _nearest(travel_s, waited_s)
    )
    return tuple(
        ProposedOffer(
            delivery_id=waiting[column].id,
            driver_id=drivers[row].id,
            cost_s=float(cost_s[row, column]),
            travel_s=float(travel_s[row, column]),
        )
        for row, column in sorted(pairs, key=lambda pair: pair[1])
    )


def _allowed(
    waiting: Sequence[WaitingDelivery], drivers: Sequence[FreeDriver], travel_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The travel times, infinite for pairs that may not be."""
    row_of = {driver.id: row for row, driver in enumerate(drivers)}
    barred = np.zeros(travel_s.shape, dtype=bool)
    for column, delivery in enumerate(waiting):
        if delivery.candidates is not None:
            barred[:, column] = True
            barred[[row_of[i] for i in delivery.candidates if i in row_of], column] = False
    return np.where(barred, np.inf, travel_s)


def _nearest(travel_s: NDArray[np.float64], waited_s: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Oldest delivery first, each takes the nearest driver still free."""
    free, pairs = travel_s.copy(), []
    for column in np.argsort(-waited_s, kind="stable"):
        row = int(np.argmin(free[:, column]))
        if np.isfinite(free[row, column]):
            pairs.append((row, int(column)))
            free[row, :] = np.inf
    return pairs
