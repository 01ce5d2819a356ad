"""An earlier order as a cart of today."""

from datetime import datetime

from deliveryapp.money import Money
from orders.models import Order, OrderLine
from orders.selectors.documents import Document
from restaurants import facade as restaurants
from restaurants.facade import PastLine, PricedLine, TodaysMenu

CHANGES = (
    "price_changed",
    "item_gone",
    "item_sold_out",
    "option_gone",
    "option_sold_out",
    "options_changed",
)


def again_document(order: Order, *, now: datetime) -> Document:
    """What can be had again, and item by item what is gone or changed; three statements.

    Raises RestaurantNotFound when the restaurant left the platform.
    """
    lines = list(OrderLine.objects.filter(order=order).order_by("position"))
    today = restaurants.on_todays_menu(
        restaurant_id=order.restaurant_id, lines=[_past(line) for line in lines], now=now
    )
    pairs = list(zip(lines, today.lines, strict=True))
    return {
        "restaurant": _restaurant(today),
        "lines": [_line(found.line, order.currency) for _, found in pairs if found.line],
        "changes": [
            _change(line, found.change, found.line, order.currency) for line, found in pairs if found.change
        ],
    }


def _past(line: OrderLine) -> PastLine:
    options = tuple((option["group"], option["name"]) for option in line.options)
    return PastLine(line.item_id, line.quantity, options, line.note, line.total_minor)


def _restaurant(today: TodaysMenu) -> Document:
    place = today.restaurant
    return {
        "id": place.id,
        "slug": place.slug,
        "name": place.name,
        "currency": place.currency,
        "open": today.is_open,
        "next_opening_at": today.next_opening_at,
    }


def _line(line: PricedLine, currency: str) -> Document:
    return {
        "item_id": line.item_id,
        "name": line.name,
        "quantity": line.quantity,
        "option_ids": [option.option_id for option in line.options],
        "options": [option.name for option in line.options],
        "note": line.note,
        "unit_price": Money(line.total_minor // line.quantity, currency).as_json(),
    }


def _change(line: OrderLine, code: str, today: PricedLine | None, currency: str) -> Document:
    return {
        "line_id": line.pk,
        "item_id": line.item_id,
        "name": line.name,
        "quantity": line.quantity,
        "code": code,
        "before": Money(line.total_minor, currency).as_json(),
        "now": Money(today.total_minor, currency).as_json() if today else None,
    }
