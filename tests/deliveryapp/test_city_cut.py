"""The rules of the cut: who may use a way, what is sea, what is an address. Needs none of its libraries."""

from __future__ import annotations

import itertools

import pytest

from deliveryapp.city.access import Access
from deliveryapp.city.cut.coast import sea_rings
from deliveryapp.city.cut.elements import Extract, Line, Spot, WeeklyRow
from deliveryapp.city.cut.places import address_rows, place_rows
from deliveryapp.city.cut.streets import directions, graph_of, streets_of

WALK, RIDE, DRIVE = Access.WALK, Access.RIDE, Access.DRIVE
NOBODY = Access(0)


@pytest.mark.parametrize(
    ("tags", "there", "back"),
    [
        ({"highway": "residential"}, WALK | RIDE | DRIVE, WALK | RIDE | DRIVE),
        ({"highway": "residential", "oneway": "yes"}, WALK | RIDE | DRIVE, WALK),
        ({"highway": "residential", "oneway": "-1"}, WALK, WALK | RIDE | DRIVE),
        (
            {"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"},
            WALK | RIDE | DRIVE,
            WALK | RIDE,
        ),
        ({"highway": "primary", "bicycle": "use_sidepath"}, WALK | DRIVE, WALK | DRIVE),
        ({"highway": "footway"}, WALK, WALK),
        ({"highway": "footway", "bicycle": "yes"}, WALK | RIDE, WALK | RIDE),
        ({"highway": "cycleway", "foot": "no"}, RIDE, RIDE),
        ({"highway": "pedestrian", "motor_vehicle": "destination"}, WALK | RIDE | DRIVE, WALK | RIDE | DRIVE),
        ({"highway": "steps"}, WALK, WALK),
        ({"highway": "service", "access": "private"}, NOBODY, NOBODY),
        ({"highway": "construction"}, NOBODY, NOBODY),
        ({"railway": "tram"}, NOBODY, NOBODY),
    ],
)
def test_who_may_use_a_way(tags: dict[str, str], there: Access, back: Access) -> None:
    assert directions(tags) == (there, back)


def _way(osm_id: int, *refs: int, **tags: str) -> Line:
    return Line(
        osm_id, {"highway": "residential", **tags}, [[(ref, (25.0 + ref / 1000, 60.0)) for ref in refs]]
    )


def test_the_graph_is_the_largest_connected_part() -> None:
    lines = [_way(1, 1, 2, 3), _way(2, 3, 4, oneway="yes"), _way(3, 8, 9), _way(4, 4, 5, layer="-3")]
    nodes, edges = graph_of(streets_of(lines))
    assert nodes == [(25.001, 60.0), (25.002, 60.0), (25.003, 60.0), (25.004, 60.0)]
    everybody = int(WALK | RIDE | DRIVE)
    assert edges == [
        (0, 1, 55.6, everybody, everybody),
        (1, 2, 55.6, everybody, everybody),
        (2, 3, 55.6, everybody, int(WALK)),
    ]


def _coast(*positions: tuple[float, float]) -> Extract:
    run = list(enumerate(positions))
    return Extract(west=0, south=0, east=10, north=10, lines=[Line(1, {"natural": "coastline"}, [run])])


def _surface(ring: list[tuple[float, float]]) -> float:
    """Shoelace formula; negative for a clockwise ring."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring)) / 2


@pytest.mark.parametrize(
    ("shore", "sea"),
    [
        (((5, 0), (5, 10)), 50),  # going north: the water is in the east
        (((5, 10), (5, 0)), 50),
        (((9.9, 4), (5, 4), (5, 6), (9.9, 6)), 10),  # a bay from the east, its ends carried on to the side
        (((0, 2), (10, 2)), 20),  # going east: the water is in the south
    ],
)
def test_the_sea_is_right_of_the_coast(shore: tuple[tuple[float, float], ...], sea: float) -> None:
    (ring,) = sea_rings(_coast(*shore))
    assert ring[0] == ring[-1]
    assert _surface(ring) == pytest.approx(-sea)


def test_two_shores_of_one_strait_close_each_other() -> None:
    extract = _coast((10, 4), (0, 4))
    extract.lines.append(Line(2, {"natural": "coastline"}, [[(7, (0.0, 6.0)), (8, (10.0, 6.0))]]))
    (ring,) = sea_rings(extract)
    assert _surface(ring) == pytest.approx(-20)


def _spot(number: int, **tags: str) -> Spot:
    return Spot(
        f"node/{number}",
        {key.replace("__", ":"): value for key, value in tags.items()},
        (25.0, 60.0 + number),
    )


def test_one_row_per_front_door() -> None:
    rows = address_rows(
        [
            _spot(1, shop="shoes", addr__street="Annankatu", addr__housenumber="25", addr__postcode="00100"),
            _spot(2, addr__street="Annankatu", addr__housenumber="25"),
            _spot(
                3, addr__street="Annankatu", addr__housenumber="4, 5. krs. / Floor 5", addr__postcode="000120"
            ),
            _spot(4, addr__street="Galleria, Annankatu", addr__housenumber="16b"),
            _spot(5, addr__street="Annankatu", addr__housenumber="Keskuskatu 5"),
            _spot(6, addr__housenumber="9"),
        ]
    )
    assert rows == [
        ["Annankatu", "4", "", 63.0, 25.0],
        ["Annankatu", "16 B", "", 64.0, 25.0],
        ["Annankatu", "25", "00100", 62.0, 25.0],
    ]


def test_places_that_serve_food_and_are_not_gone() -> None:
    def weekly_hours(text: str) -> list[WeeklyRow]:
        return [(0, "10:00", "20:00")] if text else []

    rows = place_rows(
        [
            _spot(
                1, amenity="cafe", name=" Corner ", cuisine="Coffee Shop;tee", opening_hours="Mo 10:00-20:00"
            ),
            _spot(2, amenity="restaurant"),
            _spot(3, amenity="bank", name="Bank"),
            _spot(4, amenity="pub", name="Gone", opening_hours="closed"),
            _spot(5, shop="bakery", name="Loaf", addr__street="Annankatu", addr__housenumber="1"),
        ],
        weekly_hours,
    )
    assert [row["name"] for row in rows] == ["Corner", "Loaf"]
    assert rows[0]["cuisines"] == ["coffee_shop", "tea"]
    assert rows[0]["hours"] == [(0, "10:00", "20:00")]
    assert rows[0]["address"] is None
    assert (rows[1]["kind"], rows[1]["hours"], rows[1]["address"]) == ("bakery", [], ["Annankatu", "1", ""])
