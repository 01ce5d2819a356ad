"""Highways of the extract: which group each is drawn in, who may use it in which direction, and the graph."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from deliveryapp.city.access import Access
from deliveryapp.city.cut.elements import Coordinate, Line, Tags
from deliveryapp.geo import Point, haversine_m

GraphRow = tuple[int, int, float, int, int]  # from, to, length_m, access onward, access back

# highway value -> (class on the map, who may use it unless tagged otherwise)
_EVERYBODY = Access.WALK | Access.RIDE | Access.DRIVE
_BY_MUSCLE = Access.WALK | Access.RIDE
_HIGHWAYS = {
    **dict.fromkeys(("primary", "primary_link", "secondary", "secondary_link"), ("major", _EVERYBODY)),
    **dict.fromkeys(
        ("tertiary", "tertiary_link", "residential", "unclassified", "living_street"), ("street", _EVERYBODY)
    ),
    "service": ("service", _EVERYBODY),
    "pedestrian": ("pedestrian", _BY_MUSCLE),
    "cycleway": ("cycleway", _BY_MUSCLE),
    "path": ("path", _BY_MUSCLE),
    **dict.fromkeys(("footway", "trail", "steps", "corridor", "crossing"), ("path", Access.WALK)),
}
_REFUSED = {"no", "private", "dismount", "use_sidepath"}
_GRANTED = {"yes", "designated", "permissive", "destination"}
_DEEPEST_LAYER = -1  # below are car parks and service tunnels


def streets_of(lines: list[Line]) -> list[Line]:
    """The highways in the extract that somebody may use and that are not deep underground."""
    return [line for line in lines if line.runs and _is_street(line.tags)]


def map_class(tags: Tags) -> str:
    return _HIGHWAYS[tags["highway"]][0]


def is_under_cover(tags: Tags) -> bool:
    """In a tunnel or a building: used for routing, not drawn."""
    indoors = tags.get("indoor") == "yes" or tags["highway"] == "corridor"
    return indoors or "tunnel" in tags or _layer(tags) < 0


def directions(tags: Tags) -> tuple[Access, Access]:
    """Who may go along the way as drawn, and who against it."""
    allowed = _allowed(tags)
    if tags.get("oneway") not in ("yes", "1", "-1"):
        return allowed, allowed
    against = allowed & Access.WALK
    if tags.get("oneway:bicycle") == "no":
        against |= allowed & Access.RIDE
    return (against, allowed) if tags["oneway"] == "-1" else (allowed, against)


def _is_street(tags: Tags) -> bool:
    return any(directions(tags)) and _layer(tags) >= _DEEPEST_LAYER


def _allowed(tags: Tags) -> Access:
    if tags.get("highway") not in _HIGHWAYS or tags.get("access") in _REFUSED:
        return Access(0)
    allowed = _HIGHWAYS[tags["highway"]][1]
    allowed = _amend(allowed, Access.WALK, tags.get("foot"))
    allowed = _amend(allowed, Access.RIDE, tags.get("bicycle"))
    return _amend(allowed, Access.DRIVE, tags.get("motor_vehicle"))


def _amend(allowed: Access, who: Access, said: str | None) -> Access:
    if said in _REFUSED:
        return allowed & ~who
    return allowed | who if said in _GRANTED else allowed


def graph_of(streets: list[Line]) -> tuple[list[Coordinate], list[GraphRow]]:
    """Nodes and edges of the largest connected part (direction ignored); lengths to a decimetre."""
    positions = {ref: position for street in streets for run in street.runs for ref, position in run}
    edges = list(_edges(streets, positions))
    kept = _largest_part(edges)
    number = {ref: i for i, ref in enumerate(sorted(kept))}
    rows = [(number[a], number[b], length, there, back) for a, b, length, there, back in edges if a in kept]
    return [positions[ref] for ref in number], rows


def _edges(streets: list[Line], positions: dict[int, Coordinate]) -> Iterator[GraphRow]:
    for street in streets:
        there, back = directions(street.tags)
        for run in street.runs:
            for (a, _), (b, _) in pairwise(run):
                yield a, b, round(_length_m(positions[a], positions[b]), 1), int(there), int(back)


def _length_m(a: Coordinate, b: Coordinate) -> float:
    return haversine_m(Point(a[1], a[0]), Point(b[1], b[0]))


def _largest_part(edges: list[GraphRow]) -> set[int]:
    neighbours: dict[int, list[int]] = {}
    for a, b, *_ in edges:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    largest: set[int] = set()
    unseen = set(neighbours)
    while unseen:
        part, frontier = set[int](), [next(iter(unseen))]
        while frontier:
            node = frontier.pop()
            if node not in part:
                part.add(node)
                frontier.extend(neighbours[node])
        unseen -= part
        largest = max(largest, part, key=len)
    return largest


def _layer(tags: Tags) -> int:
    text = tags.get("layer", "0")
    return int(text) if text.lstrip("-").isdigit() else 0
