"""Reads: retrieve, cursor lists, ``expand``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .errors import Obj, invalid
from .store import BY_PREFIX, TABLES, Tx

Handler = Callable[[Tx, str, Obj], Obj]

_EXPANDABLE = frozenset(
    (
        "balance_transaction",
        "charge",
        "customer",
        "latest_charge",
        "payment_intent",
        "payment_method",
        "source",
    )
)
_MAX_DEPTH = 4


def retrieve(table: str, *, param: str = "id") -> Handler:
    def run(tx: Tx, ident: str, params: Obj) -> Obj:
        row = tx.need(table, ident, param=param)
        secret = params.get("client_secret")
        if secret and secret != row.get("client_secret"):
            raise invalid("The client_secret does not belong to this object.", param="client_secret")
        return row

    return run


def listing(table: str, path: str) -> Handler:
    def run(tx: Tx, ident: str, params: Obj) -> Obj:
        return list_page(tx, table, params, url=path)

    return run


def list_page(tx: Tx, table: str, params: Obj, *, url: str) -> Obj:
    """Newest first; ``ending_before`` gives the page just newer than the cursor, in the same order."""
    limit = params.get("limit") or 10
    backwards = bool(params.get("ending_before"))
    rows = _matching(tx, table, params, backwards=backwards)
    page = [row for _, row in zip(range(limit + 1), rows, strict=False)]
    has_more = len(page) > limit
    data = page[:limit]
    return {
        "object": "list",
        "data": data[::-1] if backwards else data,
        "has_more": has_more,
        "url": url,
    }


def _matching(tx: Tx, table: str, params: Obj, *, backwards: bool) -> Iterator[Obj]:
    indexed = TABLES[table][1]
    filters = {name: params[name] for name in (*indexed, "type") if params.get(name) is not None}
    types = params.get("types")
    created = params.get("created") or {}
    for ident in _candidates(tx, table, params, filters, backwards=backwards):
        row = tx.store.tables[table].rows[ident]
        if not backwards and row.get("created", 0) < created.get("gte", created.get("gt", 0)):
            return  # rows lie in order of creation: nothing older can match
        if (
            not row.get("deleted")
            and all(row.get(name) == value for name, value in filters.items())
            and (not types or row["type"] in types)
            and in_range(row.get("created", 0), created)
        ):
            yield row


def _candidates(tx: Tx, table: str, params: Obj, filters: Obj, *, backwards: bool) -> Iterator[str]:
    found = tx.store.tables[table]
    places = found.place
    indexed = [name for name in TABLES[table][1] if name in filters]
    order: Sequence[str] = found.where(indexed[0], filters[indexed[0]]) if indexed else found.order
    cursor = params.get("ending_before") or params.get("starting_after")
    limit = None
    if cursor:
        name = "ending_before" if backwards else "starting_after"
        limit = places[tx.need(table, cursor, param=name)["id"]]
    if indexed and limit is not None:
        order = [one for one in order if (places[one] > limit if backwards else places[one] < limit)]
        limit = None
    if backwards:
        yield from (order[index] for index in range(0 if limit is None else limit + 1, len(order)))
    else:
        yield from (order[index] for index in range(len(order) - 1 if limit is None else limit - 1, -1, -1))


def in_range(moment: int, created: Obj) -> bool:
    return bool(
        moment >= created.get("gte", moment)
        and moment > created.get("gt", moment - 1)
        and moment <= created.get("lte", moment)
        and moment < created.get("lt", moment + 1)
    )


def expand(tx: Tx, obj: Obj, paths: list[str]) -> Obj:
    """A copy with the ids at ``paths`` (``latest_charge.balance_transaction``, ``data.charge``) resolved."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > _MAX_DEPTH + 1:
            raise invalid("You may not expand more than 4 levels deep.", param="expand")
        obj = _expand(tx, obj, parts, path)
    return obj


def _expand(tx: Tx, obj: Obj, parts: list[str], path: str) -> Obj:
    name, rest = parts[0], parts[1:]
    if name == "data" and obj.get("object") == "list" and rest:
        return {**obj, "data": [_expand(tx, row, rest, path) for row in obj["data"]]}
    if name == "refunds" and obj.get("object") == "charge":
        return {**obj, "refunds": _refunds_of(tx, obj)}
    if name not in _EXPANDABLE or name not in obj:
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    value = _resolved(tx, obj[name])
    if rest and isinstance(value, dict):
        value = _expand(tx, value, rest, path)
    return {**obj, name: value}


def _resolved(tx: Tx, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    table = BY_PREFIX.get(value.partition("_")[0])
    return (tx.get(table, value) if table else None) or value


def _refunds_of(tx: Tx, charge: Obj) -> Obj:
    rows = list(tx.rows_where("refund", "charge", charge["id"]))[::-1]
    return {"object": "list", "data": rows, "has_more": False, "url": f"/v1/charges/{charge['id']}/refunds"}
