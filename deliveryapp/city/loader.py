"""From a city's name to its facts: derived OpenStreetMap data on disk, or a generated grid."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deliveryapp.city.grid import GridSpec, build_grid_city
from deliveryapp.city.model import Address, City, Hours, Place
from deliveryapp.geo import Bounds, Point

if TYPE_CHECKING:
    from deliveryapp.city.graph import StreetGraph

DATA_DIR = Path(__file__).parent / "data"
_GRID_NAME = re.compile(r"grid:(\d{1,4})x(\d{1,4})(?:@(\d{1,9}))?")
_SLUG = re.compile(r"[a-z][a-z0-9-]*")


class UnknownCity(ValueError):
    """There is no city of that name: no data folder, and not of the form `grid:ROWSxCOLS[@SEED]`."""


@lru_cache(maxsize=8)
def load_city(name: str) -> City:
    """The city called `name`: "helsinki", or "grid:40x60" / "grid:40x60@7" (rows x columns, seed).

    Cached for the life of the process. Raises UnknownCity.
    """
    grid = _GRID_NAME.fullmatch(name)
    if grid is not None:
        return _load_grid(name, rows=int(grid[1]), cols=int(grid[2]), seed=int(grid[3] or 1))
    folder = DATA_DIR / name
    if _SLUG.fullmatch(name) is None or not (folder / "city.json").is_file():
        raise UnknownCity(f"unknown city {name!r}; known: {', '.join(known_cities())}, grid:ROWSxCOLS[@SEED]")
    return _read_city(folder)


def known_cities() -> list[str]:
    """Slugs of the cities whose data is on disk."""
    return sorted(path.parent.name for path in DATA_DIR.glob("*/city.json"))


def _load_grid(name: str, *, rows: int, cols: int, seed: int) -> City:
    try:
        spec = GridSpec(rows=rows, cols=cols, seed=seed)
    except ValueError as error:
        raise UnknownCity(f"{name}: {error}") from error
    return build_grid_city(spec)


def _read_city(folder: Path) -> City:
    about = _read_json(folder / "city.json")
    return City(
        slug=about["slug"],
        name=about["name"],
        timezone=about["timezone"],
        currency=about["currency"],
        country=about["country"],
        attribution=about["attribution"],
        bounds=Bounds(**about["bounds"]),
        places=tuple(_place(row) for row in _read_json(folder / "places.json")),
        addresses=tuple(_address(row) for row in _read_json(folder / "addresses.json")),
        read_graph=lambda: _read_graph(folder / "graph.json"),
    )


def _place(row: dict[str, Any]) -> Place:
    return Place(
        osm_id=row["osm_id"],
        name=row["name"],
        kind=row["kind"],
        cuisines=tuple(row["cuisines"]),
        opening_hours_text=row["opening_hours"],
        hours=tuple(Hours(weekday, opens, closes) for weekday, opens, closes in row["hours"]),
        location=Point(row["lat"], row["lng"]),
        address=_address([*row["address"], row["lat"], row["lng"]]) if row["address"] else None,
    )


def _address(row: list[Any]) -> Address:
    street, house_number, postcode, lat, lng = row
    return Address(street, house_number, postcode, Point(lat, lng))


def _read_graph(path: Path) -> StreetGraph:
    from deliveryapp.city.graph import StreetGraph  # brings numpy and scipy, so only when routing

    data = _read_json(path)
    return StreetGraph.from_rows(nodes=data["nodes"], edges=data["edges"])


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
