"""The closing table: what became of the orders, of the promises and of the money. Pure text and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from time import monotonic
from typing import Any

from deliveryapp.simulator import measures
from deliveryapp.simulator.endings import Ending, MoneyCheck
from deliveryapp.simulator.measures import POSITION_DROPPED, Percentiles
from deliveryapp.simulator.oplog import OpSummary
from deliveryapp.simulator.tables import amount, duration, share, table
from deliveryapp.simulator.world import ACTIVE, FINAL, World

YES, NO = "✓", "✗"
REFUSALS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Promise:
    """A measured series and, if anything was promised, the limit its p99 must stay below, in seconds."""

    title: str
    series: str
    limit_s: float | None = None
    times_speed: bool = False


PROMISES = (
    Promise("order placed (HTTP)", measures.PLACE),
    Promise("restaurant sees the order", measures.SEEN, 2.0),
    Promise("confirmed to driver assigned", measures.ASSIGNED, 30.0),
    Promise("  the same in city time", measures.ASSIGNED, times_speed=True),
    Promise("order status API", measures.STATUS_API, 0.1),
    Promise("position age at the customer", measures.POSITION_AGE, 5.0),
    Promise("placed to delivered (city time)", measures.DOOR_TO_DOOR),
    Promise("the simulator's own lag", measures.LOOP_LAG),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the closing table says, and the JSON report with it."""

    city: str
    seed: int
    speed: float
    rate: float
    elapsed_s: float
    min_delivered: float
    states: dict[str, int]
    unplaced: int
    reasons: tuple[tuple[str, int, bool], ...]
    series: dict[str, Percentiles | None]
    money: MoneyCheck | None
    operations: OpSummary
    requests: dict[str, int]
    refusals: dict[str, int]
    events: dict[str, int]
    findings: tuple[str, ...]

    @classmethod
    def of(
        cls,
        world: World,
        *,
        endings: Sequence[Ending],
        operations: OpSummary,
        money: MoneyCheck | None,
        findings: Iterable[str],
    ) -> Facts:
        undelivered = Counter((end.label, end.explained) for end in endings if end.status != "delivered")
        return cls(
            city=world.city.name,
            seed=world.options.seed,
            speed=world.options.speed,
            rate=world.options.rate,
            elapsed_s=monotonic() - world.started,
            min_delivered=world.options.min_delivered,
            states=dict(Counter(order.status for order in world.orders.values())),
            unplaced=len(world.unplaced),
            reasons=tuple((label, count, ok) for (label, ok), count in sorted(undelivered.items())),
            series={promise.series: world.measures.percentiles(promise.series) for promise in PROMISES},
            money=money,
            operations=operations,
            requests=dict(world.measures.requests),
            refusals=dict(world.measures.refusals),
            events=dict(world.measures.events),
            findings=tuple(findings),
        )

    @property
    def placed(self) -> int:
        return sum(self.states.values())

    @property
    def is_clean(self) -> bool:
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "placed": self.placed, "clean": self.is_clean}


