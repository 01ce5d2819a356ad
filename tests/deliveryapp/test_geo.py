"""Points, distances, bearings and polygons."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deliveryapp.geo import (
    EARTH_RADIUS_M,
    Bounds,
    Point,
    bearing_deg,
    between,
    haversine_m,
    in_polygon,
    offset,
)

points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))
mid_latitudes = st.builds(Point, st.floats(-80, 80), st.floats(-179, 179))

HELSINKI = Point(60.170833, 24.9375)
TALLINN = Point(59.437222, 24.745278)


@pytest.mark.parametrize(
    ("lat", "lng"),
    [
        (90.001, 0),
        (-91, 0),
        (0, 180.5),
        (0, -181),
        (math.nan, 0),
        (0, math.nan),
        (math.inf, 0),
        (0, -math.inf),
    ],
)
def test_a_point_off_the_globe_is_refused(lat: float, lng: float) -> None:
    with pytest.raises(ValueError, match="is not within"):
        Point(lat, lng)


@pytest.mark.parametrize("corner", [(90, 180), (-90, -180), (0, 0)])
def test_the_edges_of_the_globe_are_points(corner: tuple[float, float]) -> None:
    assert (Point(*corner).lat, Point(*corner).lng) == corner


def test_haversine_of_known_pairs() -> None:
    assert haversine_m(HELSINKI, TALLINN) == pytest.approx(82_280, rel=0.001)
    assert haversine_m(Point(0, 0), Point(0, 90)) == pytest.approx(EARTH_RADIUS_M * math.pi / 2)
    assert haversine_m(Point(90, 0), Point(-90, 0)) == pytest.approx(EARTH_RADIUS_M * math.pi)


@given(points, points)
def test_haversine_is_symmetric_and_bounded(a: Point, b: Point) -> None:
    assert haversine_m(a, b) == pytest.approx(haversine_m(b, a), abs=1e-6)
    assert 0 <= haversine_m(a, b) <= EARTH_RADIUS_M * math.pi
    assert haversine_m(a, a) == 0


@given(points, points, points)
def test_haversine_keeps_the_triangle_inequality(a: Point, b: Point, c: Point) -> None:
    assert haversine_m(a, c) <= haversine_m(a, b) + haversine_m(b, c) + 0.5


@given(mid_latitudes, st.floats(1, 50_000), st.floats(0, 359.99))
def test_offset_goes_that_far_in_that_direction(origin: Point, distance_m: float, heading_deg: float) -> None:
    reached = offset(origin, distance_m=distance_m, heading_deg=heading_deg)
    assert haversine_m(origin, reached) == pytest.approx(distance_m, rel=1e-6, abs=1e-3)
    turned = (bearing_deg(origin, reached) - heading_deg + 180) % 360 - 180
    assert abs(turned) < 0.01


@given(points, points)
def test_a_bearing_is_a_heading(a: Point, b: Point) -> None:
    assert 0 <= bearing_deg(a, b) < 360


@pytest.mark.parametrize(
    ("target", "heading_deg"),
    [(Point(1, 0), 0), (Point(0, 1), 90), (Point(-1, 0), 180), (Point(0, -1), 270), (Point(0, 0), 0)],
)
def test_bearings_of_the_compass(target: Point, heading_deg: float) -> None:
    assert bearing_deg(Point(0, 0), target) == pytest.approx(heading_deg)


def test_offset_crosses_the_antimeridian() -> None:
    reached = offset(Point(0, 179.999), distance_m=1000, heading_deg=90)
    assert reached.lng == pytest.approx(-179.992, abs=0.001)


def test_between_splits_a_street() -> None:
    assert between(Point(0, 0), Point(1, 2), 0.25) == Point(0.25, 0.5)


L_SHAPE = [Point(0, 0), Point(0, 4), Point(2, 4), Point(2, 2), Point(4, 2), Point(4, 0)]


@pytest.mark.parametrize(
    ("point", "inside"),
    [
        (Point(1, 3), True),
        (Point(3, 1), True),
        (Point(3, 3), False),
        (Point(-1, 1), False),
        (Point(1, 5), False),
    ],
)
def test_in_polygon(point: Point, inside: bool) -> None:
    assert in_polygon(point, L_SHAPE) is inside
    assert in_polygon(point, [*L_SHAPE, L_SHAPE[0]]) is inside
    assert in_polygon(point, L_SHAPE[::-1]) is inside


def test_a_polygon_has_three_corners() -> None:
    with pytest.raises(ValueError, match="three corners"):
        in_polygon(Point(0, 0), [Point(0, 0), Point(1, 1)])


@given(mid_latitudes, mid_latitudes)
def test_bounds_contain_their_center_and_corners(a: Point, b: Point) -> None:
    assume(a.lat <= b.lat and a.lng <= b.lng)
    bounds = Bounds(south=a.lat, west=a.lng, north=b.lat, east=b.lng)
    assert bounds.contains(a)
    assert bounds.contains(b)
    assert bounds.contains(bounds.center)


def test_bounds_inside_out_are_refused() -> None:
    with pytest.raises(ValueError, match="south to north"):
        Bounds(south=2, west=0, north=1, east=1)
