"""`python -m deliveryapp.city.cut --pbf Helsinki.osm.pbf --out deliveryapp`; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deliveryapp.city.cut.elements import Extract
from deliveryapp.city.cut.hours import weekly_hours
from deliveryapp.city.cut.layers import layers_of
from deliveryapp.city.cut.places import address_rows, place_rows
from deliveryapp.city.cut.reader import read_extract
from deliveryapp.city.cut.streets import graph_of, streets_of

ATTRIBUTION = "© OpenStreetMap contributors"
NOTICE = """\
The files in this folder are a derived database of OpenStreetMap.

    © OpenStreetMap contributors      https://www.openstreetmap.org/copyright

They are made available under the Open Database License 1.0 (ODbL): https://opendatacommons.org/licenses/odbl/1-0/
Any rights in individual contents of the database are licensed under the Database Contents License:
https://opendatacommons.org/licenses/dbcl/1-0/

Every map and page drawn from them shows "© OpenStreetMap contributors". Who publishes an altered version of
these files does so under the same licence. Cut by `python -m deliveryapp.city.cut`, whose docstring names the
source.
"""
ABOUT = {
    "slug": "helsinki",
    "name": "Helsinki",
    "timezone": "Europe/Helsinki",
    "currency": "EUR",
    "country": "FI",
    "attribution": ATTRIBUTION,
    "license": "ODbL-1.0",
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="deliveryapp.city.cut", description=__doc__)
    parser.add_argument("--pbf", type=Path, required=True, help="OpenStreetMap extract")
    parser.add_argument("--out", type=Path, required=True, help="folder of the deliveryapp package")
    options = parser.parse_args(arguments)
    extract = read_extract(options.pbf)
    written = [
        *write_server_data(extract, options.out / "city" / "data" / ABOUT["slug"]),
        *write_map(extract, options.out / "static" / "city" / ABOUT["slug"]),
    ]
    for path in written:
        sys.stdout.write(f"{path.stat().st_size:>8,}  {path}\n")
    return 0


def write_server_data(extract: Extract, folder: Path) -> list[Path]:
    """city.json, graph.json, places.json, addresses.json and NOTICE; answers the paths."""
    nodes, edges = graph_of(streets_of(extract.lines))
    places = place_rows(extract.spots, weekly_hours)
    addresses = address_rows(extract.spots)
    graph = {
        "nodes": [[round(lat, 6), round(lng, 6)] for lng, lat in nodes],
        "edges": [list(edge) for edge in edges],
    }
    return [
        _write(folder / "NOTICE", NOTICE),
        _write(folder / "city.json", _pretty(ABOUT | {"bounds": _bounds(extract)})),
        _write(folder / "graph.json", _object_of_rows(graph)),
        _write(folder / "places.json", _rows(places) + "\n"),
        _write(folder / "addresses.json", _rows(addresses) + "\n"),
    ]


def write_map(extract: Extract, folder: Path) -> list[Path]:
    """One GeoJSON file per layer, map.json that lists them in drawing order, NOTICE; answers the paths."""
    layers = layers_of(extract, streets_of(extract.lines))
    bounds = _bounds(extract)
    about = {
        "slug": ABOUT["slug"],
        "name": ABOUT["name"],
        "attribution": ATTRIBUTION,
        "license": ABOUT["license"],
        "bounds": [bounds["west"], bounds["south"], bounds["east"], bounds["north"]],
        "layers": [{"name": name, "file": f"{name}.geojson"} for name in layers],
    }
    return [
        _write(folder / "NOTICE", NOTICE),
        _write(folder / "map.json", _pretty(about)),
        *(_write(folder / f"{name}.geojson", _collection(features)) for name, features in layers.items()),
    ]


def _bounds(extract: Extract) -> dict[str, float]:
    sides = {"south": extract.south, "west": extract.west, "north": extract.north, "east": extract.east}
    return {side: round(value, 6) for side, value in sides.items()}


def _collection(features: list[dict[str, Any]]) -> str:
    return f'{{"type":"FeatureCollection","features":{_rows(features)}}}\n'


def _object_of_rows(columns: dict[str, list[Any]]) -> str:
    return "{" + ",\n".join(f'"{name}":{_rows(rows)}' for name, rows in columns.items()) + "}\n"


def _rows(rows: Iterable[Any]) -> str:
    """JSON with one row per line, so that a new cut shows as a readable difference."""
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return "[\n" + ",\n".join(lines) + "\n]"


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
