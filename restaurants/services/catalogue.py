"""The menu as owners and managers write it. Nothing is deleted: what goes is archived.

Groups and options are written under the lock of their item's row, so that their rules hold together.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db import IntegrityError

from deliveryapp.transactions import durable, require_transaction
from restaurants.errors import (
    CatalogueFull,
    ChoicesInvalid,
    ExternalKeyTaken,
    MarksContradict,
    NestedTooDeep,
    ParentInvalid,
)
from restaurants.marks import contradictions
from restaurants.models import MenuItem, MenuSection, Option, OptionGroup, StaffRole
from restaurants.selectors.catalogue import TABLES, Kind, Row, locked_row, rows_of
from restaurants.selectors.staff import require_staff

MAY_EDIT = (StaffRole.OWNER.value, StaffRole.MANAGER.value)
MOST = {Kind.SECTION: 60, Kind.ITEM: 600, Kind.GROUP: 20, Kind.OPTION: 60}  # per restaurant, item and group
Fields = Mapping[str, Any]


def add_row(*, user_id: UUID, restaurant_id: UUID, kind: Kind, fields: Fields) -> Row:
    """A new row of the menu; `fields` by the names of its columns, with the id of what it stands in.

    Raises RestaurantNotFound for a stranger, RoleRequired, ParentInvalid, NestedTooDeep, ChoicesInvalid,
    MarksContradict, ExternalKeyTaken and CatalogueFull.
    """
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_EDIT)
    with durable():
        return write_new(restaurant_id=restaurant_id, kind=kind, fields=fields)


def change_row(
    *, user_id: UUID, restaurant_id: UUID, kind: Kind, row_id: UUID, fields: Fields, now: datetime
) -> Row:
    """Change some fields of a row; `archived` takes it off the menu or puts it back.

    Raises what `add_row` raises, and the kind's NotFound.
    """
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_EDIT)
    with durable():
        return write_change(restaurant_id=restaurant_id, kind=kind, row_id=row_id, fields=fields, now=now)


def write_new(*, restaurant_id: UUID, kind: Kind, fields: Fields) -> Row:
    """`add_row` inside the caller's transaction, for whom the caller has checked."""
    require_transaction()
    table = TABLES[kind]
    row = table.model(**fields)
    if isinstance(row, MenuSection | MenuItem):
        row.restaurant_id = restaurant_id
    _require_parent(row, restaurant_id)
    siblings = table.model._default_manager.filter(archived_at=None)
    column = "restaurant" if kind in (Kind.SECTION, Kind.ITEM) else table.parent
    if siblings.filter(**{f"{column}_id": getattr(row, f"{column}_id")}).count() >= MOST[kind]:
        raise CatalogueFull(f"At most {MOST[kind]}.", kind=kind.value, most=MOST[kind])
    _check(row)
    _save(row)
    return row


def write_change(*, restaurant_id: UUID, kind: Kind, row_id: UUID, fields: Fields, now: datetime) -> Row:
    """`change_row` inside the caller's transaction, for whom the caller has checked."""
    require_transaction()
    if kind in (Kind.GROUP, Kind.OPTION):
        _lock_item_of(kind, restaurant_id, row_id)
    row = locked_row(kind, restaurant_id=restaurant_id, row_id=row_id)
    changes = dict(fields)
    archived = changes.pop("archived", None)
    for name, value in changes.items():
        setattr(row, name, value)
    if archived is not None and archived != (row.archived_at is not None):
        changes |= _set_archived(row, now if archived else None)
    if archived is not True:
        _require_parent(row, restaurant_id)
    _check(row)
    _save(row, update_fields=list(changes))
    return row


def _lock_item_of(kind: Kind, restaurant_id: UUID, row_id: UUID) -> None:
    path = "item_id" if kind is Kind.GROUP else "group__item_id"
    item_id = (
        rows_of(kind, restaurant_id=restaurant_id).filter(pk=row_id).values_list(path, flat=True).first()
    )
    if item_id is None:
        raise TABLES[kind].missing
    locked_row(Kind.ITEM, restaurant_id=restaurant_id, row_id=item_id)


def _set_archived(row: Row, archived_at: datetime | None) -> dict[str, Any]:
    """The fields to write. A section takes its items with it; they come back one by one."""
    row.archived_at = archived_at
    if isinstance(row, MenuSection) and archived_at is not None:
        items = MenuItem.objects.select_for_update(no_key=True).filter(section=row, archived_at=None)
        ids = list(items.order_by("pk").values_list("pk", flat=True))
        MenuItem.objects.filter(pk__in=ids).update(archived_at=archived_at, is_available=False)
    if isinstance(row, MenuItem):
        row.is_available = archived_at is None  # the search over dishes looks at nothing else
        return {"archived_at": archived_at, "is_available": row.is_available}
    return {"archived_at": archived_at}


def _require_parent(row: Row, restaurant_id: UUID) -> None:
    """It stands in something of this menu that is not archived."""
    found: object = True
    match row:
        case MenuItem():
            sections = MenuSection.objects.select_for_update(no_key=True)
            found = sections.filter(pk=row.section_id, restaurant=restaurant_id, archived_at=None).first()
        case OptionGroup():
            items = MenuItem.objects.select_for_update(no_key=True)
            found = items.filter(pk=row.item_id, restaurant=restaurant_id, archived_at=None).first()
        case Option():
            groups = OptionGroup.objects.select_for_update(no_key=True, of=("self", "item"))
            live = groups.filter(archived_at=None, item__archived_at=None, item__restaurant=restaurant_id)
            found = live.select_related("item").filter(pk=row.group_id).first()
    if found is None:
        raise ParentInvalid


def _check(row: Row) -> None:
    match row:
        case MenuItem():
            _check_marks(row)
        case OptionGroup():
            _check_group(row)


def _check_marks(item: MenuItem) -> None:
    found = contradictions(allergens=item.allergens, diets=item.diets)
    if found:
        diet, allergen = found[0]
        raise MarksContradict(f"What contains {allergen} is not {diet}.", diet=diet, allergen=allergen)


def _check_group(group: OptionGroup) -> None:
    if group.max_choices < 1 or group.min_choices > group.max_choices:
        raise ChoicesInvalid(f"{group.name}: {group.min_choices} to {group.max_choices} cannot be chosen.")
    if group.opened_by_id is None:
        return
    openers = Option.objects.filter(pk=group.opened_by_id, archived_at=None, group__archived_at=None)
    if not openers.filter(group__item=group.item_id).exists():
        raise ParentInvalid
    is_deep = openers.filter(group__opened_by__isnull=False).exists()
    opens_others = OptionGroup.objects.filter(opened_by__group=group.pk, archived_at=None).exists()
    if is_deep or opens_others:
        raise NestedTooDeep


def _save(row: Row, *, update_fields: list[str] | None = None) -> None:
    try:
        row.save(update_fields=update_fields, force_insert=update_fields is None)
    except IntegrityError as error:
        cause = error.__cause__
        constraint = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else ""
        if constraint and constraint.endswith("_per_external_key"):
            raise ExternalKeyTaken(external_key=row.external_key) from None
        raise
