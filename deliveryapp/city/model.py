"""What a city is made of: frozen facts, the same for a real extract and for a generated grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from deliveryapp.geo import Bounds, Point, haversine_m

if TYPE_CHECKING:
    from deliveryapp.city.graph import StreetGraph


@dataclass(frozen=True, slots=True)
class Hours:
    """One weekly opening span in local time: weekday 0 = Monday, times "HH:MM".

    `closes` <= `opens` means the next day ("18:00" to "02:00"; "00:00" to "00:00" is the whole day).
    """

    weekday: int
    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class Address:
    """A front door. `postcode` is "" where the source does not say."""

    street: str
    house_number: str
    postcode: str
    location: Point

    @property
    def line(self) -> str:
        return f"{self.street} {self.house_number}"


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere that serves food. `hours` is empty and `address` None where the source does not say."""

    osm_id: str
    name: str
    kind: str
    cuisines: tuple[str, ...]
    opening_hours_text: str
    hours: tuple[Hours, ...]
    location: Point
    address: Address | None


@dataclass(frozen=True, eq=False)
class City:
    """A city to deliver in; equal only to itself, so that it can key a cache."""

    slug: str
    name: str
    timezone: str
    currency: str
    country: str
    attribution: str
    bounds: Bounds
    places: tuple[Place, ...]
    addresses: tuple[Address, ...]
    read_graph: Callable[[], StreetGraph] = field(repr=False)

    @cached_property
    def graph(self) -> StreetGraph:
        """The street graph, read on first use: processes that never route do not pay for scipy."""
        return self.read_graph()

    def nearest_address(self, point: Point) -> Address:
        """The address closest to `point` as the crow flies. Raises ValueError in a city without addresses."""
        return min(self.addresses, key=lambda address: haversine_m(point, address.location))
