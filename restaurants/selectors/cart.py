"""What a cart costs: two statements, then pure checks. Prices come from the menu, never from the client."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from deliveryapp.errors import AppError
from restaurants.dayparts import serving
from restaurants.errors import (
    CartInvalid,
    ItemNotFound,
    ItemNotServed,
    ItemOutOfStock,
    ItemUnavailable,
    QuantityInvalid,
    RestaurantClosed,
    RestaurantNotFound,
)
from restaurants.models import MenuItem, MenuSection, Restaurant
from restaurants.selectors import choices as choosing
from restaurants.selectors.choices import Choice
from restaurants.selectors.facts import Buyer, CartLine, PricedCart, PricedLine
from restaurants.selectors.places import info_of, open_state, schedule_of
from restaurants.selectors.promotions import offers_of, with_offers

if TYPE_CHECKING:
    from restaurants.selectors.promotions import OfferingRestaurant

MAX_LINES = 100
MAX_QUANTITY = 99
_ITEM_COLUMNS = ("id", "name", "price_minor", "is_available", "sold_out_until", "stock", "windows")


def price_cart(
    *, restaurant_id: UUID, lines: Sequence[CartLine], now: datetime, buyer: Buyer | None = None
) -> PricedCart:
    """The cart with names and prices of this moment, and what is on offer to the buyer.

    Raises CartInvalid, QuantityInvalid, RestaurantNotFound, RestaurantClosed, ItemNotFound, ItemUnavailable,
    ItemOutOfStock, ItemNotServed and OptionInvalid.
    """
    _check_size(lines)
    restaurant = _open_restaurant(restaurant_id, now, buyer)
    items, choices = menu_of(restaurant, {line.item_id for line in lines})
    zone = ZoneInfo(restaurant.timezone)
    for line in lines:
        _check_sold(items.get(line.item_id), line, zone, now)
    _check_stock(items, lines)
    return PricedCart(
        restaurant=info_of(restaurant),
        lines=tuple(_priced(line, items[line.item_id], choices[line.item_id], now) for line in lines),
        offers=offers_of(restaurant) if buyer else (),
    )


def price_line(*, restaurant_id: UUID, line: CartLine, now: datetime) -> PricedLine:
    """One line with its price of this moment, whether or not the restaurant takes orders.

    Raises QuantityInvalid, RestaurantNotFound, ItemNotFound, ItemUnavailable, ItemOutOfStock, ItemNotServed
    and OptionInvalid.
    """
    _check_size([line])
    restaurant = Restaurant.objects.defer("picture_svg").filter(pk=restaurant_id).first()
    if restaurant is None:
        raise RestaurantNotFound
    items, choices = menu_of(restaurant, {line.item_id})
    found = priced(
        line, items.get(line.item_id), choices[line.item_id], zone=ZoneInfo(restaurant.timezone), now=now
    )
    _check_stock(items, [line])
    return found


def lines_today(
    *, restaurant_id: UUID, lines: Sequence[CartLine], now: datetime
) -> list[PricedLine | AppError]:
    """Line by line what it costs at this moment, or why it cannot be had, where `price_cart` would stop at
    the first. Raises RestaurantNotFound.
    """
    restaurant = Restaurant.objects.defer("picture_svg").filter(pk=restaurant_id).first()
    if restaurant is None:
        raise RestaurantNotFound
    items, choices = menu_of(restaurant, {line.item_id for line in lines})
    zone = ZoneInfo(restaurant.timezone)
    wanted = Counter[UUID]()
    for line in lines:
        wanted[line.item_id] += line.quantity
    return [
        _today(line, items.get(line.item_id), choices[line.item_id], wanted[line.item_id], zone, now)
        for line in lines
    ]


def _today(
    line: CartLine,
    item: MenuItem | None,
    choices: Sequence[Choice],
    wanted: int,
    zone: ZoneInfo,
    now: datetime,
) -> PricedLine | AppError:
    try:
        _check_sold(item, line, zone, now)
        assert item is not None
        _check_left(item, wanted)
        return _priced(line, item, choices, now)
    except AppError as refusal:
        return refusal


def _check_size(lines: Sequence[CartLine]) -> None:
    if not 1 <= len(lines) <= MAX_LINES:
        raise CartInvalid(f"A cart has 1 to {MAX_LINES} lines, not {len(lines)}.")
    for line in lines:
        if type(line.quantity) is not int or not 1 <= line.quantity <= MAX_QUANTITY:  # True is no quantity
            raise QuantityInvalid(f"Order 1 to {MAX_QUANTITY} of an item.", item_id=line.item_id)


def _open_restaurant(restaurant_id: UUID, now: datetime, buyer: Buyer | None) -> OfferingRestaurant:
    restaurant = with_offers(now, buyer).filter(pk=restaurant_id).first()
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
    on_the_menu = MenuItem.objects.filter(archived_at=None, section__archived_at=None)
    rows = on_the_menu.filter(restaurant=restaurant, pk__in=item_ids).order_by(*choosing.MENU_ORDER)
    items: dict[UUID, MenuItem] = {}
    choices: dict[UUID, list[Choice]] = defaultdict(list)
    for section_windows, *row in rows.values_list("section__windows", *_ITEM_COLUMNS, *choosing.COLUMNS):
        item_id = row[0]
        if item_id not in items:
            section = MenuSection(windows=section_windows)
            items[item_id] = MenuItem(section=section, **dict(zip(_ITEM_COLUMNS, row, strict=False)))
        choice = choosing.on_the_menu(Choice(*row[len(_ITEM_COLUMNS) :]))
        if choice is not None:
            choices[item_id].append(choice)
    return items, choices


def priced(
    line: CartLine, item: MenuItem | None, choices: Sequence[Choice], *, zone: ZoneInfo, now: datetime
) -> PricedLine:
    """One line alone. Raises ItemNotFound, ItemUnavailable, ItemNotServed, OptionInvalid."""
    _check_sold(item, line, zone, now)
    assert item is not None
    return _priced(line, item, choices, now)


def _check_sold(item: MenuItem | None, line: CartLine, zone: ZoneInfo, now: datetime) -> None:
    if item is None:
        raise ItemNotFound("This restaurant has no such item.", item_id=line.item_id)
    if item.stock != 0 and not item.is_sold(now):
        raise ItemUnavailable(f"{item.name} is sold out.", item_id=item.pk)
    served = serving(item.served_in, zone=zone, at=now)
    if not served.is_on:
        raise ItemNotServed(
            f"{item.name} is not served at this hour.", item_id=item.pk, next_served_at=served.next_at
        )


def _check_stock(items: dict[UUID, MenuItem], lines: Sequence[CartLine]) -> None:
    """Early and without a lock; what is really taken is decided where the order is written."""
    wanted = Counter[UUID]()
    for line in lines:
        wanted[line.item_id] += line.quantity
    for item_id, count in wanted.items():
        _check_left(items[item_id], count)


def _check_left(item: MenuItem, count: int) -> None:
    if item.stock is not None and item.stock < count:
        raise out_of_stock(item.pk, item.name, left=item.stock)


def out_of_stock(item_id: UUID, name: str, **left: int) -> ItemOutOfStock:
    """The refusal for an item that is counted; `left` only where that is known."""
    some = left.get("left", 0)
    detail = f"Only {some} of {name} are left." if some else f"{name} is sold out."
    return ItemOutOfStock(detail, item_id=item_id, **left)


def _priced(line: CartLine, item: MenuItem, choices: Sequence[Choice], now: datetime) -> PricedLine:
    options = choosing.chosen(line, item, choices, now)
    one_piece_minor = item.price_minor + sum(option.price_delta_minor for option in options)
    return PricedLine(
        item_id=item.pk,
        name=item.name,
        quantity=line.quantity,
        unit_price_minor=item.price_minor,
        options=options,
        note=line.note,
        total_minor=one_piece_minor * line.quantity,
        is_counted=item.stock is not None,
    )
