"""Riding along a route: where somebody is after so many seconds, and which way he looks. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from deliveryapp.geo import Point, bearing_deg
from deliveryapp.routing import Route


@dataclass(frozen=True, slots=True)
class Fix:
    """A position on the way: heading in degrees from north, speed in m/s on the street."""

    point: Point
    heading_deg: float
    speed_m_s: float


@dataclass(frozen=True)
class Ride:
    """A route at `pace` times the speed the router expects; times are seconds since the start."""

    route: Route
    pace: float = 1.0

    def __post_init__(self) -> None:
        if self.pace <= 0:
            raise ValueError("the pace of a ride must be positive")

    @property
    def duration_s(self) -> float:
        return self.route.duration_s / self.pace

    def at(self, elapsed_s: float) -> Fix:
        """The fix after `elapsed_s`: the start before zero; the end, standing still, once it is reached."""
        gone_s = max(0.0, elapsed_s) * self.pace
        here = self.route.position_after(gone_s)
        if gone_s >= self.route.duration_s:
            before = self.route.position_after(self.route.duration_s - 1.0)
            return Fix(here, bearing_deg(before, here), 0.0)
        ahead = self.route.position_after(gone_s + 1.0)
        return Fix(here, bearing_deg(here, ahead), self.route.distance_m / self.duration_s)
