"""Live positions in Redis: newer wins, the silent disappear (R10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from deliveryapp import positions
from deliveryapp.geo import Point, haversine_m
from deliveryapp.positions import Circle, Position, PositionsUnavailable
from deliveryapp.redis import client, key

REGION = "helsinki"
HERE = Point(60.17, 24.94)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def at(point: Point = HERE, *, driver_id: UUID | None = None, seconds: float = 0, **facts: Any) -> Position:
    return Position(
        driver_id=driver_id or uuid4(), point=point, at=NOON + timedelta(seconds=seconds), **facts
    )


def north(metres: float) -> Point:
    return Point(HERE.lat + metres / 111_195, HERE.lng)


def write(*rows: Position, region: str = REGION) -> list[bool]:
    return positions.write_many(region=region, rows=rows)


def read(row: Position) -> Position:
    return positions.get_many(region=REGION, driver_ids=[row.driver_id])[row.driver_id]


def test_what_is_written_is_read() -> None:
    row = at(seq=3, heading=12.5, speed=4.6, accuracy=8.0)
    bare = at()

    assert write(row, bare) == [True, True]

    found = read(row)
    assert (found.point, found.at, found.seq) == (HERE, NOON, 3)
    assert (found.heading, found.speed, found.accuracy) == (12.5, 4.6, 8.0)
    assert found.seen_at is not None
    assert (read(bare).heading, read(bare).speed) == (None, None)
    assert 0 < client().ttl(key(f"driver:{row.driver_id}", REGION)) <= positions.KEPT_S


def test_an_older_position_never_replaces_a_newer_one() -> None:
    row = at(seconds=10, seq=5)
    write(row)

    written = [
        write(at(north(50), driver_id=row.driver_id, seconds=seconds, seq=seq))[0]
        for seconds, seq in ((9, 6), (10, 4), (10, 5), (10, 6), (11, 1))
    ]

    assert written == [False, False, False, True, True]
    assert read(row).at == NOON + timedelta(seconds=11)


def test_a_batch_of_one_driver_ends_with_his_newest() -> None:
    driver_id = uuid4()
    rows = [at(north(n), driver_id=driver_id, seconds=s) for n, s in ((1, 5), (2, 9), (3, 7))]

    assert write(*rows) == [True, True, False]
    assert read(rows[0]).at == NOON + timedelta(seconds=9)


def test_a_thousand_positions_at_once() -> None:
    rows = [at(north(n)) for n in range(1_200)]

    assert write(*rows) == [True] * 1_200
    assert len(positions.nearby(region=REGION, point=HERE, radius_m=599.5)) == 600


def test_neighbours_come_nearest_first_and_only_from_the_region() -> None:
    near, far, outside = at(north(100)), at(north(900)), at(north(2_000))
    write(far, near, outside)
    write(at(north(1)), region="tampere")

    found = positions.nearby(region=REGION, point=HERE, radius_m=1_000)

    assert [neighbour.driver_id for neighbour in found] == [near.driver_id, far.driver_id]
    for neighbour, row in zip(found, (near, far), strict=True):
        assert neighbour.distance_m == pytest.approx(haversine_m(HERE, row.point), rel=0.01)
        assert haversine_m(neighbour.point, row.point) < 1


def test_several_circles_are_asked_at_once() -> None:
    near, far = at(north(100)), at(north(5_000))
    write(near, far)

    answers = positions.nearby_many(
        region=REGION, circles=[Circle(HERE, 500), Circle(north(5_000), 500), Circle(north(9_000), 500)]
    )

    assert [[n.driver_id for n in answer] for answer in answers] == [[near.driver_id], [far.driver_id], []]


def test_the_silent_are_not_found_but_their_last_position_is_kept_a_while() -> None:
    silent, seen = at(), at()
    write(silent, seen)
    client().zincrby(key("seen", REGION), -(positions.SEEN_WITHIN_S + 1) * 1_000, str(silent.driver_id))

    found = positions.nearby(region=REGION, point=HERE, radius_m=1_000)

    assert [neighbour.driver_id for neighbour in found] == [seen.driver_id]
    assert client().zcard(key("drivers", REGION)) == 1
    assert read(silent).point == HERE


def test_who_left_is_forgotten() -> None:
    row = at()
    write(row)

    positions.forget(region=REGION, driver_id=row.driver_id)

    assert positions.nearby(region=REGION, point=HERE, radius_m=1_000) == []
    assert positions.get_many(region=REGION, driver_ids=[row.driver_id]) == {}


def test_the_poles_fit() -> None:
    row = at(Point(89.9, 24.94))

    assert write(row) == [True]
    assert read(row).point.lat == positions.MAX_LATITUDE


@pytest.fixture
def redis_down(settings: Any) -> Iterator[None]:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    client.cache_clear()
    yield
    client.cache_clear()


def test_without_redis_every_call_says_so(redis_down: None) -> None:
    row = at()
    for call in (
        lambda: write(row),
        lambda: positions.nearby(region=REGION, point=HERE, radius_m=1),
        lambda: positions.get_many(region=REGION, driver_ids=[row.driver_id]),
        lambda: positions.forget(region=REGION, driver_id=row.driver_id),
    ):
        with pytest.raises(PositionsUnavailable):
            call()
