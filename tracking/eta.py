"""When the food will be at the door. Pure: facts in, a range out.

    remaining = max(preparation left, driver to kitchen) + hand-over + kitchen to door + door

Durations are seconds of the city's time; `speed` turns them into wall clock. Driver's ways are the straight
line times a circuity factor at his vehicle's speed, so that a position frame costs no route search.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from deliveryapp.geo import Point
from deliveryapp.routing import router_for

PREPARATION_UNKNOWN_S = 1_200.0  # not confirmed yet: answering and cooking
SEARCH_AND_APPROACH_S = 480.0  # nobody assigned, or his position is unknown
HAND_OVER_S = 120.0
AT_THE_DOOR_S = 60.0
STILL_COOKING_S = 60.0  # past the promised time and not ready

LONGEST_SPREAD_OF_S = 3_600.0  # a day ahead is not a day's uncertainty

Confidence = Literal["low", "medium", "high"]
SPREAD: dict[Confidence, tuple[float, float]] = {
    # share of what remains, plus seconds
    "low": (0.30, 180.0),
    "medium": (0.20, 90.0),
    "high": (0.10, 45.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`ready_at` is None before the restaurant confirmed; `driver_at` None while unknown, `fresh` if it is
    recent."""

    pickup: Point
    dropoff: Point
    ready_at: datetime | None
    ready: bool
    picked_up: bool
    vehicle: str
    driver_at: Point | None
    assigned: bool
    fresh: bool
    busy_s: float = 0.0  # what the kitchen said it needs on top, before it confirmed
    not_before: datetime | None = None  # a scheduled order is not brought earlier


@dataclass(frozen=True, slots=True)
class Eta:
    earliest_at: datetime
    latest_at: datetime
    confidence: Confidence

    def as_json(self) -> dict[str, Any]:
        return {
            "earliest_at": self.earliest_at.isoformat(),
            "latest_at": self.latest_at.isoformat(),
            "confidence": self.confidence,
        }


def estimate(facts: Facts, *, now: datetime, speed: float) -> Eta:
    """A range around what remains: a little earlier, more often later."""
    remaining_s = _remaining_s(facts, now, speed)
    if facts.not_before is not None and not facts.picked_up:
        remaining_s = max(remaining_s, (facts.not_before - now).total_seconds() * speed)
    confidence = _confidence(facts)
    share, extra_s = SPREAD[confidence]
    spread_s = min(remaining_s, LONGEST_SPREAD_OF_S) * share + extra_s
    earliest_s = max(0.0, remaining_s - spread_s / 2)
    return Eta(
        now + timedelta(seconds=earliest_s / speed),
        now + timedelta(seconds=(remaining_s + spread_s) / speed),
        confidence,
    )


def _remaining_s(facts: Facts, now: datetime, speed: float) -> float:
    if facts.picked_up:
        return _ride_s(facts, facts.driver_at or facts.pickup, facts.dropoff) + AT_THE_DOOR_S
    approach_s = SEARCH_AND_APPROACH_S
    if facts.assigned and facts.driver_at is not None:
        approach_s = _ride_s(facts, facts.driver_at, facts.pickup)
    at_kitchen_s = max(_preparation_s(facts, now, speed), approach_s)
    return at_kitchen_s + HAND_OVER_S + _ride_s(facts, facts.pickup, facts.dropoff) + AT_THE_DOOR_S


def _preparation_s(facts: Facts, now: datetime, speed: float) -> float:
    if facts.ready:
        return 0.0
    if facts.ready_at is None:
        return PREPARATION_UNKNOWN_S + facts.busy_s
    return max(STILL_COOKING_S, (facts.ready_at - now).total_seconds() * speed)


def _ride_s(facts: Facts, start: Point, end: Point) -> float:
    return ride(start, end, vehicle=facts.vehicle)


def ride(start: Point, end: Point, *, vehicle: str) -> float:
    """How long he needs, in seconds of the city's time."""
    return router_for(None).leg(start, end, vehicle=vehicle).duration_s


def _confidence(facts: Facts) -> Confidence:
    if not facts.fresh or facts.ready_at is None:
        return "low"
    return "high" if facts.picked_up else "medium"
