"""What happens to a delivery on its way to a driver. Subject: the delivery; key: the order."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from deliveryapp.events import Event, event


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryEvent(Event):
    """What every event of a delivery says."""

    topic: ClassVar[str] = "driver.assignment"
    source: ClassVar[str] = "drivers"
    subject_field: ClassVar[str] = "delivery_id"

    order_id: UUID
    delivery_id: UUID
    restaurant_id: UUID
    region: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSearchStarted(DeliveryEvent):
    """A delivery looks for a driver for the first time."""


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverOffered(DeliveryEvent):
    offer_id: UUID
    driver_id: UUID


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverOfferDeclined(DeliveryEvent):
    offer_id: UUID
    driver_id: UUID
    reason: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverOfferExpired(DeliveryEvent):
    """`went_offline`: it was one unanswered offer too many and ended his shift."""

    offer_id: UUID
    driver_id: UUID
    went_offline: bool


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverOfferWithdrawn(DeliveryEvent):
    """The question lost its sense: the order was cancelled or the driver left."""

    offer_id: UUID
    driver_id: UUID
    reason: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverAssigned(DeliveryEvent):
    assignment_id: UUID
    driver_id: UUID


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverArrived(DeliveryEvent):
    """`at` is "restaurant" or "customer"."""

    assignment_id: UUID
    driver_id: UUID
    at: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverPickedUp(DeliveryEvent):
    assignment_id: UUID
    driver_id: UUID


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverDelivered(DeliveryEvent):
    assignment_id: UUID
    driver_id: UUID


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverReleased(DeliveryEvent):
    """`requeued`: the search goes on with somebody else."""

    assignment_id: UUID
    driver_id: UUID
    reason: str
    requeued: bool


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSilent(DeliveryEvent):
    """He has the food and was not heard of for minutes."""

    assignment_id: UUID
    driver_id: UUID


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverHeard(DeliveryEvent):
    """He is back after a silence."""

    assignment_id: UUID
    driver_id: UUID


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class NoDriverFound(DeliveryEvent):
    """The search passed its deadline; it goes on, and somebody should look."""


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class DriverSearchEnded(DeliveryEvent):
    """The order ended while nobody was bound to it."""

    reason: str
