"""Deleting what is past its time without holding locks for long."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from django.db import connection
from django.db.models import QuerySet

BATCH = 5_000
BUDGET_S = 15.0  # less than the time limit of the tasks that call


def delete_in_batches(rows: QuerySet[Any], *, size: int = BATCH, budget_s: float = BUDGET_S) -> int:
    """Delete the rows, `size` to a commit, until none is left or the time is over; how many were deleted."""
    deadline, total = monotonic() + budget_s, 0
    while True:
        batch = rows.order_by().values("pk")[:size]
        deleted: int = rows.model._default_manager.filter(pk__in=batch).delete()[0]
        total += deleted
        if deleted < size or monotonic() > deadline:
            return total


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """An advisory lock until the end of the block, across its transactions; False when somebody else has it.

    It belongs to the connection: whoever dies gives it back.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [name])
