"""From a new position to the frames of those who may see it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deliveryapp.positions import Position
from drivers.facade import TripInfo
from tracking import selectors
from tracking.eta import Eta


@dataclass(frozen=True, slots=True)
class PositionFrame:
    """`driver_id` lets each socket check that this is still the driver of its order."""

    group: str
    frame: dict[str, Any]
    driver_id: str


def order_group(order_id: UUID) -> str:
    return f"order.{order_id}"


def restaurant_group(restaurant_id: UUID) -> str:
    return f"restaurant.{restaurant_id}"


def driver_group(driver_id: UUID) -> str:
    return f"driver.{driver_id}"


def position_frame(trip: TripInfo, position: Position, eta: Eta) -> PositionFrame:
    frame = {
        "type": "position",
        "lat": position.point.lat,
        "lng": position.point.lng,
        "heading": position.heading,
        "at": position.at,
        "eta": eta.as_json(),
    }
    return PositionFrame(order_group(trip.order_id), frame, str(position.driver_id))


def frames_of(trips: tuple[TripInfo, ...], position: Position, *, now: datetime) -> list[PositionFrame]:
    """One frame per order this driver is on."""
    return [position_frame(trip, position, selectors.trip_eta(trip, position, now=now)) for trip in trips]
