"""What a cart costs: two statements, then pure checks. Prices come from the menu, never from the client."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from restaurants.errors import (
    CartInvalid,
    ItemNotFound,
    ItemUnavailable,
    OptionInvalid,
    QuantityInvalid,
    RestaurantClosed,
    RestaurantNotFound,
)
from restaurants.models import MenuItem, Restaurant
from restaurants.selectors.facts import CartLine, PricedCart, PricedLine, PricedOption
from restaurants.selectors.places import info_of, open_state, schedule_of, with_schedule

MAX_LINES = 100
MAX_QUANTITY = 99


class Choice(NamedTuple):
    """An option in its group; Nones stand for a group without options, and for an item without groups."""

    group_id: UUID | None
    group: str
    min_choices: int
    max_choices: int
    option_id: UUID | None
    name: str
    price_delta_minor: int
    is_available: bool


_ITEM_COLUMNS = ("id", "name", "price_minor", "is_available", "sold_out_until")
_CHOICE_COLUMNS = (
    "option_groups__id",
    "option_groups__name",
    "option_groups__min_choices",
    "option_groups__max_choices",
    "option_groups__options__id",
    "option_groups__options__name",
    "option_groups__options__price_delta_minor",
    "option_groups__options__is_available",
)
_MENU_ORDER = (
    "option_groups__position",
    "option_groups__id",
    "option_groups__options__position",
    "option_groups__options__id",
)


def price_cart(*, restaurant_id: UUID, lines: Sequence[CartLine], now: datetime) -> PricedCart:
    """The cart with names and prices of this moment.

    Raises CartInvalid, QuantityInvalid, RestaurantNotFound, RestaurantClosed, ItemNotFound, ItemUnavailable
    and OptionInvalid.
    """
    _check_size(lines)
    restaurant = _open_restaurant(restaurant_id, now)
    items, choices = menu_of(restaurant, {line.item_id for line in lines})
    return PricedCart(
        restaurant=info_of(restaurant),
        lines=tuple(
            priced(line, items.get(line.item_id), choices.get(line.item_id, []), now) for line in lines
        ),
    )


def _check_size(lines: Sequence[CartLine]) -> None:
    if not 1 <= len(lines) <= MAX_LINES:
        raise CartInvalid(f"A cart has 1 to {MAX_LINES} lines, not {len(lines)}.")
    for line in lines:
        if type(line.quantity) is not int or not 1 <= line.quantity <= MAX_QUANTITY:  # True is no quantity
            raise QuantityInvalid(f"Order 1 to {MAX_QUANTITY} of an item.", item_id=line.item_id)


def _open_restaurant(restaurant_id: UUID, now: datetime) -> Restaurant:
    restaurant = with_schedule(now).filter(pk=restaurant_id).first()
    if restaurant is None:
        raise RestaurantNotFound
    state = open_state(restaurant, schedule_of(restaurant), now)
    if not state.is_open:
        raise RestaurantClosed(
            f"{restaurant.name} takes no orders now.", next_opening_at=state.next_opening_at
        )
    return restaurant


def menu_of(
    restaurant: Restaurant, item_ids: set[UUID]
) -> tuple[dict[UUID, MenuItem], dict[UUID, list[Choice]]]:
    """These items with what a price needs, and per item all its choices, in the order of the menu."""
    rows = MenuItem.objects.filter(restaurant=restaurant, pk__in=item_ids).order_by(*_MENU_ORDER)
    items: dict[UUID, MenuItem] = {}
    choices: dict[UUID, list[Choice]] = defaultdict(list)
    for row in rows.values_list(*_ITEM_COLUMNS, *_CHOICE_COLUMNS):
        item_id, choice = row[0], Choice(*row[len(_ITEM_COLUMNS) :])
        if item_id not in items:
            items[item_id] = MenuItem(**dict(zip(_ITEM_COLUMNS, row, strict=False)))
        if choice.group_id is not None:
            choices[item_id].append(choice)
    return items, choices


def priced(line: CartLine, item: MenuItem | None, choices: Sequence[Choice], now: datetime) -> PricedLine:
    if item is None:
        raise ItemNotFound("This restaurant has no such item.", item_id=line.item_id)
    if not item.is_sold(now):
        raise ItemUnavailable(f"{item.name} is sold out.", item_id=item.pk)
    options = _chosen(line, item, choices)
    one_piece_minor = item.price_minor + sum(option.price_delta_minor for option in options)
    return PricedLine(
        item_id=item.pk,
        name=item.name,
        quantity=line.quantity,
        unit_price_minor=item.price_minor,
        options=options,
        note=line.note,
        total_minor=one_piece_minor * line.quantity,
    )


def _chosen(line: CartLine, item: MenuItem, choices: Sequence[Choice]) -> tuple[PricedOption, ...]:
    """The options of a line, in the order of the menu."""
    wanted = set(line.option_ids)
    if len(wanted) < len(line.option_ids):
        raise OptionInvalid(f"An option of {item.name} is chosen twice.", item_id=item.pk)
    taken = [choice for choice in choices if choice.option_id in wanted]
    if len(taken) < len(wanted):
        raise OptionInvalid(f"{item.name} has no such option.", item_id=item.pk)
    _check_groups(item, choices, taken)
    return tuple(
        PricedOption(choice.option_id, choice.group, choice.name, choice.price_delta_minor)
        for choice in taken
        if choice.option_id is not None
    )


def _check_groups(item: MenuItem, choices: Sequence[Choice], taken: Sequence[Choice]) -> None:
    for choice in taken:
        if not choice.is_available:
            raise ItemUnavailable(
                f"{choice.name} for {item.name} is sold out.", item_id=item.pk, option_id=choice.option_id
            )
    counts = Counter(choice.group_id for choice in taken)
    for group in choices:
        if not group.min_choices <= counts[group.group_id] <= group.max_choices:
            raise OptionInvalid(
                f"{item.name}: choose {group.min_choices} to {group.max_choices} of {group.group}.",
                item_id=item.pk,
                group=group.group,
            )
