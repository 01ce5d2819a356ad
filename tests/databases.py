"""Test databases: one is migrated per run, every process works on a copy of it."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
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


KEPT = frozenset({"django_migrations", "django_content_type", "auth_permission"})


def empty(connection: BaseDatabaseWrapper) -> None:
    """Delete all rows of a test, past triggers and foreign keys.

    Django truncates every table and writes the permissions anew, which takes longer than most tests do.
    """
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(_who_has_rows(tuple(connection.introspection.django_table_names(only_existing=False))))
        filled = [table for (table,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in filled:
            cursor.execute(f'DELETE FROM "{table}"')


@cache
def _who_has_rows(tables: tuple[str, ...]) -> str:
    return " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in sorted(set(tables) - KEPT)
    )
