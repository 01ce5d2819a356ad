"""Places to eat and front doors of the extract, as rows of places.json and addresses.json."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from deliveryapp.city.cut.elements import Coordinate, Spot, Tags, WeeklyRow

_AMENITIES = {"restaurant", "cafe", "fast_food", "pub", "bar", "ice_cream", "food_court", "biergarten"}
_SHOPS = {"bakery", "confectionery", "pastry"}
_CUISINE_SPELLINGS = {"oraganic": "organic", "tee": "tea"}
_STREET_SPELLINGS = {
    "Alvar Aallon Katu": "Alvar Aallon katu",
    "Asema-Aukio": "Asema-aukio",
    "Itäinen teatterikuja": "Itäinen Teatterikuja",
}
_POSTCODE = re.compile(r"\d{5}")
# "12", "4-6", "7 b", "30-34": what a rider can find; floors and shop names are left out
_HOUSE_NUMBER = re.compile(r"(\d+(?:-\d+)?)(?: ?([A-Za-z])\b)?")

HoursReader = Callable[[str], list[WeeklyRow]]
AddressRow = list[str | float]


def place_rows(spots: list[Spot], weekly_hours: HoursReader) -> list[dict[str, Any]]:
    """Named places that are not closed for good, by OpenStreetMap id."""
    rows = [_place_row(spot, weekly_hours) for spot in spots if _kind(spot.tags) and spot.tags.get("name")]
    return sorted((row for row in rows if row["opening_hours"] != "closed"), key=lambda row: row["osm_id"])


def address_rows(spots: list[Spot]) -> list[AddressRow]:
    """One row `[street, house number, postcode, lat, lng]` per distinct front door.

    A shop carries the address of its house, so one address occurs up to 56 times in the source: a spot that
    is nothing but an address wins over a shop, and the postcode is taken from whichever says it.
    """
    doors: dict[tuple[str, str], Spot] = {}
    postcodes: dict[tuple[str, str], str] = {}
    for spot in sorted(spots, key=_bare_first):
        door = _door(spot.tags)
        if door is None:
            continue
        doors.setdefault(door, spot)
        postcodes[door] = postcodes.get(door) or _postcode(spot.tags)
    return [
        [*door, postcodes[door], *_lat_lng(doors[door].position)] for door in sorted(doors, key=_by_number)
    ]


def _place_row(spot: Spot, weekly_hours: HoursReader) -> dict[str, Any]:
    lat, lng = _lat_lng(spot.position)
    door = _door(spot.tags)
    text = spot.tags.get("opening_hours", "")
    return {
        "osm_id": spot.osm_id,
        "name": spot.tags["name"].strip(),
        "kind": _kind(spot.tags),
        "cuisines": _cuisines(spot.tags.get("cuisine", "")),
        "opening_hours": text,
        "hours": weekly_hours(text),
        "lat": lat,
        "lng": lng,
        "address": [*door, _postcode(spot.tags)] if door else None,
    }


def _kind(tags: Tags) -> str | None:
    if tags.get("amenity") in _AMENITIES:
        return tags["amenity"]
    return tags["shop"] if tags.get("shop") in _SHOPS else None


def _cuisines(text: str) -> list[str]:
    values = (re.sub(r"[\s-]+", "_", value.strip().lower()) for value in re.split("[;,]", text))
    return list(dict.fromkeys(_CUISINE_SPELLINGS.get(value, value) for value in values if value))


def _door(tags: Tags) -> tuple[str, str] | None:
    """Street and house number, tidied; None where either is missing or is not one."""
    number = _HOUSE_NUMBER.match(tags.get("addr:housenumber", ""))
    # "Galleria Esplanad, Aleksanterinkatu": the street comes after the name of the building
    street = tags.get("addr:street", "").rpartition(",")[2].strip()
    if number is None or not street or street[-1].isdigit():
        return None
    house_number = f"{number[1]} {number[2].upper()}" if number[2] else number[1]
    return _STREET_SPELLINGS.get(street, street), house_number


def _postcode(tags: Tags) -> str:
    text = tags.get("addr:postcode", "")
    return text if _POSTCODE.fullmatch(text) else ""


def _bare_first(spot: Spot) -> tuple[bool, str]:
    return any(key in spot.tags for key in ("amenity", "shop", "tourism", "office", "name")), spot.osm_id


def _by_number(door: tuple[str, str]) -> tuple[str, int, str]:
    street, number = door
    return street, int(re.split(r"\D", number)[0]), number


def _lat_lng(position: Coordinate) -> tuple[float, float]:
    return round(position[1], 6), round(position[0], 6)
