"""Fixtures for every test; the services behind them are started by tests/services_plugin.py."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from functools import cache

import pytest
import redis
from django.core.management import call_command
from django.db import connection, connections
from django.test import TransactionTestCase
from pytest_django.plugin import DjangoDbBlocker

from tests import databases

pytest_plugins = ["tests.cast"]
# Folders whose tests share a stack of processes; the pages get two, they take longest.
WHOLE_STACKS = ("journeys", "faults", "browser", "kafka")
PAGES_OF_WORK = ("test_hours", "test_kitchen", "test_menu", "test_riding", "test_trouble")
# What takes a worker longest starts first, so that no worker is left with it at the end.
LONGEST = (
    "kafka/",
    "browser/",
    "journeys/",
    "faults/",
    "payments/test_machine.py",
    "payments/test_matrix.py",
    "payments/test_any_order.py",
    "concurrency/",
    "payments/test_reconcile",
    "deliveryapp/test_embedded",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A worker gets a whole folder of WHOLE_STACKS, or a file (`--dist loadgroup`)."""
    items.sort(key=_turn)
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    folder = item.path.parent.name
    if folder not in WHOLE_STACKS:
        return str(item.path)
    return "pages of work" if item.path.stem in PAGES_OF_WORK else folder


def _turn(item: pytest.Item) -> int:
    name = item.nodeid.removeprefix("tests/")
    return next((turn for turn, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """This process's database, a copy of the one that was migrated for the whole run."""
    name = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        databases.create_from_template(name, migrate=_migrate)
        yield
        _disconnect()
    databases.drop(name)


@pytest.fixture(scope="session", autouse=True)
def _quick_teardown() -> Iterator[None]:
    """Committed rows of a test are deleted after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: databases.empty(connection))
        yield


@pytest.fixture(scope="session", autouse=True)
def _quick_clients() -> Iterator[None]:
    """A new httpx client reads the certificates of the whole world, which takes longer than its requests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


def _migrate(name: str) -> None:
    ours = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        _disconnect()
        connection.settings_dict["NAME"] = ours


def _disconnect() -> None:
    """Close the pool too: it would keep connections to the database it was opened for."""
    connections.close_all()
    connection.close_pool()


@pytest.fixture(scope="session")
def _redis() -> Iterator[redis.Redis]:
    client = redis.Redis.from_url(os.environ["REDIS_URL"])
    yield client
    client.close()


@pytest.fixture(autouse=True)
def _empty_redis(_redis: redis.Redis) -> None:
    """Every test finds an empty Redis; what it leaves goes when the next one starts."""
    _redis.flushdb()
