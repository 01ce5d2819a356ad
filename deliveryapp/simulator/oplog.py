"""The op log of placing: every request sent, and what is known of its outcome. Pure.

As in Jepsen: an operation is `sent`, then `acked` (an order id), `refused` (a definite no) or `unknown` (the
connection broke, a time-out, a 5xx). Unknown operations are sent again with the same key until they resolve;
two different orders under one key, or a no after a yes, break the promise of idempotency.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    SENT = "sent"
    ACKED = "acked"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Operation:
    """One placing under one Idempotency-Key, however often it was sent."""

    key: str
    double: bool = False
    sends: int = 0
    outcome: Outcome = Outcome.SENT
    was_unknown: bool = False
    contradicted: bool = False
    code: str = ""
    order_ids: set[str] = field(default_factory=set)

    def sent(self) -> None:
        self.sends += 1

    def unknown(self) -> None:
        """A request was lost on the way; a definite answer that is already known stays."""
        self.was_unknown = True
        if self.outcome is Outcome.SENT:
            self.outcome = Outcome.UNKNOWN

    def acked(self, order_id: str) -> None:
        self.contradicted |= self.outcome is Outcome.REFUSED
        self.outcome = Outcome.ACKED
        self.order_ids.add(order_id)

    def refused(self, code: str, order_id: str | None = None) -> None:
        """A definite no. `order_id` names the order that was written and failed (a declined card), if any."""
        self.contradicted |= self.outcome is Outcome.ACKED
        self.outcome, self.code = Outcome.REFUSED, code
        if order_id is not None:
            self.order_ids.add(order_id)

    @property
    def retries(self) -> int:
        return max(0, self.sends - (2 if self.double else 1))

    @property
    def is_broken(self) -> bool:
        return self.contradicted or len(self.order_ids) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OpSummary:
    """What the closing table says about placing."""

    operations: int
    retries: int
    unknown: int
    unknown_placed: int
    unknown_refused: int
    unresolved: tuple[str, ...]
    doubles: int
    doubles_same: int
    broken: tuple[str, ...]
    refusals: dict[str, int]


class OpLog:
    """All placing operations of a run, by key."""

    def __init__(self) -> None:
        self._operations: dict[str, Operation] = {}

    def start(self, key: str, *, double: bool = False) -> Operation:
        """A new operation. Raises ValueError for a key that is already in use."""
        if key in self._operations:
            raise ValueError(f"key {key} is already in use")
        return self._operations.setdefault(key, Operation(key, double=double))

    def summary(self) -> OpSummary:
        operations = list(self._operations.values())
        unknown = [op for op in operations if op.was_unknown]
        doubles = [op for op in operations if op.double]
        resolved = Counter(op.outcome for op in unknown)
        open_outcomes = (Outcome.SENT, Outcome.UNKNOWN)
        return OpSummary(
            operations=len(operations),
            retries=sum(op.retries for op in operations),
            unknown=len(unknown),
            unknown_placed=resolved[Outcome.ACKED],
            unknown_refused=resolved[Outcome.REFUSED],
            unresolved=tuple(op.key for op in operations if op.outcome in open_outcomes),
            doubles=len(doubles),
            doubles_same=sum(1 for op in doubles if len(op.order_ids) == 1 and not op.contradicted),
            broken=tuple(op.key for op in operations if op.is_broken),
            refusals=dict(Counter(op.code for op in operations if op.outcome is Outcome.REFUSED)),
        )
