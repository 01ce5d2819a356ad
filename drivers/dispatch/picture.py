"""What the rolling horizon looks at, and what it answers.

Immutable facts in seconds of one clock of the caller's choice; a place is whatever the caller's travel
function understands, and equal places are the same place.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Seconds = NDArray[np.float64]
Place = Hashable

Travel = Callable[[Sequence[Place], Sequence[Place], str], Seconds]
"""Seconds from each origin (rows) to each destination (columns) by a vehicle; infinite without a way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrder:
    """Placed and in no driver's bag. `size` is the room it takes in a bag; an estimate of `ready_at_s` is
    good for planning, but nothing is handed over on it."""

    id: str
    kitchen_id: str
    pickup: Place
    dropoff: Place
    placed_at_s: float
    ready_at_s: float
    size: int = 1
    ready_is_estimate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftDriver:
    """On shift, or soon to be. At `free_at_s` he is at `place` and can be told something new: in the past for
    who stands there since then, in the future for who is under way to it, delivering, or not yet on shift.

    `orders_done` counts what he delivered or carries; `guaranteed_orders` is how many orders his guaranteed
    pay is worth.
    """

    id: str
    place: Place
    free_at_s: float
    off_at_s: float
    capacity: int = 4
    vehicle: str = "bicycle"
    orders_done: int = 0
    guaranteed_orders: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kitchen:
    """`orders_lately` were placed within the last hour, `orders_before` earlier on the same day."""

    id: str
    place: Place
    orders_lately: int = 0
    orders_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Minutes at the door, half of them before the order changes hands, half after."""

    pickup_s: float = 240.0
    dropoff_s: float = 240.0

    @property
    def before_pickup_s(self) -> float:
        return self.pickup_s / 2

    @property
    def after_pickup_s(self) -> float:
        return self.pickup_s / 2

    @property
    def before_dropoff_s(self) -> float:
        return self.dropoff_s / 2

    @property
    def after_dropoff_s(self) -> float:
        return self.dropoff_s / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything known at `now_s`."""

    now_s: float
    orders: Sequence[OpenOrder]
    drivers: Sequence[ShiftDriver]
    kitchens: Sequence[Kitchen]
    travel: Travel
    service: Service = field(default_factory=Service)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A driver at the kitchen takes these orders, in the order of their drop-offs. Final."""

    driver_id: str
    order_ids: tuple[str, ...]
    pickup_at_s: float
    dropoffs_at_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A free driver sets out now. `order_ids` are what he would take there as things stand; none when he only
    moves to where orders come from."""

    driver_id: str
    destination: Place
    order_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`planned` pairs every order with the driver now thought of for it; it may change until the handover."""

    handovers: tuple[Handover, ...] = ()
    departures: tuple[Departure, ...] = ()
    planned: tuple[tuple[str, str], ...] = ()
