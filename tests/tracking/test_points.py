"""Which points are believed (R10, P4): for any sequence a device may send."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deliveryapp.geo import Point, haversine_m
from tracking.errors import PointsInvalid
from tracking.services.points import JUMPS_BELIEVED_AT, Track, judge, read_points

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
CLEO = UUID(int=7)
AT = {"lat": 60.17, "lng": 24.94}


def judged(*points, track=None, speed=1.0, now=NOW):
    return judge(list(points), driver_id=CLEO, track=track or Track(), now=now, speed=speed)


def reasons(result):
    return [point.reason for point in result.dropped]


def at(seconds, **changes):
    return {**AT, "ts": (NOW + timedelta(seconds=seconds)).timestamp(), **changes}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
points = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("lat", "lng", "accuracy", "heading", "speed", "ts", "seq"), json_values),
)


@settings(max_examples=60)
@given(body=json_values | st.fixed_dictionaries({"points": st.lists(points, max_size=6)}) | points)
def test_whatever_is_sent_is_judged_or_refused_but_never_breaks(body):
    try:
        found = read_points(body)
    except PointsInvalid:
        return
    result = judged(*found)

    assert len(result.accepted) + len(result.dropped) == len(found)
    for position in result.accepted:
        assert math.isfinite(position.point.lat)
        assert math.isfinite(position.point.lng)
        assert position.at <= NOW
        assert position.heading is None or 0 <= position.heading < 360


@given(
    offsets=st.lists(st.integers(-300, 300), min_size=1, max_size=10),
    steps=st.lists(st.floats(-0.05, 0.05), min_size=10, max_size=10),
    speed=st.sampled_from([1.0, 20.0]),
)
def test_the_believed_way_goes_forward_in_time_at_a_possible_speed(offsets, steps, speed):
    track = Track()
    sent = [at(s, lat=60.17 + d, seq=n) for n, (s, d) in enumerate(zip(offsets, steps, strict=False))]
    result = judged(*sent, track=track, speed=speed)

    for before, after in zip(result.accepted, result.accepted[1:], strict=False):
        assert (after.at, after.seq) > (before.at, before.seq)
    assert track.last == (result.accepted[-1] if result.accepted else None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lat": 85.06},
        {"lat": -91},
        {"lng": 180.5},
        {"lat": None},
        {"lat": "60.17"},
        {"lat": True},
        {"lng": math.nan},
        {"lng": math.inf},
        {"ts": "yesterday"},
        {"ts": "2026-05-04T12:00:00"},
        {"ts": -5},
        {"ts": [1]},
    ],
)
def test_nonsense_is_named_invalid(wrong):
    assert reasons(judged({**AT, **wrong})) == ["invalid"]


@pytest.mark.parametrize(
    "stamp",
    [
        NOW.timestamp() - 5,
        (NOW.timestamp() - 5) * 1000,
        int((NOW.timestamp() - 5) * 1000),
        "2026-05-04T11:59:55Z",
        "2026-05-04T14:59:55+03:00",
    ],
)
def test_times_may_be_written_in_three_ways(stamp):
    [position] = judged({**AT, "ts": stamp}).accepted

    assert position.at == NOW - timedelta(seconds=5)


def test_a_fast_clock_is_set_back_and_a_very_old_point_is_dropped():
    [position] = judged({**AT, "ts": (NOW + timedelta(hours=1)).timestamp()}).accepted
    assert position.at == NOW
    assert reasons(judged(at(-90_000))) == ["too_old"]


def test_a_point_without_a_time_is_of_now():
    [position] = judged(AT).accepted
    assert position.at == NOW


def test_an_impossible_jump_is_dropped_until_it_proves_to_be_the_truth():
    track = Track()
    judged(at(-60), track=track)
    far = [judged(at(-60 + n, lat=60.9), track=track) for n in range(1, JUMPS_BELIEVED_AT + 1)]

    assert [reasons(result) for result in far] == [["jump"], ["jump"], []]
    assert reasons(judged(at(-50, lat=60.9001), track=track)) == []


def test_what_is_possible_depends_on_the_speed_of_the_city():
    ahead = at(-58, lat=60.18)  # 1.1 km in 2 s
    assert haversine_m(Point(60.17, 24.94), Point(60.18, 24.94)) == pytest.approx(1112, abs=2)
    for speed, expected in ((1.0, ["jump"]), (20.0, [])):
        track = Track()
        judged(at(-60), track=track)
        assert reasons(judged(ahead, track=track, speed=speed)) == expected


def test_the_same_point_again_is_not_newer():
    track = Track()
    judged(at(-5, seq=4), track=track)

    assert reasons(judged(at(-5, seq=4), at(-9, seq=3), track=track)) == ["not_newer", "not_newer"]
    assert reasons(judged(at(-5, seq=5), track=track)) == []
