"""Where idle drivers wait: near the kitchens that orders come from.

A place for a driver is worth what it shortens the ride of the nearest idle driver to the next order,
weighted by how likely each kitchen is to be next. One driver after the other takes the place that is worth
most, if it is worth the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.dispatch.picture import Departure, Kitchen, Picture, Seconds, ShiftDriver


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositionRules:
    """`gain_per_travel` is how much shorter (seconds) the way to the next order must become for each second
    of moving; earlier orders of the day and kitchens that nobody ordered from yet count by their weights.
    `most_kitchens` and `most_moves` bound the work of one decision; `far_s` is the way if nobody is idle."""

    earlier_weight: float = 0.5
    unknown_weight: float = 0.1
    gain_per_travel: float = 0.01
    furthest_s: float = 600.0
    least_stay_s: float = 900.0
    most_kitchens: int = 150
    most_moves: int = 4
    far_s: float = 1_800.0


RULES = RepositionRules()


def repositioned(
    picture: Picture,
    drivers: Sequence[ShiftDriver],
    wanted: frozenset[str],
    *,
    rules: RepositionRules = RULES,
) -> tuple[Departure, ...]:
    """Moves of drivers who are free and not `wanted` for any order."""
    idle = [driver for driver in drivers if _idle(driver, picture, wanted, rules)]
    kitchens = _likely(picture.kitchens, rules)
    if not idle or not kitchens:
        return ()
    share = _share(kitchens, rules)
    places = [kitchen.place for kitchen in kitchens]
    between_s = picture.travel(places, places, idle[0].vehicle)
    away_s = picture.travel([driver.place for driver in idle], places, idle[0].vehicle)
    moves: list[tuple[int, int]] = []
    here_s = away_s.copy()
    for _ in range(min(rules.most_moves, len(idle))):
        move = _best_move(here_s, away_s, between_s, share, rules, {row for row, _ in moves})
        if move is None:
            break
        moves.append(move)
        here_s[move[0]] = between_s[move[1]]
    return tuple(
        Departure(driver_id=idle[row].id, destination=places[column]) for row, column in sorted(moves)
    )


def _idle(driver: ShiftDriver, picture: Picture, wanted: frozenset[str], rules: RepositionRules) -> bool:
    stays = driver.off_at_s - picture.now_s >= rules.least_stay_s
    return stays and driver.free_at_s <= picture.now_s and driver.id not in wanted


def _likely(kitchens: Sequence[Kitchen], rules: RepositionRules) -> list[Kitchen]:
    ranked = sorted(kitchens, key=lambda kitchen: (-_weight(kitchen, rules), kitchen.id))
    return ranked[: rules.most_kitchens]


def _weight(kitchen: Kitchen, rules: RepositionRules) -> float:
    return kitchen.orders_lately + rules.earlier_weight * kitchen.orders_before + rules.unknown_weight


def _share(kitchens: Sequence[Kitchen], rules: RepositionRules) -> NDArray[np.float64]:
    weights = np.array([_weight(kitchen, rules) for kitchen in kitchens])
    return np.asarray(weights / weights.sum())


def _best_move(
    here_s: Seconds,
    away_s: Seconds,
    between_s: Seconds,
    share: NDArray[np.float64],
    rules: RepositionRules,
    moved: set[int],
) -> tuple[int, int] | None:
    """(driver, kitchen) whose worth less the way is greatest, or None when none is worth it."""
    best, found = 0.0, None
    nearest = np.argsort(here_s, axis=0)[:2]
    kitchens = np.arange(here_s.shape[1])
    first_s = here_s[nearest[0], kitchens]
    second_s = here_s[nearest[1], kitchens] if len(here_s) > 1 else np.full_like(first_s, rules.far_s)
    now_s = float(first_s @ share)
    for row in range(len(here_s)):
        if row in moved:
            continue
        others_s = np.where(nearest[0] == row, second_s, first_s)
        expected_s = np.minimum(others_s, between_s) @ share
        gain_s = now_s - expected_s - rules.gain_per_travel * away_s[row]
        gain_s[(away_s[row] > rules.furthest_s) | (away_s[row] <= 0)] = -np.inf
        column = int(np.argmax(gain_s))
        if gain_s[column] > best:
            best, found = float(gain_s[column]), (row, column)
    return found
