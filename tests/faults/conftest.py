"""Options of `make faults`, and one set of processes that may be killed at named points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from deliveryapp.embedded import supervisor
from tests import databases
from tests.cast import Sandbox
from tests.live import live_stack
from tests.orders.fixtures import sandbox, stage

if TYPE_CHECKING:
    from tests.faults.sweep import Victims

__all__ = ["sandbox", "stage"]

SPEED = 20
HURRIED = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("faults")
    group.addoption("--all-points", action="store_true", help="every failpoint, at its first and second hit")
    group.addoption("--orders", type=int, default=0, help="orders in each city under faults")
    group.addoption("--seed", type=int, default=0, help="what the nemesis does and when; 0: by the clock")


@pytest.fixture(scope="module")
def victims(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
    _redis: redis.Redis,
) -> Iterator[Victims]:
    """Rows are committed, since other processes read them; the module leaves an empty database."""
    from tests.faults.subscribers import TABLE, UNTABLE
    from tests.faults.sweep import Victims
    from tests.journeys.town import Town

    directory: Path = tmp_path_factory.mktemp("failpoints")
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patched, ExitStack() as opened:
        patched.setattr(supervisor, "STABLE_S", 0.5)  # who lived that long died of us, and not of himself
        connection.cursor().execute(TABLE)
        _redis.flushdb()  # queues of earlier tests
        with live_stack(settings_env=HURRIED | {"FAILPOINTS": str(directory)}, speed=SPEED) as stack:
            yield Victims(Town(stack, Sandbox(stack.sandbox_url), opened), directory)
        databases.empty(connection)
        connection.cursor().execute(UNTABLE)
