"""The pure engine: what must hold for any drivers and any deliveries."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveryapp.geo import Point
from deliveryapp.routing import router_for
from drivers.dispatch import FreeDriver, Policy, WaitingDelivery, plan

CENTER = Point(60.17, 24.94)
POLICIES = pytest.mark.parametrize("policy", list(Policy))


def travel(drivers, waiting):
    return router_for(None).legs([d.point for d in drivers], [w.pickup for w in waiting])


def a_driver(n=1, *, east=0.0, rating=4.5, idle_since_s=-600.0, free_slots=1):
    point = Point(CENTER.lat, CENTER.lng + east / 1000)
    return FreeDriver(
        id=UUID(int=n),
        point=point,
        vehicle="bicycle",
        rating=rating,
        idle_since_s=idle_since_s,
        free_slots=free_slots,
    )


def a_delivery(n=1, *, east=0.0, ready_at_s=600.0, asked_at_s=0.0, candidates=None):
    pickup = Point(CENTER.lat, CENTER.lng + east / 1000)
    return WaitingDelivery(
        id=UUID(int=n), pickup=pickup, ready_at_s=ready_at_s, asked_at_s=asked_at_s, candidates=candidates
    )


def pairs(proposals):
    return {(p.delivery_id.int, p.driver_id.int) for p in proposals}


places = st.floats(-40, 40)
drivers_ = st.lists(
    st.tuples(places, st.floats(0, 5), st.floats(-4_000, 0), st.integers(0, 2)), min_size=0, max_size=8
).map(
    lambda rows: [
        a_driver(n + 1, east=e, rating=r, idle_since_s=i, free_slots=f) for n, (e, r, i, f) in enumerate(rows)
    ]
)
deliveries_ = st.lists(
    st.tuples(places, st.floats(-600, 1_800), st.floats(-3_000, 0)), min_size=0, max_size=8
).map(
    lambda rows: [a_delivery(n + 1, east=e, ready_at_s=r, asked_at_s=a) for n, (e, r, a) in enumerate(rows)]
)


@POLICIES
@given(drivers=drivers_, waiting=deliveries_)
def test_nobody_is_asked_twice_and_as_many_as_possible_are_served(drivers, waiting, policy):
    proposals = plan(waiting, drivers, 0.0, travel, policy=policy)

    assert len({p.delivery_id for p in proposals}) == len(proposals)
    assert len({p.driver_id for p in proposals}) == len(proposals)
    free = [driver for driver in drivers if driver.free_slots]
    assert len(proposals) == min(len(free), len(waiting))
    assert {p.driver_id for p in proposals} <= {driver.id for driver in free}


@POLICIES
@given(drivers=drivers_, waiting=deliveries_, seed=st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(drivers, waiting, seed, policy):
    expected = plan(waiting, drivers, 0.0, travel, policy=policy)
    seed.shuffle(drivers)
    seed.shuffle(waiting)

    assert plan(waiting, drivers, 0.0, travel, policy=policy) == expected


@POLICIES
@given(drivers=drivers_, waiting=deliveries_, more=drivers_)
def test_adding_busy_drivers_changes_nothing(drivers, waiting, more, policy):
    busy = [dataclasses.replace(d, id=UUID(int=d.id.int + 100), free_slots=0) for d in more]

    assert plan(waiting, [*drivers, *busy], 0.0, travel, policy=policy) == plan(
        waiting, drivers, 0.0, travel, policy=policy
    )


@POLICIES
@given(drivers=drivers_, nearer=st.floats(0, 0.99), ready_at_s=st.floats(-600, 1_800))
def test_moving_the_chosen_driver_nearer_never_makes_him_lose(drivers, nearer, ready_at_s, policy):
    delivery = a_delivery(ready_at_s=ready_at_s)
    before = plan([delivery], drivers, 0.0, travel, policy=policy)
    if not before:
        return
    chosen = before[0].driver_id
    moved = [
        dataclasses.replace(d, point=Point(CENTER.lat, CENTER.lng + (d.point.lng - CENTER.lng) * nearer))
        if d.id == chosen
        else d
        for d in drivers
    ]

    after = plan([delivery], moved, 0.0, travel, policy=policy)

    assert after[0].driver_id == chosen
    assert after[0].cost_s <= before[0].cost_s


@given(drivers=drivers_, waiting=deliveries_)
def test_only_candidates_are_asked(drivers, waiting):
    allowed = frozenset(driver.id for driver in drivers if driver.id.int % 2)
    waiting = [dataclasses.replace(delivery, candidates=allowed) for delivery in waiting]

    assert {p.driver_id for p in plan(waiting, drivers, 0.0, travel)} <= allowed


@given(drivers=drivers_, waiting=deliveries_)
def test_the_matching_is_never_dearer_than_serving_the_nearest_first(drivers, waiting):
    waiting = [dataclasses.replace(delivery, asked_at_s=0.0) for delivery in waiting]
    best = plan(waiting, drivers, 0.0, travel)
    nearest = plan(waiting, drivers, 0.0, travel, policy=Policy.NEAREST)
    if len(best) == len(waiting):
        assert sum(p.cost_s for p in best) <= sum(p.cost_s for p in nearest) + 1e-6


def test_two_orders_and_two_drivers_are_matched_as_a_whole():
    """Nearest-first would send driver 1 to delivery 1 and driver 2 across town."""
    drivers = [a_driver(1, east=0), a_driver(2, east=-9)]
    waiting = [a_delivery(1, east=-1, ready_at_s=0, asked_at_s=-1), a_delivery(2, east=8, ready_at_s=0)]

    assert pairs(plan(waiting, drivers, 0.0, travel, policy=Policy.NEAREST)) == {(1, 1), (2, 2)}
    assert pairs(plan(waiting, drivers, 0.0, travel)) == {(1, 2), (2, 1)}


def test_with_too_few_drivers_the_oldest_delivery_is_served():
    waiting = [a_delivery(1, east=1, asked_at_s=0), a_delivery(2, east=4, asked_at_s=-1_800)]

    assert pairs(plan(waiting, [a_driver()], 0.0, travel)) == {(2, 1)}


def test_when_all_would_be_in_time_the_better_rated_and_the_longer_idle_go_first():
    delivery = a_delivery(ready_at_s=1_200)
    assert pairs(plan([delivery], [a_driver(1, rating=3), a_driver(2, rating=5)], 0.0, travel)) == {(1, 2)}
    idle = [a_driver(1, idle_since_s=-10), a_driver(2, idle_since_s=-900)]
    assert pairs(plan([delivery], idle, 0.0, travel)) == {(1, 2)}


def test_rating_does_not_outweigh_a_long_way():
    drivers = [a_driver(1, east=1, rating=3.5), a_driver(2, east=20, rating=5)]

    assert pairs(plan([a_delivery(ready_at_s=0)], drivers, 0.0, travel)) == {(1, 1)}


def test_where_there_is_no_way_nobody_is_sent():
    assert plan([a_delivery()], [a_driver()], 0.0, lambda d, w: np.full((1, 1), np.inf)) == ()


def test_the_engine_runs_without_django():
    code = "import sys, drivers.dispatch; sys.exit('django' in sys.modules or 'redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, env={"PATH": ""}).returncode == 0
