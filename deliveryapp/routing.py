"""How far and how long from A to B. Everything that needs travel times asks a `Router`; pure, no settings.

`router_for("helsinki")` follows the streets of a demo city, `router_for(None)` is the straight line times a
circuity factor. numpy and scipy load on the first use of a matrix or of a street, not on import.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Protocol

from deliveryapp.city.access import Access
from deliveryapp.city.loader import load_city
from deliveryapp.geo import Point, between, haversine_m

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from deliveryapp.city.graph import StreetNetwork
    from deliveryapp.city.model import City

DEFAULT_CIRCUITY = 1.35


@dataclass(frozen=True, slots=True)
class Vehicle:
    """`speed_m_s` is the mean over a city trip, stops at lights included."""

    name: str
    speed_m_s: float
    access: Access


VEHICLES = {
    vehicle.name: vehicle
    for vehicle in (
        Vehicle("walk", 1.35, Access.WALK),
        Vehicle("bicycle", 4.6, Access.RIDE),
        Vehicle("scooter", 5.6, Access.RIDE),
        Vehicle("car", 6.5, Access.DRIVE),
    )
}


class UnknownVehicle(ValueError):
    """The vehicle is none of `VEHICLES`."""


@dataclass(frozen=True, slots=True)
class Leg:
    distance_m: float
    duration_s: float


@dataclass(frozen=True)
class Route:
    """A leg with its polyline; `points` runs from origin to destination, both included."""

    points: tuple[Point, ...]
    distance_m: float
    duration_s: float

    def position_after(self, elapsed_s: float) -> Point:
        """Where somebody is who set out `elapsed_s` ago at even speed; at the ends outside 0..duration."""
        if elapsed_s <= 0 or self.duration_s == 0:
            return self.points[0]
        if elapsed_s >= self.duration_s:
            return self.points[-1]
        target_m = elapsed_s / self.duration_s * self._mileage_m[-1]
        i = min(bisect_right(self._mileage_m, target_m), len(self.points) - 1)
        behind_m, piece_m = self._mileage_m[i - 1], self._mileage_m[i] - self._mileage_m[i - 1]
        return between(
            self.points[i - 1], self.points[i], (target_m - behind_m) / piece_m if piece_m else 1.0
        )

    @cached_property
    def _mileage_m(self) -> list[float]:
        """Metres from the origin to each point."""
        return list(accumulate((haversine_m(a, b) for a, b in pairwise(self.points)), initial=0.0))


class Router(Protocol):
    """Travel between two points. Vehicles are the names in `VEHICLES`; another raises UnknownVehicle."""

    def leg(self, origin: Point, destination: Point, *, vehicle: str = "bicycle") -> Leg:
        """Distance and time of one trip."""

    def legs(
        self, origins: Sequence[Point], destinations: Sequence[Point], *, vehicle: str = "bicycle"
    ) -> NDArray[np.float64]:
        """Seconds from every origin to every destination, shape (origins, destinations)."""

    def route(self, origin: Point, destination: Point, *, vehicle: str = "bicycle") -> Route:
        """One trip with the line to follow."""


class StraightLineRouter:
    """Straight line times circuity: for places without a street graph, and when routing must not fail."""

    def __init__(self, circuity: float = DEFAULT_CIRCUITY) -> None:
        if circuity < 1:
            raise ValueError("circuity is street distance over straight line, at least 1")
        self.circuity = circuity

    def leg(self, origin: Point, destination: Point, *, vehicle: str = "bicycle") -> Leg:
        distance_m = haversine_m(origin, destination) * self.circuity
        return Leg(distance_m, distance_m / _vehicle(vehicle).speed_m_s)

    def legs(
        self, origins: Sequence[Point], destinations: Sequence[Point], *, vehicle: str = "bicycle"
    ) -> NDArray[np.float64]:
        from deliveryapp.city.graph import straight_m

        return straight_m(origins, destinations) * (self.circuity / _vehicle(vehicle).speed_m_s)

    def route(self, origin: Point, destination: Point, *, vehicle: str = "bicycle") -> Route:
        leg = self.leg(origin, destination, vehicle=vehicle)
        return Route((origin, destination), leg.distance_m, leg.duration_s)


class StreetRouter:
    """Shortest way along the streets of a city, one-way streets respected by those who ride or drive."""

    def __init__(self, city: City) -> None:
        self.city = city

    def leg(self, origin: Point, destination: Point, *, vehicle: str = "bicycle") -> Leg:
        moving = _vehicle(vehicle)
        distance_m = float(self._network(moving).distances_m([origin], [destination])[0, 0])
        return Leg(distance_m, distance_m / moving.speed_m_s)

    def legs(
        self, origins: Sequence[Point], destinations: Sequence[Point], *, vehicle: str = "bicycle"
    ) -> NDArray[np.float64]:
        moving = _vehicle(vehicle)
        return self._network(moving).distances_m(origins, destinations) / moving.speed_m_s

    def route(self, origin: Point, destination: Point, *, vehicle: str = "bicycle") -> Route:
        leg = self.leg(origin, destination, vehicle=vehicle)
        points = self._network(_vehicle(vehicle)).path(origin, destination)
        return Route(points, leg.distance_m, leg.duration_s)

    def _network(self, vehicle: Vehicle) -> StreetNetwork:
        return self.city.graph.network(vehicle.access)


@lru_cache(maxsize=8)
def router_for(city_slug: str | None) -> Router:
    """The router of a city, the straight line for None. Cached. Raises UnknownCity."""
    return StraightLineRouter() if city_slug is None else StreetRouter(load_city(city_slug))


def _vehicle(name: str) -> Vehicle:
    try:
        return VEHICLES[name]
    except KeyError:
        raise UnknownVehicle(f"unknown vehicle {name!r}; known: {', '.join(VEHICLES)}") from None
