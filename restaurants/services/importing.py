"""A menu from a file: all rows or none, each known by its key, so that a file read twice changes nothing."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from deliveryapp.errors import AppError
from deliveryapp.transactions import durable
from restaurants.errors import ExternalKeyTaken, ImportRefused
from restaurants.models import MenuItem, MenuSection, Option, OptionGroup
from restaurants.selectors.catalogue import Kind, Row, rows_of
from restaurants.selectors.staff import require_staff
from restaurants.services.catalogue import MAY_EDIT, write_change, write_new

MOST_ROWS = 1_000
MOST_ERRORS = 100
_PARENT_OF = {Kind.ITEM: Kind.SECTION, Kind.GROUP: Kind.ITEM, Kind.OPTION: Kind.GROUP}
_COLUMN_OF = {Kind.ITEM: "section_id", Kind.GROUP: "item_id", Kind.OPTION: "group_id"}
_MOVABLE = (Kind.ITEM,)


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row of a file. `key` is the row's external key or our id; `parent` and `opened_by` are keys, too.

    `fields` has the columns to write; `opened_by` None leaves it as it is, "" asks everybody.
    """

    line: int
    kind: Kind
    key: str
    parent: str
    opened_by: str | None
    is_archived: bool
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowError:
    line: int
    field: str
    code: str
    detail: str

    def as_json(self) -> dict[str, Any]:
        return {"line": self.line, "field": self.field, "code": self.code, "detail": self.detail}


@dataclass(slots=True)
class Imported:
    """How many rows were, or with a dry run would be, written."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    is_dry_run: bool = False


class _Wrong(Exception):
    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field, self.code, self.detail = field, code, detail


def refuse(errors: Sequence[RowError]) -> None:
    """Raises ImportRefused if there are any, with the first of them by line."""
    if errors:
        shown = sorted(errors, key=lambda error: error.line)[:MOST_ERRORS]
        raise ImportRefused(
            f"{len(errors)} row{'s are' if len(errors) > 1 else ' is'} wrong. Nothing was written.",
            errors=[error.as_json() for error in shown],
            error_count=len(errors),
        )


def import_menu(
    *, user_id: UUID, restaurant_id: UUID, rows: Sequence[FileRow], is_dry_run: bool, now: datetime
) -> Imported:
    """Write the rows in the order of the file: what has a known key is changed, the rest is new, and what the
    file does not name stays as it is.

    For owners and managers. Raises RestaurantNotFound for a stranger, RoleRequired, ExternalKeyTaken when
    another import was quicker, and ImportRefused.
    """
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_EDIT)
    outcome, errors = Imported(is_dry_run=is_dry_run), list[RowError]()
    with durable():
        known = _Known(restaurant_id)
        for row in rows:
            try:
                _write(row, known, restaurant_id, outcome, now)
            except ExternalKeyTaken:
                raise
            except _Wrong as wrong:
                errors.append(RowError(row.line, wrong.field, wrong.code, wrong.detail))
            except AppError as error:
                errors.append(RowError(row.line, "", error.code, error.detail))
        refuse(errors)
        transaction.set_rollback(is_dry_run)
    return outcome


class _Known:
    """The restaurant's rows by their keys, and the keys that the file has used."""

    def __init__(self, restaurant_id: UUID) -> None:
        self._rows: dict[tuple[Kind, str], Row] = {}
        self._ambiguous: set[tuple[Kind, str]] = set()
        self._seen: set[tuple[Kind, str]] = set()
        for kind in Kind:
            for row in rows_of(kind, restaurant_id=restaurant_id):
                self.add(kind, str(row.pk), row)
                if row.external_key:
                    self.add(kind, row.external_key, row)

    def add(self, kind: Kind, key: str, row: Row) -> None:
        if self._rows.setdefault((kind, key), row).pk != row.pk:
            self._ambiguous.add((kind, key))

    def find(self, kind: Kind, key: str, field: str) -> Row | None:
        if (kind, key) in self._ambiguous:
            raise _Wrong(field, "key_ambiguous", f"Several rows have the key {key!r}: use their ids.")
        return self._rows.get((kind, key))

    def require(self, kind: Kind, key: str, field: str) -> Row:
        row = self.find(kind, key, field)
        if row is None:
            raise _Wrong(field, "unknown_key", f"There is no {kind.value} {key!r} here or further up.")
        return row

    def use(self, kind: Kind, key: str) -> None:
        if (kind, key) in self._seen:
            raise _Wrong("key", "key_repeated", f"The key {key!r} is in the file twice.")
        self._seen.add((kind, key))


