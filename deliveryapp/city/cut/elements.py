"""What an extract is made of, as plain tuples; knows no library."""

from __future__ import annotations

from dataclasses import dataclass, field

Coordinate = tuple[float, float]  # lng, lat: GeoJSON order
Ring = list[Coordinate]
Tags = dict[str, str]
WeeklyRow = tuple[int, str, str]  # weekday (0 = Monday), opens and closes as "HH:MM"


@dataclass(frozen=True)
class Spot:
    """A tagged node, or a tagged area stood in for by the mean of its outline."""

    osm_id: str
    tags: Tags
    position: Coordinate


@dataclass(frozen=True)
class Line:
    """A tagged way. `runs` are its unbroken pieces: nodes outside the extract are missing and split it."""

    osm_id: int
    tags: Tags
    runs: list[list[tuple[int, Coordinate]]]


@dataclass(frozen=True)
class Area:
    """A tagged polygon or multipolygon: for each polygon the outer ring, then its holes."""

    osm_id: str
    tags: Tags
    polygons: list[list[Ring]]


@dataclass
class Extract:
    west: float
    south: float
    east: float
    north: float
    spots: list[Spot] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    areas: list[Area] = field(default_factory=list)

    def add_spot(self, spot: Spot) -> None:
        """Keeps it when it lies inside the box; the middle of an area that is only partly inside may not."""
        lng, lat = spot.position
        if self.west <= lng <= self.east and self.south <= lat <= self.north:
            self.spots.append(spot)
