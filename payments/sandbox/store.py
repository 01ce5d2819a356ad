"""Everything the server knows, in memory, and the transaction that changes it.

Rows are never mutated: a change stages a new dict, so an event may keep the version it saw. A commit is
one record, applied to memory and appended to the journal; replaying the records rebuilds the same state.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from .errors import Obj, no_such
from .journal import Journal

_DAY_S = 86_400

#: table -> (id prefix, fields that lists filter by)
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "payment_intent": ("pi", ("customer",)),
    "charge": ("ch", ("customer", "payment_intent")),
    "refund": ("re", ("charge", "payment_intent")),
    "setup_intent": ("seti", ("customer",)),
    "customer": ("cus", ("email",)),
    "payment_method": ("pm", ("customer",)),
    "balance_transaction": ("txn", ("source",)),
    "event": ("evt", ("type",)),
    "vault": ("", ()),
    "settlement": ("", ()),
    "endpoint": ("we", ()),
}
BY_PREFIX = {prefix: name for name, (prefix, _) in TABLES.items() if prefix}


class Table:
    """Rows by id, in order of creation, with an index for each filter field."""

    def __init__(self, indexed: tuple[str, ...]) -> None:
        self.rows: dict[str, Obj] = {}
        self.order: list[str] = []
        self.place: dict[str, int] = {}
        self._indexed = indexed
        self._index: dict[tuple[str, str], dict[str, None]] = {}

    def put(self, row: Obj) -> None:
        ident = row["id"]
        if ident not in self.rows:
            self.place[ident] = len(self.order)
            self.order.append(ident)
        self.rows[ident] = row
        for field in self._indexed:
            if value := row.get(field):
                self._index.setdefault((field, value), {})[ident] = None

    def where(self, field: str, value: str) -> list[str]:
        """Ids that have, or once had, this value; oldest first."""
        found = self._index.get((field, value), {})
        return sorted(found, key=self.place.__getitem__)


class Store:
    """``now()`` is the wall clock plus what the tests advanced it by, in whole seconds."""

    def __init__(self, *, journal: Journal | None = None, seed: int | None = None) -> None:
        self._journal = journal
        self._records = 0
        self.public_url = "http://127.0.0.1"
        self._clear()
        for record in journal.replay() if journal else ():
            self._apply(record)
        self.rng = random.Random(f"{seed}:{self._records}" if seed is not None else None)

    def _clear(self) -> None:
        self.tables = {name: Table(fields) for name, (_, fields) in TABLES.items()}
        self.effects: list[Obj] = []
        self.keys: dict[str, Obj] = {}
        self.undelivered: dict[tuple[str, str], str] = {}
        self.offset_s = 0

    def now(self) -> int:
        return int(time.time()) + self.offset_s

    def get(self, table: str, ident: str) -> Obj | None:
        return self.tables[table].rows.get(ident)

    def new_id(self, table: str, length: int = 24) -> str:
        return f"{TABLES[table][0]}_{self.token(length)}"

    def token(self, length: int) -> str:
        """Hexadecimal; drawn as one number, because a call needs a dozen of them."""
        return f"{self.rng.getrandbits(4 * length):0{length}x}"

    def commit(self, record: Obj) -> None:
        if self._journal:
            self._journal.append(record)
        self._apply(record)

    def reset(self) -> None:
        """Forget everything except the webhook endpoints."""
        endpoints = list(self.tables["endpoint"].rows.values())
        if self._journal:
            self._journal.erase()
        self._clear()
        self.commit({"put": {"endpoint": endpoints}})

    def close(self) -> None:
        if self._journal:
            self._journal.close()

    def _apply(self, record: Obj) -> None:
        self._records += 1
        for table, rows in record.get("put", {}).items():
            for row in rows:
                self.tables[table].put(row)
        self.effects.extend(record.get("effects", ()))
        for field in ("key", "queue", "done", "offset_s"):
            if field in record:
                _APPLY[field](self, record[field])

    def apply_key(self, row: Obj) -> None:
        self.keys.pop(row["key"], None)
        self.keys[row["key"]] = row
        self.prune_keys(now=row["at"])

    def prune_keys(self, *, now: int) -> None:
        """Keys are kept a day; they lie in the order they were stored."""
        while self.keys:
            oldest = next(iter(self.keys.values()))
            if oldest["at"] > now - _DAY_S:
                return
            del self.keys[oldest["key"]]

    def apply_queue(self, rows: list[list[str]]) -> None:
        for event, endpoint, state in rows:
            self.undelivered[event, endpoint] = state

    def apply_done(self, rows: list[list[str]]) -> None:
        for event, endpoint in rows:
            self.undelivered.pop((event, endpoint), None)

    def apply_offset(self, offset_s: int) -> None:
        self.offset_s = offset_s


_APPLY: dict[str, Callable[[Store, Any], None]] = {
    "key": Store.apply_key,
    "queue": Store.apply_queue,
    "done": Store.apply_done,
    "offset_s": Store.apply_offset,
}


class Tx:
    """Staged changes of one call: reads see them, ``record()`` is what a commit writes."""

    def __init__(
        self,
        store: Store,
        *,
        request_id: str | None = None,
        key: str | None = None,
        processing_s: float | None = None,
    ) -> None:
        """``processing_s``: so long the card network takes; the intent is "processing" until then."""
        self.store = store
        self.processing_s = processing_s
        self.now = store.now()
        self.request_id = request_id
        self.key = key
        self.puts: dict[str, dict[str, Obj]] = {}
        self.effects: list[Obj] = []

    def get(self, table: str, ident: str) -> Obj | None:
        staged = self.puts.get(table, {}).get(ident)
        return staged or self.store.get(table, ident)

    def need(self, table: str, ident: str, *, param: str) -> Obj:
        row = self.get(table, ident)
        if row is None or (row.get("deleted") and param != "id"):
            raise no_such(table, ident, param=param)
        return row

    def put(self, table: str, row: Obj) -> Obj:
        self.puts.setdefault(table, {})[row["id"]] = row
        return row

    def change(self, row: Obj, **changes: Any) -> Obj:
        """A new version of an API object; its table is its ``object`` name."""
        return self.put(row["object"], {**row, **changes})

    def rows_where(self, table: str, field: str, value: str) -> Iterator[Obj]:
        """Committed rows whose ``field`` is ``value`` now, oldest first."""
        for ident in self.store.tables[table].where(field, value):
            row = self.get(table, ident)
            if row and row.get(field) == value:
                yield row

    def effect(self, kind: str, *, intent: Obj, amount: int, **more: Any) -> None:
        """Money that really moved: ``hold``, ``capture``, ``release`` or ``refund``, in minor units."""
        self.effects.append(
            {
                "seq": len(self.store.effects) + len(self.effects) + 1,
                "kind": kind,
                "payment_intent": intent["id"],
                "charge": intent["latest_charge"],
                "amount": amount,
                "currency": intent["currency"],
                "idempotency_key": self.key,
                "order_id": intent["metadata"].get("order_id"),
                "metadata": intent["metadata"],
                "at": self.now,
                **more,
            }
        )

    def event(self, kind: str, obj: Obj, *, previous: Obj | None = None) -> None:
        """Something happened to ``obj``, as it is in this moment of the transaction."""
        data: Obj = {"object": obj}
        if previous is not None:
            data["previous_attributes"] = previous
        self.put(
            "event",
            {
                "id": self.store.new_id("event"),
                "object": "event",
                "api_version": API_VERSION,
                "created": self.now,
                "data": data,
                "livemode": False,
                "pending_webhooks": len(self.store.tables["endpoint"].rows),
                "request": {"id": self.request_id, "idempotency_key": self.key},
                "type": kind,
            },
        )

    def record(self) -> Obj:
        """Empty when nothing changed."""
        record: Obj = {}
        if self.puts:
            record["put"] = {table: list(rows.values()) for table, rows in self.puts.items()}
        if self.effects:
            record["effects"] = self.effects
        return record


#: the API version that the pinned SDK speaks
API_VERSION = "2026-10-28.endive"
