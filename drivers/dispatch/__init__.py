"""The dispatch engine: who is asked to ride what. Pure: no Django, no I/O, no clock, no chance."""

from drivers.dispatch.engine import (
    FreeDriver,
    Policy,
    ProposedOffer,
    TravelMatrix,
    WaitingDelivery,
    plan,
)

__all__ = ["FreeDriver", "Policy", "ProposedOffer", "TravelMatrix", "WaitingDelivery", "plan"]
