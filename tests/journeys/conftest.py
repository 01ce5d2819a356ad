"""Whole orders through real processes: one set of them for the folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
import redis
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests import databases
from tests.cast import Sandbox
from tests.live import live_stack

if TYPE_CHECKING:
    from tests.journeys.town import Quarter, Town
    from tests.journeys.wreck import Wreck

SPEED = 120
LONG_STORIES = ("unanswered", "unridden", "wreck")


@pytest.fixture
def _empty_redis() -> None:
    """Not between these tests: the processes keep their queues there."""


@pytest.fixture(scope="package")
def town(django_db_setup: None, django_db_blocker: DjangoDbBlocker, _redis: redis.Redis) -> Iterator[Town]:
    """Rows are committed, since other processes read them; the folder leaves an empty database."""
    from tests.journeys.town import Town

    with django_db_blocker.unblock():
        _redis.flushdb()  # queues of earlier tests
        with live_stack(speed=SPEED) as stack, ExitStack() as opened:
            yield Town(stack, Sandbox(stack.sandbox_url), opened)
        databases.empty(connection)


@pytest.fixture
def quarter(town: Town) -> Quarter:
    return town.quarter()


@pytest.fixture(scope="package", autouse=True)
def _begin_long_stories(request: pytest.FixtureRequest, town: Town) -> None:
    """Timers and leases of a minute run while other tests do; begin those that a chosen test asks for."""
    wanted = {name for item in request.session.items for name in getattr(item, "fixturenames", ())}
    for story in LONG_STORIES:
        if story in wanted:
            request.getfixturevalue(story)


@pytest.fixture(scope="package")
def unanswered(town: Town) -> tuple[Quarter, UUID]:
    """An order that nobody in the kitchen looks at."""
    quarter = town.quarter()
    return quarter, quarter.placed()


@pytest.fixture(scope="package")
def unridden(town: Town) -> tuple[Quarter, UUID]:
    """A confirmed order in a quarter where nobody is on shift."""
    quarter = town.quarter()
    return quarter, quarter.confirmed()


@pytest.fixture(scope="package")
def wreck(town: Town) -> Wreck:
    from tests.journeys.wreck import wreck_town

    return wreck_town(town)