def closing_table(facts: Facts) -> str:
    """The whole table, ready to print, with a newline at its end."""
    sections = [
        [
            f"Simulation of {facts.city}: {facts.placed} orders in {duration(facts.elapsed_s)}, "
            f"seed {facts.seed}, speed {facts.speed:g}, {facts.rate:.2f} orders/s"
        ],
        _orders(facts),
        _reasons(facts),
        _promises(facts),
        _money(facts),
        _robustness(facts),
        _refusals(facts),
        _verdict(facts),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _orders(facts: Facts) -> list[str]:
    total = facts.placed + facts.unplaced
    rows = [
        [state, str(facts.states.get(state, 0)), share(facts.states.get(state, 0), total), ""]
        for state in ("delivered", "cancelled", "failed")
    ]
    rows[0][3] = _promise_mark(
        f"at least {facts.min_delivered:.1%}".replace("%", " %"),
        facts.states.get("delivered", 0) >= facts.min_delivered * total,
    )
    rows += [
        [f"open: {state}", str(facts.states[state]), share(facts.states[state], total), NO]
        for state in ACTIVE
        if facts.states.get(state)
    ]
    if facts.unplaced:
        rows.append(["never placed", str(facts.unplaced), share(facts.unplaced, total), NO])
    return table("Orders", ["number", "share", "promise"], rows)


def _reasons(facts: Facts) -> list[str]:
    rows = [
        [label, str(count), f"{YES} simulated" if explained else f"{NO} not simulated"]
        for label, count, explained in facts.reasons
        if label.split(" ")[0].rstrip(":") in FINAL
    ]
    return table("Not delivered", ["number", "cause"], rows) if rows else []


def _promises(facts: Facts) -> list[str]:
    rows = []
    for promise in PROMISES:
        found = facts.series[promise.series]
        if found is None:
            rows.append([promise.title, "0", "-", "-", "-", "-", ""])
            continue
        factor = facts.speed if promise.times_speed else 1.0
        times = [duration(value * factor) for value in (found.p50, found.p95, found.p99, found.max)]
        mark = ""
        if promise.limit_s is not None:
            mark = _promise_mark(f"p99 < {duration(promise.limit_s)}", found.p99 < promise.limit_s)
        rows.append([promise.title, f"{found.count:,}", *times, mark])
    return table("Times", ["samples", "p50", "p95", "p99", "max", "promise"], rows)


def _promise_mark(text: str, kept: bool) -> str:
    return f"{text} {YES if kept else NO}"


def _money(facts: Facts) -> list[str]:
    if facts.money is None:
        return []
    rows = [
        [
            found.currency,
            amount(found.ordered_minor),
            amount(found.captured_minor),
            str(found.mismatches),
            YES if found.mismatches == 0 and found.ordered_minor == found.captured_minor else NO,
        ]
        for found in facts.money.sums
    ]
    return table("Money", ["delivered for", "captured", "mismatches", ""], rows)


def _robustness(facts: Facts) -> list[str]:
    done, happened = facts.operations, Counter(facts.events)
    one_order = _promise_mark(f"{done.doubles_same} gave one order", not done.broken) if done.doubles else ""
    resolved = f"{done.unknown_placed} were placed, {done.unknown_refused} refused"
    offers = f"{happened['offer_decline']} declined, {happened['offer_ignored']} left to expire"
    rows = [
        ["requests", f"{sum(facts.requests.values()):,}", _failures(facts)],
        ["sockets reconnected", str(happened["socket_reconnect"]), f"{happened['frame_gap']} gaps closed"],
        ["placings", str(done.operations), f"{done.retries} sent again"],
        ["  of unknown outcome", str(done.unknown), f"{resolved}, {len(done.unresolved)} unresolved"],
        ["double submits", str(done.doubles), one_order],
        ["offers accepted", str(happened["offer_accept"]), offers],
        ["positions not believed", *_dropped_positions(facts)],
    ]
    return table("Robustness", ["number", ""], rows)


def _dropped_positions(facts: Facts) -> tuple[str, str]:
    """How many points the platform dropped, and why."""
    dropped = {
        name.removeprefix(POSITION_DROPPED): count
        for name, count in facts.events.items()
        if name.startswith(POSITION_DROPPED)
    }
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items()))
    return str(sum(dropped.values())), reasons


def _failures(facts: Facts) -> str:
    found = Counter(facts.requests)
    answered_5xx = sum(count for outcome, count in found.items() if outcome.startswith("5"))
    lost = f"{found['refused connection']} refused, {found['broken connection']} broken"
    return f"{answered_5xx} answered 5xx, {lost}; {facts.events.get('http_retry', 0)} sent again"


def _refusals(facts: Facts) -> list[str]:
    rows = [
        [what, str(count), ""]
        for what, count in sorted(facts.refusals.items(), key=lambda row: (-row[1], row[0]))
    ]
    return table("Refusals", ["number", ""], rows[:12]) if rows else []


def _verdict(facts: Facts) -> list[str]:
    if facts.is_clean:
        return [f"{YES} clean: every order ended as simulated, and the money followed."]
    return [f"{NO} {len(facts.findings)} findings:", *(f"  {NO} {finding}" for finding in facts.findings)]
