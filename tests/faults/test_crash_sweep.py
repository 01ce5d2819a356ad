"""kill -9 at every named point, at the first and the second passing: every promise is kept (F9)."""

from __future__ import annotations

import pytest

from tests.faults.points import POINTS, Point, quick_points
from tests.faults.sweep import Victims

pytestmark = pytest.mark.slow
HITS = (1, 2)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One hit of a dozen points, or two of every one."""
    if "hit" not in metafunc.fixturenames:
        return
    if metafunc.config.getoption("--all-points", False):
        runs = [(point, hit) for point in POINTS for hit in HITS]
    else:
        runs = [(point, 1 + number % 2) for number, point in enumerate(quick_points())]
    metafunc.parametrize(("point", "hit"), runs, ids=[f"{point.name}-{hit}" for point, hit in runs])


@pytest.fixture
def _empty_redis() -> None:
    """Not between these tests: the processes keep their queues there."""


def test_a_death_breaks_no_promise(victims: Victims, point: Point, hit: int) -> None:
    victims.strike(point, hit=hit)
