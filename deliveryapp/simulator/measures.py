"""What a run measures: samples by name, counters by name, and their percentiles. Pure."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

PLACE, SEEN, ASSIGNED, STATUS_API, POSITION_AGE, DOOR_TO_DOOR, LOOP_LAG = (
    "place",
    "seen",
    "assigned",
    "status_api",
    "position_age",
    "door_to_door",
    "loop_lag",
)

POSITION_DROPPED = "position dropped: "  # an event, followed by the reason


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of `count` samples, in the unit of the samples (seconds throughout the simulator)."""

    count: int
    p50: float
    p95: float
    p99: float
    max: float


def percentiles(samples: Sequence[float]) -> Percentiles | None:
    """Nearest-rank percentiles (no interpolation: each is a sample that happened); None without samples."""
    if not samples:
        return None
    ranked = sorted(samples)

    def rank(share: float) -> float:
        return ranked[max(0, ceil(share * len(ranked)) - 1)]

    return Percentiles(len(ranked), rank(0.50), rank(0.95), rank(0.99), ranked[-1])


class Measures:
    """Samples in seconds and counters, both by name, for the whole run."""

    def __init__(self) -> None:
        self._samples: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self.requests: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.events: Counter[str] = Counter()

    def observe(self, name: str, seconds: float) -> None:
        self._samples[name].append(max(0.0, seconds))

    def percentiles(self, name: str) -> Percentiles | None:
        return percentiles(self._samples[name])
