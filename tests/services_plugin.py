"""Starts PostgreSQL and Valkey before Django reads its settings (addopts: ``-p tests.services_plugin``).

The first process of a run starts one cluster in a temporary directory; pytest-xdist's workers inherit its
URL. Every process that runs tests has a database of its own there, and a Valkey of its own: publish and
subscribe know no logical databases, and a test may flush or kill it. What DATABASE_URL and REDIS_URL name
from outside is used instead; of such a REDIS_URL each worker takes the logical database of its number.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from deliveryapp.embedded.services import temporary_services
from tests import databases

CACHE_DIR = Path(__file__).resolve().parent.parent / ".run" / "cache"

_stack = contextlib.ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """A wrapper, to come before pytest-django, which reads the settings in the same hook."""
    options = early_config.known_args_namespace
    if not (options.help or options.version):
        early_config.add_cleanup(_finish)
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        if not worker:
            _prepare_run()
        _prepare_process(worker or "main")
    return (yield)


def _finish() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ and "TEST_CLUSTER_URL" in os.environ:
        databases.drop(databases.template_name())
    _stack.close()


def _prepare_run() -> None:
    os.environ["TEST_RUN"] = uuid.uuid4().hex[:8]
    os.environ["TEST_REDIS_URL"] = os.environ.get("REDIS_URL", "")
    if "DATABASE_URL" not in os.environ:
        cluster = temporary_services(CACHE_DIR, redis_url="of each process its own")
        os.environ["DATABASE_URL"] = _stack.enter_context(cluster).database_url
    os.environ["TEST_CLUSTER_URL"] = os.environ["DATABASE_URL"]


def _prepare_process(worker: str) -> None:
    os.environ["DATABASE_URL"] = databases.url_of(databases.process_name(worker))
    given = os.environ["TEST_REDIS_URL"]
    if given:
        os.environ["REDIS_URL"] = numbered_redis(given, worker)
    else:
        valkey = temporary_services(CACHE_DIR, database_url="started by the first process", redis_url="")
        os.environ["REDIS_URL"] = _stack.enter_context(valkey).redis_url


def numbered_redis(url: str, worker: str) -> str:
    """The logical database of this worker; 0 for a run without workers."""
    number = "".join(character for character in worker if character.isdigit()) or "0"
    if url.startswith("unix:"):
        return f"{url.partition('?')[0]}?db={number}"
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))
