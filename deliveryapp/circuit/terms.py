"""The words of a circuit breaker."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

SLOTS = 10  # a window slides by a tenth of its length


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Opens when `failure_share` of at least `min_calls` calls within `window_s` failed: for `open_s`, each
    further time in a row for twice as long, up to `longest_open_s`. A trial that has not come back within
    `trial_s` is given up, and another one may begin.
    """

    window_s: float
    min_calls: int
    failure_share: float
    open_s: float
    longest_open_s: float
    trial_s: float

    @property
    def longest_wait_s(self) -> float:
        return max(self.longest_open_s, self.trial_s)


@dataclass(frozen=True, slots=True)
class Permit:
    """The right to make one call; `trial` is the token of a trial, empty while the circuit is closed."""

    trial: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Do not call; after `retry_after_s` it is worth asking again (0: a trial would be let through now)."""

    retry_after_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counted since the memory was last empty. `opened` and `closed` are transitions."""

    calls: int
    failures: int
    refused: int
    trials: int
    opened: int
    closed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a circuit stands. `half_open` with no `retry_after_s`: the next call will be the trial.

    `recent_calls` and `recent_failures` are those of the window; `is_shared` is False when this is only
    what the asking process knows.
    """

    name: str
    state: State
    retry_after_s: float
    changed_at: datetime
    recent_calls: int
    recent_failures: int
    totals: Totals
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What a memory decided: the state before and after, and how long to wait where nothing was granted."""

    was: State
    state: State
    wait_s: float
    granted: bool


class Memory(Protocol):
    """Where a circuit's past is kept; each call is one atomic decision."""

    def admit(self, token: str) -> Decision:
        """May a call be made? A trial only for those who bring a token for it."""
        ...

    def record(self, token: str, *, ok: bool) -> Decision: ...

    def read(self, name: str) -> Status: ...