def _write(row: FileRow, known: _Known, restaurant_id: UUID, outcome: Imported, now: datetime) -> None:
    known.use(row.kind, row.key)
    found = known.find(row.kind, row.key, "key")
    fields = dict(row.fields) | _links(row, known)
    if found is None:
        new = write_new(restaurant_id=restaurant_id, kind=row.kind, fields=fields | {"external_key": row.key})
        known.add(row.kind, row.key, new)
        outcome.created += 1
        return
    if row.kind not in _MOVABLE and _moves(row.kind, found, fields):
        raise _Wrong("parent", "cannot_move", f"A {row.kind.value} stays where it was made.")
    different = {name: value for name, value in fields.items() if getattr(found, name) != value}
    if row.is_archived != (found.archived_at is not None):
        different["archived"] = row.is_archived
    if not different:
        outcome.unchanged += 1
        return
    write_change(restaurant_id=restaurant_id, kind=row.kind, row_id=found.pk, fields=different, now=now)
    outcome.changed += 1


def _moves(kind: Kind, found: Row, fields: Mapping[str, Any]) -> bool:
    column = _COLUMN_OF.get(kind)
    return column is not None and getattr(found, column) != fields[column]


def _links(row: FileRow, known: _Known) -> dict[str, Any]:
    """The columns that name other rows."""
    links: dict[str, Any] = {}
    if row.kind in _PARENT_OF:
        links[_COLUMN_OF[row.kind]] = known.require(_PARENT_OF[row.kind], row.parent, "parent").pk
    if row.kind is Kind.GROUP and row.opened_by is not None:
        opener = known.require(Kind.OPTION, row.opened_by, "opened_by") if row.opened_by else None
        links["opened_by_id"] = opener.pk if opener else None
    return links


def export_rows(*, restaurant_id: UUID, sections: Sequence[MenuSection]) -> list[dict[str, Any]]:
    """The menu as rows of a file, each behind what it refers to. How many are left is not exported: a file
    that is read back later must not undo what was sold meanwhile.
    """
    rows: list[dict[str, Any]] = []
    keys = _ExportKeys(restaurant_id)
    for section in sections:
        rows.append(_common(Kind.SECTION, section, keys) | {"windows": section.windows})
        for item in section.items.all():
            rows.append(_item(item, keys))
            groups = sorted(item.option_groups.all(), key=lambda group: group.opened_by_id is not None)
            for group in groups:
                rows.append(_group(group, keys))
                rows += [_option(option, keys) for option in group.options.all()]
    return rows


class _ExportKeys:
    """The external key where it names one row of its kind, else our id."""

    def __init__(self, restaurant_id: UUID) -> None:
        self._keys: dict[tuple[Kind, UUID], str] = {}
        for kind in Kind:
            named = list(rows_of(kind, restaurant_id=restaurant_id).values_list("pk", "external_key"))
            uses = Counter(name for _, name in named if name)
            for pk, name in named:
                self._keys[kind, pk] = name if uses[name] == 1 else str(pk)

    def of(self, kind: Kind, pk: UUID | None) -> str:
        return "" if pk is None else self._keys[kind, pk]


def _common(kind: Kind, row: Row, keys: _ExportKeys) -> dict[str, Any]:
    return {"kind": kind.value, "key": keys.of(kind, row.pk), "name": row.name, "position": row.position}


def _item(item: MenuItem, keys: _ExportKeys) -> dict[str, Any]:
    return _common(Kind.ITEM, item, keys) | {
        "parent": keys.of(Kind.SECTION, item.section_id),
        "description": item.description,
        "price_minor": item.price_minor,
        "allergens": item.allergens,
        "diets": item.diets,
        "windows": item.windows,
    }


def _group(group: OptionGroup, keys: _ExportKeys) -> dict[str, Any]:
    return _common(Kind.GROUP, group, keys) | {
        "parent": keys.of(Kind.ITEM, group.item_id),
        "opened_by": keys.of(Kind.OPTION, group.opened_by_id),
        "min_choices": group.min_choices,
        "max_choices": group.max_choices,
    }


def _option(option: Option, keys: _ExportKeys) -> dict[str, Any]:
    return _common(Kind.OPTION, option, keys) | {
        "parent": keys.of(Kind.GROUP, option.group_id),
        "price_delta_minor": option.price_delta_minor,
    }
