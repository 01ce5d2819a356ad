"""The city's time and the wall clock."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from deliveryapp.clock import scaled, speed, unscaled, utc_now
from deliveryapp.ids import new_id

FIVE_MINUTES, SECOND = timedelta(minutes=5), timedelta(seconds=1)


def test_now_is_aware_and_utc() -> None:
    assert utc_now().tzinfo is UTC


def test_in_production_the_city_keeps_the_wall_clocks_time(settings: Any) -> None:
    settings.SIMULATION_SPEED = 1

    assert speed() == 1.0
    assert scaled(FIVE_MINUTES) == unscaled(FIVE_MINUTES) == FIVE_MINUTES


def test_a_fast_city_waits_less_on_the_wall_clock(settings: Any) -> None:
    settings.SIMULATION_SPEED = 20

    assert scaled(FIVE_MINUTES) == timedelta(seconds=15)
    assert unscaled(timedelta(seconds=15)) == FIVE_MINUTES


@pytest.mark.parametrize(
    ("factor", "duration", "floor", "wall"),
    [
        (600, FIVE_MINUTES, 3 * SECOND, 3 * SECOND),  # too short for machines: the floor holds
        (20, FIVE_MINUTES, 3 * SECOND, 15 * SECOND),
        (1, SECOND, 3 * SECOND, SECOND),  # the floor never makes it longer than it is
        (0.5, SECOND, 3 * SECOND, 2 * SECOND),
    ],
)
def test_a_floor_keeps_scaled_durations_practicable(
    settings: Any, factor: float, duration: timedelta, floor: timedelta, wall: timedelta
) -> None:
    settings.SIMULATION_SPEED = factor

    assert scaled(duration, floor=floor) == wall


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0.01, 1_000), st.integers(0, 86_400))
def test_scaling_and_back_is_the_same_duration(settings: Any, factor: float, seconds: int) -> None:
    settings.SIMULATION_SPEED = factor
    duration = timedelta(seconds=seconds)

    assert abs(unscaled(scaled(duration)) - duration) < timedelta(milliseconds=10)


def test_ids_rise_with_time_and_never_repeat() -> None:
    ids = [new_id() for _ in range(10_000)]

    assert ids == sorted(ids)
    assert len(set(ids)) == 10_000
    assert {one.version for one in ids} == {7}
