"""The circuit breaker with numbers that a test can wait for."""

from __future__ import annotations

from typing import Any

from deliveryapp.circuit import Circuit, State
from payments.gateways import gateway
from payments.gateways.breaker import circuit_of
from tests.live import poll
from tests.orders.stage import Stage

MIN_CALLS = 3
DOWN = {"operation": "*", "kind": "lost_before_effect"}


def use_rules(settings: Any, **changed: float) -> None:
    """Opens after three silent calls; by default for longer than any test takes."""
    rules = {"MIN_CALLS": MIN_CALLS, "OPEN_S": 600, "LONGEST_OPEN_S": 600, **changed}
    for name, value in rules.items():
        setattr(settings, f"PAYMENT_CIRCUIT_{name}", value)
    gateway.cache_clear()


def break_off(stage: Stage, fault: dict[str, Any] | None = None, *, name: str = "stripe") -> list[str]:
    """The provider falls silent, and orders find out until its circuit opens; the ids of those."""
    stage.sandbox.faults(fault or DOWN)
    found = []
    while circuit_of(name).status().state is State.CLOSED:
        found.append(str(stage.unsettled()))
        assert len(found) <= MIN_CALLS, "it does not open"
    return found


def await_rest(circuit: Circuit | None = None) -> None:
    """Until an open circuit wants to be tried."""
    circuit = circuit or circuit_of("stripe")
    poll(
        lambda: circuit.status().state is State.HALF_OPEN and not circuit.status().retry_after_s,
        what="the rest to be over",
        timeout_s=10,
    )
