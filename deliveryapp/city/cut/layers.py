"""Layers of the browser's map as GeoJSON: few features, few properties, six decimals (11 cm)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from deliveryapp.city.cut.coast import sea_rings
from deliveryapp.city.cut.elements import Area, Coordinate, Extract, Line, Ring, Tags
from deliveryapp.city.cut.streets import is_under_cover, map_class

Feature = dict[str, Any]

_GREEN = {
    "leisure": {"park", "garden", "playground", "pitch"},
    "landuse": {"grass"},
    "natural": {"scrub", "wood", "heath"},
}
_WATER = {"natural": {"water"}, "landuse": {"basin", "pond"}}


def layers_of(extract: Extract, streets: list[Line]) -> dict[str, list[Feature]]:
    """Features by layer name, in the order they are to be drawn."""
    return {
        "water": [*_areas(extract, lambda tags: _has(tags, _WATER)), *_sea(extract)],
        "parks": _areas(extract, lambda tags: _has(tags, _GREEN)),
        "plazas": _areas(extract, lambda tags: tags.get("highway") == "pedestrian"),
        "buildings": _areas(extract, _is_building, named=False),
        "rails": [_lines(_surface_rails(extract, kind), {"class": kind}) for kind in ("rail", "tram")],
        "streets": _street_features(streets),
    }


def _areas(extract: Extract, wanted: Callable[[Tags], bool], *, named: bool = True) -> list[Feature]:
    return [
        _area_feature(area, {"name": area.tags["name"]} if named and "name" in area.tags else {})
        for area in sorted(extract.areas, key=lambda area: area.osm_id)
        if wanted(area.tags)
    ]


def _has(tags: Tags, wanted: dict[str, set[str]]) -> bool:
    return any(tags.get(key) in values for key, values in wanted.items())


def _is_building(tags: Tags) -> bool:
    return tags.get("building", "no") not in ("no", "roof", "entrance", "underpass_entrance")


def _area_feature(area: Area, properties: Tags) -> Feature:
    polygons = [_rounded(polygon) for polygon in area.polygons]
    if len(polygons) == 1:
        return _feature("Polygon", polygons[0], properties)
    return _feature("MultiPolygon", polygons, properties)


def _sea(extract: Extract) -> list[Feature]:
    return [_feature("Polygon", _rounded([ring]), {}) for ring in sea_rings(extract)]


def _surface_rails(extract: Extract, kind: str) -> list[Ring]:
    return [
        [position for _, position in run]
        for line in extract.lines
        if line.tags.get("railway") == kind and "tunnel" not in line.tags
        for run in line.runs
    ]


def _street_features(streets: list[Line]) -> list[Feature]:
    """One feature per name and class, its pieces joined end to end so that labels have room."""
    pieces: dict[tuple[str, str], list[Ring]] = defaultdict(list)
    for street in streets:
        if not is_under_cover(street.tags) and street.tags.get("area") != "yes":
            key = (map_class(street.tags), street.tags.get("name", ""))
            pieces[key] += [[position for _, position in run] for run in street.runs]
    return [
        _lines(runs, {"class": kind, "name": name} if name else {"class": kind})
        for (kind, name), runs in sorted(pieces.items())
    ]


def _lines(runs: list[Ring], properties: Tags) -> Feature:
    return _feature("MultiLineString", _rounded(_joined(runs)), properties)


def _joined(runs: Iterable[Ring]) -> list[Ring]:
    """Lines that meet end to start become one."""
    waiting = dict(enumerate(runs))
    starts: dict[Coordinate, list[int]] = defaultdict(list)
    for i, run in waiting.items():
        starts[run[0]].append(i)
    begun_inside = {run[-1] for run in waiting.values()}
    lines = []
    # those that nothing leads to come first, so that a chain is picked up at its beginning
    for i in sorted(waiting, key=lambda i: waiting[i][0] in begun_inside):
        if i not in waiting:
            continue
        line = list(waiting.pop(i))
        while following := [j for j in starts[line[-1]] if j in waiting]:
            line += waiting.pop(following[0])[1:]
        lines.append(line)
    return lines


def _rounded(rings: Iterable[Ring]) -> list[list[list[float]]]:
    return [[[round(lng, 6), round(lat, 6)] for lng, lat in ring] for ring in rings]


def _feature(kind: str, coordinates: Any, properties: Tags) -> Feature:
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": kind, "coordinates": coordinates},
    }
