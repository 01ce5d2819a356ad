"""The engine that plans whole ways: what must hold for any picture, by whichever policy."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.dispatch import nearest, reyes, rolling
from drivers.dispatch.picture import Kitchen, OpenOrder, Picture, ShiftDriver

POLICIES = pytest.mark.parametrize("decide", [rolling.decide, reyes.decide, nearest.decide])
NOW_S = 6_000.0
MINUTE_S = 60.0


def on_the_line(origins, destinations, _vehicle):
    """Places are minutes on a straight street."""
    return MINUTE_S * np.abs(np.subtract.outer(np.array(origins, float), np.array(destinations, float)))


def an_order(n=1, *, at=0, to=5, ready_s=NOW_S, placed_s=NOW_S - 600, size=1, estimate=False):
    return OpenOrder(
        id=f"o{n}",
        kitchen_id=f"k{at}",
        pickup=at,
        dropoff=to,
        placed_at_s=placed_s,
        ready_at_s=ready_s,
        size=size,
        ready_is_estimate=estimate,
    )


def a_driver(n=1, *, at=0, free_s=NOW_S - 600, off_s=NOW_S + 7_200, capacity=4, done=0, guaranteed=0.0):
    return ShiftDriver(
        id=f"d{n}",
        place=at,
        free_at_s=free_s,
        off_at_s=off_s,
        capacity=capacity,
        orders_done=done,
        guaranteed_orders=guaranteed,
    )


def picture(orders, drivers, kitchens=()):
    return Picture(now_s=NOW_S, orders=orders, drivers=drivers, kitchens=kitchens, travel=on_the_line)


minutes = st.integers(-15, 30).map(lambda minute: NOW_S + MINUTE_S * minute)
orders_ = st.lists(
    st.tuples(st.integers(0, 4), st.integers(10, 40), minutes, st.integers(1, 3), st.booleans()), max_size=9
).map(
    lambda rows: [
        an_order(n, at=at, to=to, ready_s=ready_s, size=size, estimate=late and ready_s > NOW_S)
        for n, (at, to, ready_s, size, late) in enumerate(rows)
    ]
)
drivers_ = st.lists(
    st.tuples(st.integers(0, 12), minutes, st.integers(0, 90), st.integers(0, 4), st.integers(0, 6)),
    max_size=7,
).map(
    lambda rows: [
        a_driver(
            n, at=at, free_s=free_s, off_s=NOW_S + MINUTE_S * left, capacity=room, done=done, guaranteed=3
        )
        for n, (at, free_s, left, room, done) in enumerate(rows)
    ]
)
KITCHENS = [Kitchen(id=f"k{at}", place=at, orders_lately=at) for at in range(5)]


@POLICIES
@settings(deadline=None)  # the first one imports scipy
@given(orders=orders_, drivers=drivers_)
def test_what_is_decided_can_be_done(decide, orders, drivers):
    decision = decide(picture(orders, drivers, KITCHENS))

    order_of, driver_of = {order.id: order for order in orders}, {driver.id: driver for driver in drivers}
    told = [done.driver_id for done in (*decision.handovers, *decision.departures)]
    assert len(set(told)) == len(told), "a driver is told two things at once"
    taken = [order_id for handover in decision.handovers for order_id in handover.order_ids]
    assert len(set(taken)) == len(taken), "an order is in two bags"
    for departure in decision.departures:
        driver = driver_of[departure.driver_id]
        assert driver.free_at_s <= NOW_S
        assert driver.place != departure.destination
    for handover in decision.handovers:
        driver, bag = driver_of[handover.driver_id], [order_of[i] for i in handover.order_ids]
        assert {order.pickup for order in bag} == {driver.place}
        assert sum(order.size for order in bag) <= driver.capacity
        assert not any(order.ready_is_estimate for order in bag)
        earliest_s = max(NOW_S, driver.free_at_s + 120, *(order.ready_at_s for order in bag))
        assert earliest_s <= handover.pickup_at_s <= driver.off_at_s
        at_s, place = handover.pickup_at_s + 120, driver.place
        for order, dropoff_at_s in zip(bag, handover.dropoffs_at_s, strict=True):
            assert dropoff_at_s == at_s + MINUTE_S * abs(order.dropoff - place) + 120
            at_s, place = dropoff_at_s + 120, order.dropoff


@POLICIES
@settings(deadline=None)  # the first one imports scipy
@given(orders=orders_, drivers=drivers_, seed=st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(decide, orders, drivers, seed):
    kitchens = list(KITCHENS)
    expected = decide(picture(orders, drivers, kitchens))
    for rows in (orders, drivers, kitchens):
        seed.shuffle(rows)

    assert decide(picture(orders, drivers, kitchens)) == expected


@settings(deadline=None)  # the first one imports scipy
@given(orders=orders_, drivers=drivers_)
def test_a_plan_never_loads_more_than_a_bag_holds(orders, drivers):
    """Also in what may still change: every order is planned once at most, and for somebody it fits."""
    planned = rolling.decide(picture(orders, drivers)).planned

    assert len({order_id for order_id, _ in planned}) == len(planned)
    room = {driver.id: driver.capacity for driver in drivers}
    size = {order.id: order.size for order in orders}
    assert all(size[order_id] <= room[driver_id] for order_id, driver_id in planned)


def departures(decision):
    return [(departure.driver_id, departure.destination) for departure in decision.departures]


def test_a_driver_leaves_just_in_time():
    """Five minutes of way and two of service before the pick-up."""
    early = picture([an_order(ready_s=NOW_S + 8 * MINUTE_S)], [a_driver(at=5)])
    due = picture([an_order(ready_s=NOW_S + 7 * MINUTE_S)], [a_driver(at=5)])

    assert departures(rolling.decide(early)) == []
    assert rolling.decide(early).planned == (("o1", "d1"),)
    assert departures(rolling.decide(due)) == [("d1", 0)]


def test_who_will_be_free_next_door_is_waited_for():
    """A driver who is free far away stays when another delivers around the corner in two minutes."""
    drivers = [a_driver(1, at=20), a_driver(2, at=1, free_s=NOW_S + 2 * MINUTE_S)]

    decision = rolling.decide(picture([an_order()], drivers))

    assert decision.planned == (("o1", "d2"),)
    assert departures(decision) == []


def test_orders_share_a_bag_when_hands_are_short_and_not_when_they_are_plenty():
    orders = [an_order(1, to=10), an_order(2, to=12, ready_s=NOW_S + MINUTE_S)]

    alone = rolling.decide(picture(orders, [a_driver(1)]))
    plenty = rolling.decide(picture(orders, [a_driver(n) for n in range(8)]))

    assert [handover.order_ids for handover in alone.handovers] == [("o1", "o2")]
    assert {handover.order_ids for handover in plenty.handovers} == {("o1",), ("o2",)}


def test_a_small_bag_takes_one():
    orders = [an_order(1, to=10), an_order(2, to=10)]

    decision = rolling.decide(picture(orders, [a_driver(capacity=1)]))

    assert [len(handover.order_ids) for handover in decision.handovers] == [1]


@POLICIES
def test_nobody_is_sent_who_would_come_after_his_shift(decide):
    order = an_order(ready_s=NOW_S)
    assert departures(decide(picture([order], [a_driver(at=10, off_s=NOW_S + 11 * MINUTE_S)]))) == []
    assert departures(decide(picture([order], [a_driver(at=10, off_s=NOW_S + 12 * MINUTE_S)]))) == [("d1", 0)]


def test_of_two_who_are_as_near_the_one_below_his_guaranteed_pay_goes():
    drivers = [a_driver(1, done=4, guaranteed=3), a_driver(2, done=1, guaranteed=3)]

    assert rolling.decide(picture([an_order()], drivers)).planned == (("o1", "d2"),)


def test_idle_drivers_move_to_where_orders_come_from_and_spread():
    kitchens = [Kitchen(id="busy", place=0, orders_lately=9), Kitchen(id="other", place=8, orders_lately=6)]

    decision = rolling.decide(picture([], [a_driver(1, at=4), a_driver(2, at=4)], kitchens))

    assert sorted(place for _, place in departures(decision)) == [0, 8]


def test_nobody_moves_who_stands_well_or_goes_home_soon():
    kitchens = [Kitchen(id="busy", place=0, orders_lately=9)]

    assert departures(rolling.decide(picture([], [a_driver(at=0)], kitchens))) == []
    leaving = a_driver(at=4, off_s=NOW_S + 600)
    assert departures(rolling.decide(picture([], [leaving], kitchens))) == []


def test_nothing_is_handed_over_on_an_estimate():
    guess = an_order(ready_s=NOW_S + MINUTE_S, estimate=True)

    assert rolling.decide(picture([guess], [a_driver()])).handovers == ()
    known = dataclasses.replace(guess, ready_is_estimate=False)
    assert len(rolling.decide(picture([known], [a_driver()])).handovers) == 1


def test_the_nearest_rule_takes_the_oldest_order_first():
    orders = [an_order(1, at=3, placed_s=NOW_S - 100), an_order(2, at=6, placed_s=NOW_S - 900)]

    assert departures(nearest.decide(picture(orders, [a_driver(at=2)]))) == [("d1", 6)]


def test_the_policies_run_without_django():
    code = (
        "import sys, drivers.dispatch.rolling, drivers.dispatch.reyes, drivers.dispatch.nearest;"
        "sys.exit('django' in sys.modules or 'scipy.optimize' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, env={"PATH": ""}).returncode == 0
