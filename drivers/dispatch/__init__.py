"""The dispatch engine: who is asked to ride what. Pure: no Django, no I/O, no clock, no chance.

`plan` (engine.py) answers a tick of the live dispatcher: one offer a driver. `rolling.decide` plans whole
ways: bundles, departures, moves of idle drivers; `reyes.decide` and `nearest.decide` answer the same
question for comparison. docs/dispatch.md explains every cost.
"""

from drivers.dispatch.engine import (
    FreeDriver,
    Policy,
    ProposedOffer,
    TravelMatrix,
    WaitingDelivery,
    plan,
)

__all__ = ["FreeDriver", "Policy", "ProposedOffer", "TravelMatrix", "WaitingDelivery", "plan"]
