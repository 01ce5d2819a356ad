"""The Helsinki data as shipped: places, addresses, hours and the browser's map."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest

import deliveryapp.city
from deliveryapp.city import City, UnknownCity, load_city
from deliveryapp.geo import Point, haversine_m

MAP_DIR = Path(deliveryapp.city.__file__).parent.parent / "static" / "city" / "helsinki"
DATA_DIR = Path(deliveryapp.city.__file__).parent / "data" / "helsinki"
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@pytest.fixture(scope="module")
def helsinki() -> City:
    return load_city("helsinki")


def test_the_city_says_where_it_is_from(helsinki: City) -> None:
    assert (helsinki.slug, helsinki.currency, helsinki.country) == ("helsinki", "EUR", "FI")
    assert helsinki.timezone == "Europe/Helsinki"
    assert helsinki.attribution == "© OpenStreetMap contributors"


def test_a_city_is_loaded_once(helsinki: City) -> None:
    assert load_city("helsinki") is helsinki
    assert helsinki.graph is helsinki.graph


@pytest.mark.parametrize(
    "name",
    ["Helsinki", "atlantis", "../helsinki", "helsinki/../helsinki", "grid:1x5", "grid:999x2", "grid:ax2"],
)
def test_an_unknown_city_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnknownCity, match=re.escape(name)):
        load_city(name)


def test_places_are_many_named_and_in_town(helsinki: City) -> None:
    assert len(helsinki.places) > 420
    assert len({place.osm_id for place in helsinki.places}) == len(helsinki.places)
    assert all(place.name and place.kind for place in helsinki.places)
    assert all(helsinki.bounds.contains(place.location) for place in helsinki.places)
    assert sum(bool(place.cuisines) for place in helsinki.places) > 170
    assert all(re.fullmatch(r"[a-z_]+", tag) for place in helsinki.places for tag in place.cuisines)


def test_addresses_are_distinct_findable_and_in_town(helsinki: City) -> None:
    assert len(helsinki.addresses) > 550
    assert len({address.line for address in helsinki.addresses}) == len(helsinki.addresses)
    for address in helsinki.addresses:
        assert helsinki.bounds.contains(address.location)
        assert address.street[0].isupper()
        assert re.fullmatch(r"\d+(-\d+)?( [A-Z])?", address.house_number)
        assert re.fullmatch(r"(\d{5})?", address.postcode)


def test_the_nearest_address(helsinki: City) -> None:
    wanted = helsinki.addresses[100]
    assert helsinki.nearest_address(wanted.location) == wanted
    nearby = Point(wanted.location.lat + 0.00001, wanted.location.lng)
    assert haversine_m(helsinki.nearest_address(nearby).location, nearby) < 5


def test_hours_are_well_formed(helsinki: City) -> None:
    rows = [row for place in helsinki.places for row in place.hours]
    assert sum(bool(place.hours) for place in helsinki.places) > 200
    assert all(0 <= row.weekday <= 6 for row in rows)
    assert all(TIME.fullmatch(row.opens) and TIME.fullmatch(row.closes) for row in rows)
    assert all(place.opening_hours_text for place in helsinki.places if place.hours)


def test_hours_of_one_place_do_not_overlap(helsinki: City) -> None:
    for place in helsinki.places:
        spans = sorted(_minutes_of_week(row.weekday, row.opens, row.closes) for row in place.hours)
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans)), place.name
        assert not spans or spans[-1][1] - 7 * 24 * 60 <= spans[0][0], place.name


def _minutes_of_week(weekday: int, opens: str, closes: str) -> tuple[int, int]:
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in (opens, closes))
    midnight = weekday * 24 * 60
    return midnight + start, midnight + (end if end > start else end + 24 * 60)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Mo-Fr 8:00-16:00", [(day, "08:00", "16:00") for day in range(5)]),
        ("24/7", [(day, "00:00", "00:00") for day in range(7)]),
        ("Fr-Su 16:00-03:00", [(day, "16:00", "03:00") for day in (4, 5, 6)]),
        (
            "Mo-Fr 11:00-14:30,17:00-00:00; Sa 12:00-00:00; Su 17:00-23:00",
            [row for day in range(5) for row in ((day, "11:00", "14:30"), (day, "17:00", "00:00"))]
            + [(5, "12:00", "00:00"), (6, "17:00", "23:00")],
        ),
    ],
)
def test_hours_as_the_map_writes_them(helsinki: City, text: str, rows: list[tuple[int, str, str]]) -> None:
    place = next(place for place in helsinki.places if place.opening_hours_text == text)
    assert [(row.weekday, row.opens, row.closes) for row in place.hours] == rows


def _layer(name: str) -> list[dict[str, Any]]:
    collection = json.loads((MAP_DIR / name).read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    features: list[dict[str, Any]] = collection["features"]
    return features


def _positions(coordinates: Any) -> list[list[float]]:
    if isinstance(coordinates[0], int | float):
        return [coordinates]
    return [position for part in coordinates for position in _positions(part)]


def test_the_map_lists_its_layers_and_its_source() -> None:
    about = json.loads((MAP_DIR / "map.json").read_text(encoding="utf-8"))
    west, south, east, north = about["bounds"]
    assert about["attribution"] == "© OpenStreetMap contributors"
    assert [layer["name"] for layer in about["layers"]] == [
        "water",
        "parks",
        "plazas",
        "buildings",
        "rails",
        "streets",
    ]
    for layer in about["layers"]:
        positions = [
            p for feature in _layer(layer["file"]) for p in _positions(feature["geometry"]["coordinates"])
        ]
        near = [
            west - 0.01 < lng < east + 0.01 and south - 0.01 < lat < north + 0.01 for lng, lat in positions
        ]
        assert near
        assert all(near)


def test_the_map_is_small() -> None:
    assert sum(path.stat().st_size for path in MAP_DIR.iterdir()) < 600_000


def test_streets_on_the_map_are_named_and_classed() -> None:
    streets = [feature["properties"] for feature in _layer("streets.geojson")]
    assert {street["class"] for street in streets} == {
        "major",
        "street",
        "service",
        "pedestrian",
        "cycleway",
        "path",
    }
    assert {"Mannerheimintie", "Aleksanterinkatu", "Bulevardi"} <= {street.get("name") for street in streets}


def test_rings_on_the_map_are_closed() -> None:
    for name in ("water.geojson", "parks.geojson", "buildings.geojson", "plazas.geojson"):
        for feature in _layer(name):
            geometry = feature["geometry"]
            polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
            assert all(len(ring) >= 4 and ring[0] == ring[-1] for polygon in polygons for ring in polygon)


@pytest.mark.parametrize("folder", [MAP_DIR, DATA_DIR])
def test_the_licence_lies_beside_the_data(folder: Path) -> None:
    assert "Open Database License" in (folder / "NOTICE").read_text(encoding="utf-8")
