"""Test databases: one is migrated per run, every process works on a copy of it."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql


def template_name() -> str:
    return f"test_{os.environ['TEST_RUN']}_template"


def process_name(worker: str) -> str:
    return f"test_{os.environ['TEST_RUN']}_{worker}"


def url_of(name: str) -> str:
    """Another database on the server of this run."""
    return urlunsplit(urlsplit(os.environ["TEST_CLUSTER_URL"])._replace(path=f"/{name}"))


def create_from_template(name: str, *, migrate: Callable[[str], None]) -> None:
    """Copy the template; whoever comes first lets ``migrate`` fill it, the others wait for him."""
    template, unfinished = template_name(), f"{template_name()}_unfinished"
    with _administration() as connection, _one_at_a_time(connection):
        if not _exists(connection, template):
            _execute(connection, "CREATE DATABASE {}", unfinished)
            migrate(unfinished)
            _execute(connection, "ALTER DATABASE {} RENAME TO {}", unfinished, template)
        _execute(connection, "CREATE DATABASE {} TEMPLATE {}", name, template)


def drop(name: str) -> None:
    """Drop it if it is there, whoever still uses it."""
    with _administration() as connection:
        _execute(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@contextlib.contextmanager
def _administration() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["TEST_CLUSTER_URL"], autocommit=True) as connection:
        yield connection


@contextlib.contextmanager
def _one_at_a_time(connection: psycopg.Connection) -> Iterator[None]:
    key = zlib.crc32(template_name().encode())
    connection.execute("SELECT pg_advisory_lock(%s)", [key])
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [key])


def _exists(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _execute(connection: psycopg.Connection, statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
