"""The generated city: the same for the same name, complete, and connected whatever its size."""

from __future__ import annotations

import itertools

import pytest

from deliveryapp.city import load_city
from deliveryapp.city.access import Access
from deliveryapp.city.grid import GridSpec, build_grid_city
from deliveryapp.geo import haversine_m
from deliveryapp.routing import StreetRouter


def test_the_same_spec_gives_the_same_city() -> None:
    one, other = build_grid_city(GridSpec(12, 15, seed=3)), build_grid_city(GridSpec(12, 15, seed=3))
    assert one.places == other.places
    assert one.addresses == other.addresses
    assert one.bounds == other.bounds
    origin, destination = one.places[0].location, one.addresses[-1].location
    assert StreetRouter(one).route(origin, destination) == StreetRouter(other).route(origin, destination)


def test_another_seed_gives_another_city() -> None:
    one, other = load_city("grid:12x15"), load_city("grid:12x15@2")
    assert (one.slug, other.slug) == ("grid:12x15", "grid:12x15@2")
    assert one.places != other.places
    assert one.addresses != other.addresses


def test_names_say_size_and_seed() -> None:
    assert load_city("grid:12x15@3").places == build_grid_city(GridSpec(12, 15, seed=3)).places


@pytest.mark.parametrize("name", ["grid:2x2", "grid:3x9", "grid:40x60"])
def test_a_grid_city_is_complete(name: str) -> None:
    city = load_city(name)
    assert city.places
    assert len({address.line for address in city.addresses}) == len(city.addresses)
    assert len({place.osm_id for place in city.places}) == len(city.places)
    assert all(city.bounds.contains(address.location) for address in city.addresses)
    assert all(
        place.hours and place.cuisines and place.address in city.addresses for place in city.places[:50]
    )


def test_the_size_follows_the_name() -> None:
    city = load_city("grid:40x60")
    assert len(city.places) == 40 * 60 // 6
    assert len(city.addresses) == 40 * 59 + 39 * 60


@pytest.mark.parametrize(("rows", "cols", "access"), [*itertools.product((2, 7, 11), (2, 11), Access)])
def test_every_crossing_can_be_reached_by_everybody(rows: int, cols: int, access: Access) -> None:
    assert len(build_grid_city(GridSpec(rows, cols)).graph.network(access).coordinates) == rows * cols


def test_one_way_streets_bind_riders_but_not_walkers() -> None:
    city = load_city("grid:20x20")
    router = StreetRouter(city)
    pairs = [
        (place.location, address.location) for place in city.places[:20] for address in city.addresses[::40]
    ]
    differs = {
        vehicle: sum(
            abs(router.leg(a, b, vehicle=vehicle).distance_m - router.leg(b, a, vehicle=vehicle).distance_m)
            > 1
            for a, b in pairs
        )
        for vehicle in ("walk", "bicycle")
    }
    assert differs["walk"] == 0
    assert differs["bicycle"] > 0


def test_grid_distances_are_those_of_a_grid() -> None:
    city = load_city("grid:20x20")
    router = StreetRouter(city)
    for place, address in zip(city.places[:40], city.addresses[::15], strict=False):
        straight_m = haversine_m(place.location, address.location)
        assert straight_m - 1 <= router.leg(place.location, address.location, vehicle="walk").distance_m
        assert (
            router.leg(place.location, address.location, vehicle="walk").distance_m <= straight_m * 1.45 + 250
        )
