"""Routes, legs and matrices on the real street graph and as the crow flies."""

from __future__ import annotations

import itertools
import random
import subprocess
import sys

import numpy as np
import pytest

from deliveryapp.city import UnknownCity, load_city
from deliveryapp.geo import Point, haversine_m, offset
from deliveryapp.routing import (
    VEHICLES,
    Route,
    Router,
    StraightLineRouter,
    StreetRouter,
    UnknownVehicle,
    router_for,
)

HELSINKI = load_city("helsinki")
FAR_AWAY = Point(60.30, 25.30)


def _trips(count: int, seed: int = 1) -> list[tuple[Point, Point]]:
    """Restaurant to front door, at least 300 m apart so that the detour round one block does not dominate."""
    rng = random.Random(seed)
    pairs = (
        (rng.choice(HELSINKI.places).location, rng.choice(HELSINKI.addresses).location)
        for _ in itertools.count()
    )
    return list(itertools.islice((pair for pair in pairs if haversine_m(*pair) > 300), count))


@pytest.fixture(scope="module")
def streets() -> Router:
    return router_for("helsinki")


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_a_trip_is_longer_than_the_straight_line_but_not_absurd(streets: Router, vehicle: str) -> None:
    ratios = [streets.leg(a, b, vehicle=vehicle).distance_m / haversine_m(a, b) for a, b in _trips(150)]
    assert min(ratios) > 0.999
    assert sorted(ratios)[len(ratios) * 95 // 100] < 3
    assert max(ratios) < 4.5
    assert 1.15 < sum(ratios) / len(ratios) < 1.9


def test_walkers_never_go_far_round(streets: Router) -> None:
    assert all(streets.leg(a, b, vehicle="walk").distance_m <= 3 * haversine_m(a, b) for a, b in _trips(150))


@pytest.mark.parametrize("vehicle", VEHICLES)
def test_a_route_runs_unbroken_from_door_to_door(streets: Router, vehicle: str) -> None:
    for origin, destination in _trips(25, seed=2):
        route = streets.route(origin, destination, vehicle=vehicle)
        steps_m = [haversine_m(a, b) for a, b in itertools.pairwise(route.points)]
        assert (route.points[0], route.points[-1]) == (origin, destination)
        assert len(route.points) > 4
        assert max(steps_m) < 260
        assert sum(steps_m) == pytest.approx(route.distance_m, rel=0.002)


def test_a_route_and_a_leg_agree(streets: Router) -> None:
    for origin, destination in _trips(10, seed=3):
        leg, route = streets.leg(origin, destination), streets.route(origin, destination)
        assert (route.distance_m, route.duration_s) == (leg.distance_m, leg.duration_s)


@pytest.mark.parametrize("router", [router_for("helsinki"), router_for(None)], ids=["streets", "straight"])
@pytest.mark.parametrize(("rows", "cols"), [(4, 9), (9, 4), (1, 1)])
def test_the_matrix_agrees_with_single_legs(router: Router, rows: int, cols: int) -> None:
    origins = [*(place.location for place in HELSINKI.places[: rows - 1]), FAR_AWAY][:rows]
    destinations = [address.location for address in HELSINKI.addresses[:cols]]
    matrix = router.legs(origins, destinations, vehicle="scooter")
    singly = [[router.leg(a, b, vehicle="scooter").duration_s for b in destinations] for a in origins]
    np.testing.assert_allclose(matrix, singly, rtol=1e-6)


@pytest.mark.parametrize("router", [router_for("helsinki"), router_for(None)], ids=["streets", "straight"])
def test_a_matrix_of_nothing_has_the_right_shape(router: Router) -> None:
    here = HELSINKI.places[0].location
    assert router.legs([here, here], []).shape == (2, 0)
    assert router.legs([], [here]).shape == (0, 1)


def test_faster_vehicles_on_the_same_streets_arrive_earlier(streets: Router) -> None:
    ((origin, destination),) = _trips(1)
    bicycle, scooter = (streets.leg(origin, destination, vehicle=name) for name in ("bicycle", "scooter"))
    assert scooter.distance_m == bicycle.distance_m
    assert bicycle.duration_s == pytest.approx(bicycle.distance_m / 4.6)
    assert scooter.duration_s < bicycle.duration_s


def test_one_way_streets_make_there_and_back_differ(streets: Router) -> None:
    differing = sum(
        abs(streets.leg(a, b).distance_m - streets.leg(b, a).distance_m) > 1 for a, b in _trips(50, seed=4)
    )
    assert differing > 10


def test_outside_the_graph_it_is_the_straight_line(streets: Router) -> None:
    inside = HELSINKI.places[0].location
    leg, route = streets.leg(FAR_AWAY, inside), streets.route(FAR_AWAY, inside)
    assert leg.distance_m == pytest.approx(haversine_m(FAR_AWAY, inside) * 1.35)
    assert route.points == (FAR_AWAY, inside)
    assert route.distance_m == leg.distance_m


def test_staying_costs_nothing(streets: Router) -> None:
    here = HELSINKI.places[0].location
    assert streets.leg(here, here).distance_m == 0
    assert streets.route(here, here).position_after(10) == here


def test_straight_line_times_circuity() -> None:
    origin, destination = _trips(1)[0]
    leg = StraightLineRouter(circuity=1.5).leg(origin, destination, vehicle="walk")
    assert leg.distance_m == pytest.approx(haversine_m(origin, destination) * 1.5)
    assert leg.duration_s == pytest.approx(leg.distance_m / 1.35)


def test_a_circuity_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        StraightLineRouter(circuity=0.9)


@pytest.mark.parametrize("router", [router_for("helsinki"), router_for(None)], ids=["streets", "straight"])
def test_an_unknown_vehicle_is_refused(router: Router) -> None:
    here = HELSINKI.places[0].location
    for ask in (router.leg, router.route):
        with pytest.raises(UnknownVehicle, match="horse"):
            ask(here, here, vehicle="horse")
    with pytest.raises(UnknownVehicle, match="horse"):
        router.legs([here], [here], vehicle="horse")


def test_routers_are_cached_and_named_after_cities() -> None:
    assert router_for("helsinki") is router_for("helsinki")
    assert isinstance(router_for("grid:5x5"), StreetRouter)
    assert isinstance(router_for(None), StraightLineRouter)
    with pytest.raises(UnknownCity):
        router_for("atlantis")


def test_riding_along_a_route(streets: Router) -> None:
    ((origin, destination),) = _trips(1, seed=6)
    route = streets.route(origin, destination)
    track = [route.position_after(route.duration_s * i / 40) for i in range(41)]
    steps_m = [haversine_m(a, b) for a, b in itertools.pairwise(track)]
    assert (track[0], track[-1]) == (origin, destination)
    assert max(steps_m) <= route.distance_m / 40 * 1.01
    assert route.position_after(-5) == origin
    assert route.position_after(route.duration_s + 5) == destination


def test_half_the_time_is_half_the_way() -> None:
    start = Point(60.0, 25.0)
    middle = offset(start, distance_m=1000, heading_deg=90)
    end = offset(middle, distance_m=3000, heading_deg=0)
    halfway = Route((start, middle, middle, end), 4000, 800).position_after(400)
    assert haversine_m(halfway, offset(middle, distance_m=1000, heading_deg=0)) < 1


def test_asking_for_a_router_does_not_load_scipy() -> None:
    code = (
        "import sys; from deliveryapp.routing import router_for; from deliveryapp.geo import Point\n"
        "router_for('helsinki').city.places; router_for(None).leg(Point(60, 25), Point(60, 26))\n"
        "sys.exit('numpy' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
