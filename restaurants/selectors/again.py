"""Lines of an earlier order on today's menu: what can be had again, at what price, and what cannot and why.

Options are found by their names, which is what an order keeps: a menu that was written anew has other ids.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from restaurants.errors import ItemNotServed, ItemUnavailable, OptionInvalid, RestaurantNotFound
from restaurants.models import MenuItem
from restaurants.selectors.cart import menu_of, priced
from restaurants.selectors.choices import Choice
from restaurants.selectors.facts import CartLine, PastLine, PricedLine, TodaysLine, TodaysMenu
from restaurants.selectors.places import info_of, open_state, schedule_of, with_schedule


def on_todays_menu(*, restaurant_id: UUID, lines: Sequence[PastLine], now: datetime) -> TodaysMenu:
    """Each line as it is today, in the order given; two statements. Raises RestaurantNotFound."""
    restaurant = with_schedule(now).filter(pk=restaurant_id).first()
    if restaurant is None:
        raise RestaurantNotFound
    items, choices = menu_of(restaurant, {line.item_id for line in lines})
    zone = ZoneInfo(restaurant.timezone)
    state = open_state(restaurant, schedule_of(restaurant), now)
    return TodaysMenu(
        restaurant=info_of(restaurant),
        is_open=state.is_open,
        next_opening_at=state.next_opening_at,
        lines=tuple(
            _today(line, items.get(line.item_id), choices.get(line.item_id, []), zone, now) for line in lines
        ),
    )


def _today(
    line: PastLine, item: MenuItem | None, choices: Sequence[Choice], zone: ZoneInfo, now: datetime
) -> TodaysLine:
    if item is None:
        return TodaysLine("item_gone")
    if not item.is_sold(now):
        return TodaysLine("item_sold_out")
    by_name = {(choice.group, choice.name): choice for choice in choices}
    taken = [by_name.get(names) for names in line.options]
    option_ids = tuple(choice.option_id for choice in taken if choice and choice.option_id)
    if len(option_ids) < len(line.options):
        return TodaysLine("option_gone")
    wish = CartLine(line.item_id, line.quantity, option_ids, line.note)
    try:
        return _compared(line, priced(wish, item, choices, zone=zone, now=now))
    except ItemNotServed:
        return TodaysLine("item_sold_out")
    except ItemUnavailable:
        return TodaysLine("option_sold_out")
    except OptionInvalid:
        return TodaysLine("options_changed")


def _compared(line: PastLine, today: PricedLine) -> TodaysLine:
    return TodaysLine("" if today.total_minor == line.total_minor else "price_changed", today)
