"""A generated city of any size: a slightly crooked street grid with places and front doors, for load tests.

The same spec always gives the same city, on every machine. It lies in the open Baltic, so that it can never
be mistaken for, or mix with, a real extract.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from deliveryapp.city import grid_names
from deliveryapp.city.access import Access
from deliveryapp.city.model import Address, City, Hours, Place
from deliveryapp.geo import Bounds, Point, between, haversine_m, offset

if TYPE_CHECKING:
    from deliveryapp.city.graph import StreetGraph

SOUTH_WEST = Point(59.2, 20.6)
BLOCK_M = 90.0
MAX_SIDE = 500
CROSSINGS_PER_PLACE = 6

Node = tuple[int, int]
Edge = tuple[Node, Node, int]


@dataclass(frozen=True, slots=True)
class GridSpec:
    """`rows` streets run east-west, `cols` avenues north-south. Raises ValueError outside 2..MAX_SIDE."""

    rows: int
    cols: int
    seed: int = 1

    def __post_init__(self) -> None:
        if not (2 <= self.rows <= MAX_SIDE and 2 <= self.cols <= MAX_SIDE):
            raise ValueError(f"a grid has 2 to {MAX_SIDE} rows and columns")

    @property
    def slug(self) -> str:
        return f"grid:{self.rows}x{self.cols}" + (f"@{self.seed}" if self.seed != 1 else "")


def build_grid_city(spec: GridSpec) -> City:
    """The city of that spec: one front door per block side, one place per 6 crossings."""
    nodes = _crossings(spec)
    rng = random.Random(f"grid-city:{spec.seed}")
    addresses = tuple(_addresses(spec, nodes, rng))
    places = tuple(_places(spec, addresses, rng))
    return City(
        slug=spec.slug,
        name=f"Grid City {spec.rows} x {spec.cols}",
        timezone="Europe/Helsinki",
        currency="EUR",
        country="FI",
        attribution="Generated city",
        bounds=_bounds_of(nodes),
        places=places,
        addresses=addresses,
        read_graph=partial(_build_graph, spec),
    )


def _crossings(spec: GridSpec) -> dict[Node, Point]:
    """Crossings in row order, each moved a few metres so that no two blocks are alike."""
    rng = random.Random(f"grid-crossings:{spec.seed}")
    starts = [offset(SOUTH_WEST, distance_m=row * BLOCK_M, heading_deg=0.0) for row in range(spec.rows)]
    nodes = {}
    for row, col in product(range(spec.rows), range(spec.cols)):
        corner = offset(starts[row], distance_m=col * BLOCK_M, heading_deg=90.0)
        moved = offset(corner, distance_m=rng.uniform(0, 9), heading_deg=rng.uniform(0, 360))
        nodes[row, col] = Point(round(moved.lat, 6), round(moved.lng, 6))
    return nodes


def _edges(spec: GridSpec) -> Iterator[Edge]:
    """Streets between neighbours; the third element says how the street runs (see `_one_way`)."""
    for row, col in product(range(spec.rows), range(spec.cols)):
        if col + 1 < spec.cols:
            yield (row, col), (row, col + 1), _one_way(row, spec.rows)
        if row + 1 < spec.rows:
            yield (row, col), (row + 1, col), _one_way(col, spec.cols)


def _one_way(index: int, count: int) -> int:
    """+1 or -1 for every fourth inner street, alternating; 0 (both ways) otherwise and on the rim.

    The two-way rim reaches both ends of every street, so every crossing can be reached from every other.
    """
    if index % 4 != 2 or index == count - 1:
        return 0
    return 1 if index % 8 == 2 else -1


def _build_graph(spec: GridSpec) -> StreetGraph:
    from deliveryapp.city.graph import StreetGraph  # brings numpy and scipy, so only when routing

    nodes = _crossings(spec)
    number = {node: i for i, node in enumerate(nodes)}
    everybody, on_foot = int(Access.WALK | Access.RIDE | Access.DRIVE), int(Access.WALK)
    return StreetGraph.from_rows(
        nodes=[(point.lat, point.lng) for point in nodes.values()],
        edges=[
            (
                number[a],
                number[b],
                haversine_m(nodes[a], nodes[b]),
                on_foot if direction < 0 else everybody,
                on_foot if direction > 0 else everybody,
            )
            for a, b, direction in _edges(spec)
        ],
    )


def _addresses(spec: GridSpec, nodes: dict[Node, Point], rng: random.Random) -> Iterator[Address]:
    """One front door per block side, a few metres off the street, numbered along it."""
    for a, b, _ in _edges(spec):
        (row, col), eastward = a, a[0] == b[0]
        street = grid_names.street_name(row) if eastward else grid_names.avenue_name(col)
        number = str(2 * (col if eastward else row) + 1)
        kerb = between(nodes[a], nodes[b], rng.uniform(0.15, 0.85))
        front = offset(kerb, distance_m=rng.uniform(6, 14), heading_deg=0.0 if eastward else 90.0)
        location = Point(round(front.lat, 6), round(front.lng, 6))
        yield Address(street, number, f"{row // 10 * 100 + col // 10:05d}", location)


def _places(spec: GridSpec, addresses: tuple[Address, ...], rng: random.Random) -> Iterator[Place]:
    count = max(1, spec.rows * spec.cols // CROSSINGS_PER_PLACE)
    for i, address in enumerate(rng.sample(addresses, min(count, len(addresses)))):
        cuisine, kind, name = grid_names.place(i, rng)
        opens, closes = grid_names.daily_hours(kind, rng)
        yield Place(
            osm_id=f"grid/{i}",
            name=name,
            kind=kind,
            cuisines=(cuisine,),
            opening_hours_text=f"Mo-Su {opens}-{closes}",
            hours=tuple(Hours(weekday, opens, closes) for weekday in range(7)),
            location=address.location,
            address=address,
        )


def _bounds_of(nodes: dict[Node, Point]) -> Bounds:
    margin = 0.001
    return Bounds(
        south=min(point.lat for point in nodes.values()) - margin,
        west=min(point.lng for point in nodes.values()) - margin,
        north=max(point.lat for point in nodes.values()) + margin,
        east=max(point.lng for point in nodes.values()) + margin,
    )
