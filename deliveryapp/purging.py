"""Deleting what is past its time without holding locks for long."""

from time import monotonic
from typing import Any

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
