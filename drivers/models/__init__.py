"""Tables of the drivers: the person, the delivery that looks for one, the offer, the assignment."""

from drivers.models.assignment import Assignment, ReleaseReason
from drivers.models.delivery import Delivery
from drivers.models.driver import Driver, Vehicle
from drivers.models.offer import DeclineReason, Offer
from drivers.models.place_alert import OverrideReason, PlaceAlert, Step

__all__ = [
    "Assignment",
    "DeclineReason",
    "Delivery",
    "Driver",
    "Offer",
    "OverrideReason",
    "PlaceAlert",
    "ReleaseReason",
    "Step",
    "Vehicle",
]
