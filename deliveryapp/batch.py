"""Several inserts and conditional updates as one SQL statement.

Placing an order writes a dozen rows in eight tables. One data-modifying CTE sends them in a single round
trip, and the row counts that come back prove that every conditional update hit what it meant to hit.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import psycopg
from django.db import IntegrityError, connection, models
from django.db.models import Q
from django.db.models.constants import OnConflict
from django.db.models.expressions import DatabaseDefault
from django.db.models.sql import InsertQuery, Query, UpdateQuery

from deliveryapp.transactions import require_transaction

# Whoever writes number n of an aggregate's events or moves after somebody else did was working on an old
# view.
NUMBERED_ONCE = (
    "outbox_seq_is_unique_per_aggregate",
    "order_history_has_no_forks",
    "ledger_posts_a_cause_once",
)


class StaleWrite(Exception):
    """The rows are no longer as the caller saw them; the transaction must roll back."""


class NotOverwritten(StaleWrite):
    """The row that an upsert found is not to be overwritten."""


class NoneLeft(StaleWrite):
    """A counter that `count_up` found has reached its limit."""


@dataclass(frozen=True, slots=True)
class _Count:
    row: models.Model
    key: Sequence[str]
    counter: str
    limit: int
    refusal: Exception | None


@dataclass(frozen=True, slots=True)
class _Upsert:
    row: models.Model
    overwrite: Sequence[str]
    when: Callable[[], Q] | None


@dataclass(frozen=True, slots=True)
class _Update:
    rows: models.QuerySet[Any]
    values: dict[str, Any]
    expect: int | None
    refusal: Exception | None


class Batch:
    """Collects rows, then `execute()` writes them all inside the caller's transaction.

    Parts of one statement see the same snapshot: a row inserted here cannot be updated here, and no row may
    be updated twice.
    """

    def __init__(self) -> None:
        self._inserts: defaultdict[type[models.Model], list[models.Model]] = defaultdict(list)
        self._if_missing: list[models.Model] = []
        self._upserts: list[_Upsert] = []
        self._updates: list[_Update] = []
        self._counts: list[_Count] = []

    def insert(self, *rows: models.Model) -> None:
        for row in rows:
            self._inserts[type(row)].append(row)

    def insert_if_missing(self, row: models.Model) -> None:
        """Insert unless a row with its key is there already."""
        self._if_missing.append(row)

    def upsert(
        self, row: models.Model, *, overwrite: Sequence[str], when: Callable[[], Q] | None = None
    ) -> None:
        """Insert, or write these fields over the row that has its primary key, if `when` is true for it.

        `when` is called once per process: its condition is the same for every row.
        """
        self._upserts.append(_Upsert(row, overwrite, when))

    def count_up(
        self,
        row: models.Model,
        *,
        key: Sequence[str],
        counter: str,
        limit: int,
        refusal: Exception | None = None,
    ) -> None:
        """Insert this counter, or raise `counter` of the one that has its `key` by one, up to `limit`.

        `refusal` is what to raise when it is full, instead of NoneLeft.
        """
        self._counts.append(_Count(row, key, counter, limit, refusal))

    def update(
        self,
        rows: models.QuerySet[Any],
        *,
        expect: int | None = 1,
        refusal: Exception | None = None,
        **values: object,
    ) -> None:
        """Update exactly `expect` rows of the queryset, or None: however many there are. Updates take their
        locks in the order of the calls.

        `refusal` is what to raise when there were fewer or more, instead of StaleWrite.
        """
        self._updates.append(_Update(rows, values, expect, refusal))

    def execute(self) -> None:
        """Raises NotOverwritten when an upsert came too soon, NoneLeft when a counter is full, the refusal of
        an update that missed, StaleWrite when somebody else was quicker, IntegrityError when another
        constraint refuses.
        """
        require_transaction()
        parts = [_insert_sql(model, rows) for model, rows in self._inserts.items()]
        parts += [_update_sql(update.rows, update.values) for update in self._updates]
        expected: list[int | None] = [len(rows) for rows in self._inserts.values()]
        expected += [each.expect for each in self._updates]
        parts += [_upsert_sql(upsert) for upsert in self._upserts]
        parts += [_count_sql(count) for count in self._counts]
        parts += [_insert_sql(type(row), [row], on_conflict=OnConflict.IGNORE) for row in self._if_missing]
        try:
            counts = _run(parts) if parts else []
        except IntegrityError as error:
            if _constraint_of(error) in NUMBERED_ONCE:
                raise StaleWrite from error
            raise
        upserted = len(expected) + len(self._upserts)
        if 0 in counts[len(expected) : upserted]:
            raise NotOverwritten
        self._refuse_full(counts[upserted : upserted + len(self._counts)])
        self._refuse(counts[len(self._inserts) : len(expected)])
        if any(want not in (None, count) for want, count in zip(expected, counts, strict=False)):
            raise StaleWrite
        for rows in self._inserts.values():
            for row in rows:
                row._state.adding = False
                row._state.db = connection.alias

    def _refuse(self, counts: Sequence[int]) -> None:
        for update, count in zip(self._updates, counts, strict=False):
            if update.refusal is not None and count != update.expect:
                raise update.refusal

    def _refuse_full(self, counts: Sequence[int]) -> None:
        for counter, count in zip(self._counts, counts, strict=False):
            if count == 0:
                raise counter.refusal or NoneLeft


def _constraint_of(error: IntegrityError) -> str | None:
    cause = error.__cause__
    return cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None


def _insert_sql(
    model: type[models.Model], rows: list[models.Model], on_conflict: OnConflict | None = None
) -> tuple[str, tuple[Any, ...]]:
    """As Django's compiler writes it, with the part that is the same for every row of a model kept: compiling
    a dozen inserts anew costs more than all the rest of placing an order.
    """
    head, fields = _insert_plan(model)
    tuples, params = [], []
    for row in rows:
        marks = []
        for field in fields:
            value = getattr(row, field.attname)
            if isinstance(value, DatabaseDefault):
                marks.append("DEFAULT")
            elif hasattr(value, "resolve_expression"):
                return _compiled_insert(model, rows, on_conflict)
            else:
                marks.append("%s")
                params.append(field.get_db_prep_save(value, connection))
        tuples.append(f"({', '.join(marks)})")
    tail = " ON CONFLICT DO NOTHING" if on_conflict else ""
    return f"{head}{', '.join(tuples)}{tail}", tuple(params)


@cache
def _insert_plan(model: type[models.Model]) -> tuple[str, "list[models.Field[Any, Any]]"]:
    fields = _inserted_fields(model)
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column or "") for field in fields)
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ", fields  # noqa: S608 - our own names


def _inserted_fields(model: type[models.Model]) -> "list[models.Field[Any, Any]]":
    return [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]


def _compiled_insert(
    model: type[models.Model], rows: list[models.Model], on_conflict: OnConflict | None
) -> tuple[str, tuple[Any, ...]]:
    query = InsertQuery(model, on_conflict=on_conflict)
    query.insert_values(_inserted_fields(model), rows)
    [(sql, params)] = query.get_compiler(connection=connection).as_sql()
    return sql, tuple(params)


def _upsert_sql(upsert: _Upsert) -> tuple[str, tuple[Any, ...]]:
    model = type(upsert.row)
    sql, params = _insert_sql(model, [upsert.row])
    key, *columns = (_column(model, name) for name in ("pk", *upsert.overwrite))
    written = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns)
    condition, more = _condition(model, upsert.when) if upsert.when else ("true", ())
    return f"{sql} ON CONFLICT ({key}) DO UPDATE SET {written} WHERE {condition}", (*params, *more)


def _count_sql(count: _Count) -> tuple[str, tuple[Any, ...]]:
    model = type(count.row)
    sql, params = _insert_sql(model, [count.row])
    key, counter = ", ".join(_column(model, name) for name in count.key), _column(model, count.counter)
    now = f"{connection.ops.quote_name(model._meta.db_table)}.{counter}"
    raised = f"{sql} ON CONFLICT ({key}) DO UPDATE SET {counter} = {now} + 1 WHERE {now} < %s"
    return raised, (*params, count.limit)


def _column(model: type[models.Model], name: str) -> str:
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return connection.ops.quote_name(field.column or "")


@cache
def _condition(model: type[models.Model], when: Callable[[], Q]) -> tuple[str, tuple[Any, ...]]:
    query = Query(model)
    condition, params = query.get_compiler(connection=connection).compile(query.build_where(when()))
    return condition, tuple(params)


def _update_sql(rows: models.QuerySet[Any], values: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    query = cast(UpdateQuery, rows.query.chain(UpdateQuery))
    query.add_update_values(values)
    sql, params = query.get_compiler(connection=connection).as_sql()
    return sql, tuple(params)


def _run(parts: list[tuple[str, tuple[Any, ...]]]) -> list[int]:
    writes = ", ".join(f"w{n} AS ({sql} RETURNING 1)" for n, (sql, _) in enumerate(parts))
    counts = ", ".join(f"(SELECT count(*) FROM w{n})" for n in range(len(parts)))  # noqa: S608 - our own names
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {writes} SELECT {counts}", [p for _, params in parts for p in params])
        return list(cursor.fetchone())
