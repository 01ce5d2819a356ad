"""Reads an .osm.pbf into the elements the rest of the cut works on; the only place that knows osmium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import osmium

from deliveryapp.city.cut.elements import Area, Coordinate, Extract, Line, Ring, Spot


def read_extract(pbf: Path) -> Extract:
    """Everything tagged in the file. Raises RuntimeError (osmium) when it is not a pbf."""
    extract = Extract(*_box(pbf))
    for item in osmium.FileProcessor(str(pbf)).with_locations().with_areas():
        if isinstance(item, osmium.osm.Node) and item.tags:
            position = (item.location.lon, item.location.lat)
            extract.add_spot(Spot(f"node/{item.id}", dict(item.tags), position))
        elif isinstance(item, osmium.osm.Way) and item.tags:
            extract.lines.append(Line(item.id, dict(item.tags), list(_runs(item))))
        elif isinstance(item, osmium.osm.Area):
            area = Area(_area_id(item), dict(item.tags), _polygons(item))
            extract.areas.append(area)
            extract.add_spot(Spot(area.osm_id, area.tags, _middle(area)))
    return extract


def _box(pbf: Path) -> tuple[float, float, float, float]:
    with osmium.io.Reader(str(pbf)) as reader:
        box = reader.header().box()
    return box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat


def _runs(way: osmium.osm.Way) -> Iterator[list[tuple[int, Coordinate]]]:
    run: list[tuple[int, Coordinate]] = []
    for node in way.nodes:
        if node.location.valid():
            run.append((node.ref, (node.location.lon, node.location.lat)))
            continue
        if len(run) > 1:
            yield run
        run = []
    if len(run) > 1:
        yield run


def _polygons(area: osmium.osm.Area) -> list[list[Ring]]:
    return [
        [_ring(outer), *(_ring(hole) for hole in area.inner_rings(outer))] for outer in area.outer_rings()
    ]


def _ring(nodes: osmium.osm.NodeRefList) -> Ring:
    return [(node.lon, node.lat) for node in nodes]


def _area_id(area: osmium.osm.Area) -> str:
    return f"{'way' if area.from_way() else 'relation'}/{area.orig_id()}"


def _middle(area: Area) -> Coordinate:
    outline = area.polygons[0][0][:-1]
    return (sum(lng for lng, _ in outline) / len(outline), sum(lat for _, lat in outline) / len(outline))
