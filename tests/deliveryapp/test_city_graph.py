"""The street graph on a handful of nodes, where every answer can be worked out by hand."""

from __future__ import annotations

import pytest

from deliveryapp.city.access import Access
from deliveryapp.city.graph import CIRCUITY, StreetGraph, StreetNetwork
from deliveryapp.geo import Point, haversine_m

EVERYBODY = int(Access.WALK | Access.RIDE | Access.DRIVE)
ON_FOOT = int(Access.WALK)
A, B, C, D, LONELY = (Point(60.0, 25.0 + i / 1000) for i in range(5))


def _network(*edges: tuple[int, int, float, int, int], access: Access = Access.WALK) -> StreetNetwork:
    nodes = [(point.lat, point.lng) for point in (A, B, C, D, LONELY)]
    return StreetGraph.from_rows(nodes=nodes, edges=edges).network(access)


def test_of_parallel_streets_the_shorter_counts() -> None:
    for lengths in ((90.0, 60.0), (60.0, 90.0)):
        network = _network(*((0, 1, length, EVERYBODY, EVERYBODY) for length in lengths))
        assert network.distances_m([A], [B])[0, 0] == pytest.approx(60)


def test_the_shortest_way_need_not_have_the_fewest_corners() -> None:
    network = _network(
        (0, 3, 500, EVERYBODY, EVERYBODY),
        (0, 1, 60, EVERYBODY, EVERYBODY),
        (1, 2, 60, EVERYBODY, EVERYBODY),
        (2, 3, 60, EVERYBODY, EVERYBODY),
    )
    assert network.distances_m([A], [D])[0, 0] == pytest.approx(180)
    assert network.path(A, D) == (A, A, B, C, D, D)


def test_a_one_way_street_is_ridden_one_way_and_walked_both() -> None:
    ring = [
        (0, 1, 60.0, EVERYBODY, ON_FOOT),
        (1, 2, 60.0, EVERYBODY, ON_FOOT),
        (2, 0, 120.0, EVERYBODY, ON_FOOT),
    ]
    riding, walking = _network(*ring, access=Access.RIDE), _network(*ring)
    assert riding.distances_m([A], [B])[0, 0] == pytest.approx(60)
    assert riding.distances_m([B], [A])[0, 0] == pytest.approx(180)
    assert walking.distances_m([B], [A])[0, 0] == pytest.approx(60)


def test_a_dead_end_one_cannot_leave_is_no_part_of_the_network() -> None:
    network = _network((0, 1, 60, EVERYBODY, EVERYBODY), (1, 2, 60, EVERYBODY, ON_FOOT), access=Access.RIDE)
    assert len(network.coordinates) == 2
    assert network.nearest([C])[0].tolist() == [1]


def test_the_way_to_the_street_counts() -> None:
    network = _network((0, 1, 60, EVERYBODY, EVERYBODY))
    door = Point(60.001, 25.0)
    assert network.distances_m([door], [B])[0, 0] == pytest.approx(60 + haversine_m(door, A), rel=1e-4)


def test_beyond_reach_of_the_streets_it_is_the_straight_line() -> None:
    network = _network((0, 1, 60, EVERYBODY, EVERYBODY))
    outside, inside = Point(60.0028, 25.0), Point(60.0026, 25.0)
    assert network.distances_m([outside], [B])[0, 0] == pytest.approx(haversine_m(outside, B) * CIRCUITY)
    assert network.distances_m([inside], [B])[0, 0] == pytest.approx(60 + haversine_m(inside, A), rel=1e-4)
