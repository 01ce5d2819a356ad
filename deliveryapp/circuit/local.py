"""A circuit's memory within one process, by the same rules as the shared one: for when Redis is away."""

import random
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock

from deliveryapp.circuit.shared import JITTER, seen
from deliveryapp.circuit.terms import SLOTS, Decision, Rules, State, Status, Totals

NOTHING = Totals(calls=0, failures=0, refused=0, trials=0, opened=0, closed=0)


@dataclass(slots=True)
class _Past:
    """Times are of the monotonic clock, in seconds; `window` has (calls, failures) by slot."""

    state: State = State.CLOSED
    trial: str = ""
    busy_until_s: float = 0.0
    closed_at_s: float = float("-inf")
    openings: int = 0
    window: dict[int, tuple[int, int]] = field(default_factory=dict)
    totals: Totals = NOTHING
    changed_at: datetime = field(default_factory=lambda: datetime.now(UTC))


class LocalMemory:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._past = _Past()
        self._lock = Lock()

    def admit(self, token: str) -> Decision:
        with self._lock:
            past, now_s = self._past, time.monotonic()
            was = past.state
            granted = was is State.CLOSED or (bool(token) and now_s >= past.busy_until_s)
            if token and not granted:
                self._count("refused")
            elif granted and was is not State.CLOSED:
                past.state, past.trial, past.busy_until_s = (
                    State.HALF_OPEN,
                    token,
                    now_s + self._rules.trial_s,
                )
                self._count("trials")
            return self._decision(was, now_s, granted=granted)

    def record(self, token: str, *, ok: bool) -> Decision:
        with self._lock:
            past, now_s = self._past, time.monotonic()
            was = past.state
            self._count("calls", *([] if ok else ["failures"]))
            if was is State.HALF_OPEN and past.trial == token:
                self._close(now_s) if ok else self._rest(now_s)
            elif was is State.CLOSED and self._is_too_much(now_s, ok=ok):
                self._rest(now_s)
            return self._decision(was, now_s, granted=True)

    def read(self, name: str) -> Status:
        with self._lock:
            past, now_s = self._past, time.monotonic()
            wait_s = max(0.0, past.busy_until_s - now_s)
            calls, failures = self._recent(now_s)
            return Status(
                name=name,
                state=seen(past.state, wait_s),
                retry_after_s=wait_s,
                changed_at=past.changed_at,
                recent_calls=calls,
                recent_failures=failures,
                totals=past.totals,
                is_shared=False,
            )

    def _is_too_much(self, now_s: float, *, ok: bool) -> bool:
        window, slot = self._past.window, self._slot(now_s)
        calls, failures = window.get(slot, (0, 0))
        window[slot] = (calls + 1, failures + (not ok))
        calls, failures = self._recent(now_s)
        rules = self._rules
        return not ok and calls >= rules.min_calls and failures >= rules.failure_share * calls

    def _recent(self, now_s: float) -> tuple[int, int]:
        first = self._slot(now_s) - SLOTS
        window = {slot: counts for slot, counts in self._past.window.items() if slot > first}
        self._past.window = window
        return sum(calls for calls, _ in window.values()), sum(failures for _, failures in window.values())

    def _slot(self, now_s: float) -> int:
        return int(now_s * SLOTS / self._rules.window_s)

    def _close(self, now_s: float) -> None:
        past = self._past
        past.state, past.trial, past.window, past.busy_until_s = State.CLOSED, "", {}, 0.0
        past.closed_at_s = now_s
        self._count("closed")

    def _rest(self, now_s: float) -> None:
        past, rules = self._past, self._rules
        if past.state is State.CLOSED and now_s - past.closed_at_s > rules.longest_open_s:
            past.openings = 0
        past.openings = min(past.openings + 1, 1000)
        first_s = rules.open_s * random.uniform(1 - JITTER, 1 + JITTER)
        past.busy_until_s = now_s + min(first_s * 2.0 ** (past.openings - 1), rules.longest_open_s)
        past.state, past.trial, past.window = State.OPEN, "", {}
        self._count("opened")

    def _count(self, *names: str) -> None:
        totals = self._past.totals
        self._past.totals = replace(totals, **{name: getattr(totals, name) + 1 for name in names})

    def _decision(self, was: State, now_s: float, *, granted: bool) -> Decision:
        past = self._past
        if past.state is not was:
            past.changed_at = datetime.now(UTC)
        return Decision(was, past.state, max(0.0, past.busy_until_s - now_s), granted)
