"""Which options fit an item: pure checks over the rows that a cart reads."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from restaurants.errors import ItemUnavailable, OptionInvalid
from restaurants.models import MenuItem
from restaurants.selectors.facts import CartLine, PricedOption


class Choice(NamedTuple):
    """An option in its group; Nones stand for a group without options, and for an item without groups.

    The group is asked only of who chose the option `opened_by`, if that is set.
    """

    group_id: UUID | None
    group: str
    min_choices: int
    max_choices: int
    opened_by: UUID | None
    group_archived_at: datetime | None
    option_id: UUID | None
    name: str
    price_delta_minor: int
    is_available: bool
    sold_out_until: datetime | None
    archived_at: datetime | None


COLUMNS = (
    "option_groups__id",
    "option_groups__name",
    "option_groups__min_choices",
    "option_groups__max_choices",
    "option_groups__opened_by_id",
    "option_groups__archived_at",
    "option_groups__options__id",
    "option_groups__options__name",
    "option_groups__options__price_delta_minor",
    "option_groups__options__is_available",
    "option_groups__options__sold_out_until",
    "option_groups__options__archived_at",
)
MENU_ORDER = (
    "option_groups__position",
    "option_groups__id",
    "option_groups__options__position",
    "option_groups__options__id",
)


def on_the_menu(choice: Choice) -> Choice | None:
    """The row without what is archived: None for a group, a group without options for an option."""
    if choice.group_id is None or choice.group_archived_at is not None:
        return None
    return choice if choice.archived_at is None else choice._replace(option_id=None)


def chosen(
    line: CartLine, item: MenuItem, choices: Sequence[Choice], now: datetime
) -> tuple[PricedOption, ...]:
    """The options of a line in the order of the menu, those of an opened group behind what opened it.

    Raises OptionInvalid and ItemUnavailable.
    """
    wanted = set(line.option_ids)
    if len(wanted) < len(line.option_ids):
        raise OptionInvalid(f"An option of {item.name} is chosen twice.", item_id=item.pk)
    asked = [choice for choice in choices if choice.opened_by is None or choice.opened_by in wanted]
    taken = [choice for choice in asked if choice.option_id in wanted]
    if len(taken) < len(wanted):
        raise OptionInvalid(f"{item.name} has no such option.", item_id=item.pk)
    _check_groups(item, asked, taken, now)
    return tuple(
        PricedOption(choice.option_id, choice.group, choice.name, choice.price_delta_minor)
        for choice in _nested_behind_their_parents(taken)
        if choice.option_id is not None
    )


def _nested_behind_their_parents(taken: Sequence[Choice]) -> list[Choice]:
    first = [choice for choice in taken if choice.opened_by is None]
    return [
        choice
        for parent in first
        for choice in (parent, *(inner for inner in taken if inner.opened_by == parent.option_id))
    ]


def _check_groups(item: MenuItem, asked: Sequence[Choice], taken: Sequence[Choice], now: datetime) -> None:
    for choice in taken:
        if not choice.is_available or (choice.sold_out_until is not None and choice.sold_out_until > now):
            raise ItemUnavailable(
                f"{choice.name} for {item.name} is sold out.", item_id=item.pk, option_id=choice.option_id
            )
    counts = Counter(choice.group_id for choice in taken)
    for group in asked:
        if not group.min_choices <= counts[group.group_id] <= group.max_choices:
            raise OptionInvalid(
                f"{item.name}: choose {group.min_choices} to {group.max_choices} of {group.group}.",
                item_id=item.pk,
                group=group.group,
            )
