"""Delivery fee, reach and promised time: one formula for the list, the quote and the order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveryapp.clock import utc_now
from deliveryapp.geo import Point, offset
from restaurants.facade import delivery_fee_minor, delivery_terms, get_restaurant, get_restaurants
from restaurants.models import Restaurant
from restaurants.pricing import eta_minutes
from tests.restaurants.conftest import Make


def tariff(fee_minor: int, per_km_minor: int) -> Restaurant:
    return Restaurant(delivery_fee_minor=fee_minor, delivery_fee_per_km_minor=per_km_minor)


@pytest.mark.parametrize(
    ("distance_m", "expected_minor"),
    [
        (0, 290),
        (999.4, 290),
        (1_000, 290),
        (1_001, 291),
        (1_010, 291),
        (1_011, 292),
        (2_000, 390),
        (3_505, 541),
    ],
)
def test_the_first_kilometre_is_in_the_base_fee(distance_m: float, expected_minor: int) -> None:
    assert delivery_fee_minor(tariff(290, 100), distance_m) == expected_minor


@given(st.integers(0, 10_000), st.integers(0, 5_000), st.floats(0, 20_000), st.floats(0, 20_000))
def test_farther_is_never_cheaper(fee: int, per_km: int, one_m: float, other_m: float) -> None:
    near_m, far_m = sorted((one_m, other_m))
    prices = tariff(fee, per_km)
    assert fee <= delivery_fee_minor(prices, near_m) <= delivery_fee_minor(prices, far_m)


@pytest.mark.parametrize(
    ("prep_minutes", "distance_m", "expected"),
    [(1, 0, (5, 15)), (15, 0, (15, 25)), (20, 2_000, (30, 45)), (30, 4_000, (50, 70))],
)
def test_the_promise_in_minutes(prep_minutes: int, distance_m: float, expected: tuple[int, int]) -> None:
    assert eta_minutes(prep_minutes=prep_minutes, distance_m=distance_m) == expected


@given(st.integers(1, 180), st.floats(0, 20_000))
def test_a_promise_is_a_range_that_holds_the_estimate(prep_minutes: int, distance_m: float) -> None:
    earliest, latest = eta_minutes(prep_minutes=prep_minutes, distance_m=distance_m)
    ride_minutes = distance_m * 1.35 / 4.6 / 60
    assert earliest % 5 == latest % 5 == 0
    assert earliest <= max(5, prep_minutes + ride_minutes + 4) <= latest
    assert latest - earliest >= 10


def test_reach_ends_at_the_radius(make: Make) -> None:
    info = get_restaurant(restaurant_id=make("luna", delivery_radius_m=2_500).pk)
    near = offset(info.location, distance_m=2_499, heading_deg=77)
    far = offset(info.location, distance_m=2_502, heading_deg=77)
    inside, outside = delivery_terms(info, near, at=utc_now()), delivery_terms(info, far, at=utc_now())
    assert (inside.distance_m, inside.is_within_reach, inside.fee_minor) == (2_499, True, 290 + 150)
    assert (outside.distance_m, outside.is_within_reach) == (2_502, False)


def test_facts_of_several_at_once(make: Make) -> None:
    luna, sol = make("luna"), make("sol", prep_minutes=33)
    Restaurant.objects.filter(pk=sol.pk).update(is_active=False)  # its past orders still name it
    infos = get_restaurants(ids=[luna.pk, sol.pk, luna.pk])
    assert {pk: info.prep_minutes for pk, info in infos.items()} == {luna.pk: 20, sol.pk: 33}
    assert infos[luna.pk].location == Point(luna.lat, luna.lng)
