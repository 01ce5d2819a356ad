"""The estimate: earlier facts can only make it better (F9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveryapp.geo import Point, offset
from deliveryapp.routing import DEFAULT_CIRCUITY, VEHICLES
from tracking.eta import AT_THE_DOOR_S, HAND_OVER_S, Facts, estimate

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
KITCHEN = Point(60.17, 24.94)
DOOR = offset(KITCHEN, distance_m=1_000, heading_deg=180)
FACTS = Facts(
    pickup=KITCHEN,
    dropoff=DOOR,
    ready_at=NOW + timedelta(minutes=10),
    ready=False,
    picked_up=False,
    vehicle="bicycle",
    driver_at=offset(KITCHEN, distance_m=500, heading_deg=0),
    assigned=True,
    fresh=True,
)
RIDE_S = 1_000 * DEFAULT_CIRCUITY / VEHICLES["bicycle"].speed_m_s


def middle_s(facts, speed=1.0):
    eta = estimate(facts, now=NOW, speed=speed)
    return (eta.latest_at - NOW).total_seconds()


def test_the_formula():
    """max(preparation, approach) + hand-over + ride + door; medium: 20 % and 90 s of doubt, half of it
    early."""
    remaining_s = 600 + HAND_OVER_S + RIDE_S + AT_THE_DOOR_S
    doubt_s = remaining_s * 0.2 + 90

    eta = estimate(FACTS, now=NOW, speed=1.0)

    assert (eta.latest_at - NOW).total_seconds() == pytest.approx(remaining_s + doubt_s, abs=0.5)
    assert (eta.earliest_at - NOW).total_seconds() == pytest.approx(remaining_s - doubt_s / 2, abs=0.5)
    assert eta.confidence == "medium"


def test_in_a_fast_city_everything_is_sooner():
    slow = estimate(replace(FACTS, ready_at=NOW + timedelta(minutes=10)), now=NOW, speed=1.0)
    fast = estimate(replace(FACTS, ready_at=NOW + timedelta(seconds=30)), now=NOW, speed=20.0)

    assert (fast.latest_at - NOW) * 20 == pytest.approx(slow.latest_at - NOW, abs=timedelta(seconds=1))


@given(
    metres=st.floats(0, 8_000), nearer=st.floats(0, 1), picked_up=st.booleans(), minutes=st.floats(-20, 60)
)
def test_a_driver_who_comes_nearer_never_makes_it_later(metres, nearer, picked_up, minutes):
    goal = DOOR if picked_up else KITCHEN
    facts = replace(FACTS, picked_up=picked_up, ready_at=NOW + timedelta(minutes=minutes))
    far = replace(facts, driver_at=offset(goal, distance_m=metres, heading_deg=30))
    near = replace(facts, driver_at=offset(goal, distance_m=metres * nearer, heading_deg=30))

    assert middle_s(near) <= middle_s(far) + 0.01


def test_each_step_of_the_order_makes_it_surer():
    steps = [
        replace(FACTS, ready_at=None, assigned=False, driver_at=None, fresh=False),
        FACTS,
        replace(FACTS, ready=True),
        replace(FACTS, picked_up=True, driver_at=KITCHEN),
    ]
    etas = [estimate(facts, now=NOW, speed=1.0) for facts in steps]

    assert [eta.confidence for eta in etas] == ["low", "medium", "medium", "high"]
    spans = [eta.latest_at - eta.earliest_at for eta in etas]
    assert spans == sorted(spans, reverse=True)
    assert [eta.latest_at for eta in etas] == sorted((eta.latest_at for eta in etas), reverse=True)


def test_food_that_is_late_is_still_minutes_away():
    late = replace(FACTS, ready_at=NOW - timedelta(minutes=30), driver_at=KITCHEN)

    assert middle_s(late) > HAND_OVER_S + RIDE_S + AT_THE_DOOR_S
