"""Faults on demand. The same seed and the same order of calls give the same faults.

A rule: ``{"operation": ..., "kind": ..., "rate": 0..1 | "nth": N, "times": N, "seconds": S}``.

``operation``: ``*``, a full name (``payment_intents.create``), its verb (``capture``) or ``refunds.*``;
for webhook kinds ``*``, ``webhooks`` or an event type (``charge.captured``).
When: ``rate`` is a probability per matching call; ``nth`` hits from the nth matching call on (1-based),
``times`` of them (1 unless told); ``times`` alone hits the first so many. None of them: every call.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import orjson

from .errors import Obj

#: API kinds, and the seconds they take unless told
API_KINDS = {
    "latency": 0.2,  # waits before the effect; the idempotency key is in flight meanwhile
    "500": 0.0,  # no effect; the 500 is stored under the key unless "stored" is false
    "500_after_effect": 0.0,  # effect done; the 500 is stored under the key
    "429": 0.0,  # before the key layer
    "409": 0.0,  # as if the key were in flight
    "lost_before_effect": 0.0,  # connection closed without an answer, nothing done
    "lost_after_effect": 0.0,  # connection closed without an answer, all done and stored
    "stall": 12.0,  # effect done and stored, the answer comes late
    "processing": 1.0,  # a good card answers so much later; the intent is "processing" meanwhile
    "reset_mid_body": 0.0,  # effect done and stored, connection reset in the middle of the answer
}
#: webhook kinds, and their seconds: how long a delay, how wide a window of reordering
WEBHOOK_KINDS = {"duplicate": 0.0, "reorder": 0.5, "delay": 1.0, "drop": 0.0}

_FIELDS = {
    "operation": str,
    "kind": str,
    "rate": float,
    "nth": int,
    "times": int,
    "seconds": float,
    "copies": int,
    "stored": bool,
}


@dataclass(slots=True)
class Rule:
    """``copies``: how many more times a duplicate is sent. ``calls`` and ``hits`` count."""

    kind: str
    operation: str = "*"
    rate: float | None = None
    nth: int | None = None
    times: int | None = None
    seconds: float = 0.0
    copies: int = 1
    stored: bool = True
    calls: int = 0
    hits: int = 0
    rng: random.Random = field(default_factory=random.Random, repr=False)

    def matches(self, operation: str) -> bool:
        wanted = self.operation
        return (
            wanted in ("*", operation)
            or operation.endswith(f".{wanted}")
            or (wanted == "webhooks" and self.kind in WEBHOOK_KINDS)
            or (wanted.endswith(".*") and operation.startswith(wanted[:-1]))
        )

    def fires(self) -> bool:
        """Counts one matching call; True when the fault hits it."""
        self.calls += 1
        hit = self._due()
        self.hits += hit
        return hit

    def _due(self) -> bool:
        if self.rate is not None:
            return (self.times is None or self.hits < self.times) and self.rng.random() < self.rate
        if self.nth is not None:
            return self.nth <= self.calls < self.nth + (self.times or 1)
        return self.times is None or self.calls <= self.times

    def public(self) -> Obj:
        names = (*_FIELDS, "calls", "hits")
        return {name: getattr(self, name) for name in names}


class RuleError(ValueError):
    """A fault rule that cannot be understood."""


def parse_rule(raw: object) -> Rule:
    if not isinstance(raw, dict) or not set(raw) <= set(_FIELDS):
        raise RuleError(f"a rule has the fields {', '.join(_FIELDS)}")
    kind = str(raw.get("kind"))
    defaults = API_KINDS | WEBHOOK_KINDS
    if kind not in defaults:
        raise RuleError(f"unknown kind {kind!r}; known: {', '.join(defaults)}")
    try:
        values = {name: _FIELDS[name](value) for name, value in raw.items() if value is not None}
    except (TypeError, ValueError) as error:
        raise RuleError(str(error)) from error
    return Rule(**{"seconds": defaults[kind], **values, "kind": kind})


def rules_of(text: str) -> object:
    """What a command line says: a JSON list of rules, or "5%" for so many faulty calls, every kind alike."""
    if not text.endswith("%"):
        return orjson.loads(text)
    try:
        share = float(text[:-1]) / 100
    except ValueError as error:
        raise RuleError(f"not a share of calls: {text!r}") from error
    kinds = [kind for kind in API_KINDS if kind not in ("latency", "processing")]
    return [{"operation": "*", "kind": kind, "rate": share / len(kinds)} for kind in kinds]


class Faults:
    def __init__(self, *, seed: int | None) -> None:
        self._seed = seed
        self.rules: list[Rule] = []
        self._made = 0

    def add(self, raw: object) -> None:
        """A rule or a list of rules, all or none."""
        rules = [parse_rule(one) for one in (raw if isinstance(raw, list) else [raw])]
        for rule in rules:
            self._made += 1
            rule.rng = random.Random(f"{self._seed}:{self._made}:{rule.operation}:{rule.kind}")
        self.rules.extend(rules)

    def clear(self) -> None:
        self.rules.clear()

    def of_call(self, operation: str) -> Rule | None:
        """The first rule that hits this API call."""
        for rule in self.rules:
            if rule.kind in API_KINDS and rule.matches(operation) and rule.fires():
                return rule
        return None

    def of_event(self, kind: str) -> list[Rule]:
        """Every rule that hits this event's delivery."""
        return [
            rule for rule in self.rules if rule.kind in WEBHOOK_KINDS and rule.matches(kind) and rule.fires()
        ]
