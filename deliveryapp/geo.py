"""Points on the Earth: distances, bearings and containment. Pure; angles in degrees, lengths in metres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """A WGS 84 position in degrees. Raises ValueError when it is not finite or not on the globe."""

    lat: float
    lng: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lat) and -90.0 <= self.lat <= 90.0):
            raise ValueError(f"latitude {self.lat} is not within -90..90")
        if not (math.isfinite(self.lng) and -180.0 <= self.lng <= 180.0):
            raise ValueError(f"longitude {self.lng} is not within -180..180")


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box in degrees that does not cross the antimeridian. Raises ValueError when it is inside out."""

    south: float
    west: float
    north: float
    east: float

    def __post_init__(self) -> None:
        if self.south > self.north or self.west > self.east:
            raise ValueError("bounds must run from south to north and from west to east")

    @property
    def center(self) -> Point:
        return Point((self.south + self.north) / 2, (self.west + self.east) / 2)

    def contains(self, point: Point) -> bool:
        return self.south <= point.lat <= self.north and self.west <= point.lng <= self.east


def haversine_m(a: Point, b: Point) -> float:
    """Great-circle distance in metres (haversine formula, Sinnott 1984; error below 0.6 %)."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat = math.sin((lat_b - lat_a) / 2)
    half_lng = math.sin(math.radians(b.lng - a.lng) / 2)
    chord = half_lat * half_lat + math.cos(lat_a) * math.cos(lat_b) * half_lng * half_lng
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, chord)))


def bearing_deg(a: Point, b: Point) -> float:
    """Initial heading from `a` to `b`, clockwise from north, 0 <= heading < 360 (0 for equal points)."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    d_lng = math.radians(b.lng - a.lng)
    east = math.sin(d_lng) * math.cos(lat_b)
    north = math.cos(lat_a) * math.sin(lat_b) - math.sin(lat_a) * math.cos(lat_b) * math.cos(d_lng)
    heading = math.degrees(math.atan2(east, north)) % 360.0
    return 0.0 if heading == 360.0 else heading  # a tiny negative angle rounds up to 360


def offset(origin: Point, *, distance_m: float, heading_deg: float) -> Point:
    """The point reached from `origin` along a great circle; the longitude wraps at the antimeridian."""
    lat, heading, arc = math.radians(origin.lat), math.radians(heading_deg), distance_m / EARTH_RADIUS_M
    sin_lat = math.sin(lat) * math.cos(arc) + math.cos(lat) * math.sin(arc) * math.cos(heading)
    new_lat = math.asin(max(-1.0, min(1.0, sin_lat)))
    east = math.sin(heading) * math.sin(arc) * math.cos(lat)
    d_lng = math.atan2(east, math.cos(arc) - math.sin(lat) * math.sin(new_lat))
    lng = (origin.lng + math.degrees(d_lng) + 540.0) % 360.0 - 180.0
    return Point(math.degrees(new_lat), lng)


def between(a: Point, b: Point, fraction: float) -> Point:
    """The point at `fraction` (0..1) of the straight way from `a` to `b`; meant for street lengths."""
    return Point(a.lat + (b.lat - a.lat) * fraction, a.lng + (b.lng - a.lng) * fraction)


def in_polygon(point: Point, ring: Sequence[Point]) -> bool:
    """Whether `point` lies inside the ring (even-odd rule; closed or not). On an edge it may go either way.

    Raises ValueError for a ring of fewer than three corners.
    """
    if len(ring) < 3:
        raise ValueError("a polygon needs at least three corners")
    inside = False
    for a, b in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (a.lat > point.lat) != (b.lat > point.lat):
            crossing = a.lng + (point.lat - a.lat) / (b.lat - a.lat) * (b.lng - a.lng)
            inside ^= point.lng < crossing
    return inside
