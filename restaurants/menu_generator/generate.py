"""Draws a menu from the tables of a cuisine."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from restaurants.menu_generator.dishes import Dish, cuisine_tables, drinks, hours
from restaurants.menu_generator.matching import cuisine_of
from restaurants.menu_generator.menu import Menu, MenuItem, MenuSection, Option, OptionGroup

# minor units per euro cent at Helsinki's price level; for demo menus, never for converting money
_PER_EUR_CENT = {"EUR": 1.0, "USD": 1.1, "GBP": 0.85, "CHF": 1.0, "SEK": 11.0, "NOK": 11.5, "DKK": 7.5}
_MAIN_ITEMS = (5, 8)
_OTHER_ITEMS = (3, 4)
_PIECES = (6, 40)


def generate_menu(*, name: str, cuisines: Sequence[str], kind: str, seed: int, currency: str = "EUR") -> Menu:
    """Four or five sections, 14 to 24 items, all named once.

    `cuisines` as OpenStreetMap writes them, `kind` its amenity or shop. Raises ValueError for a currency
    without a price level.
    """
    if currency not in _PER_EUR_CENT:
        raise ValueError(f"no price level for {currency!r}; known: {', '.join(_PER_EUR_CENT)}")
    cuisine = cuisine_of(name=name, cuisines=cuisines, kind=kind, seed=seed)
    rng = random.Random(f"menu:{seed}:{name}:{cuisine}")
    level = rng.uniform(0.94, 1.1)  # some houses are dearer than others, throughout
    sections = cuisine_tables()[cuisine] | drinks()
    drawn = [
        MenuSection(
            title,
            _items(dishes, rng, level, currency, _MAIN_ITEMS if i == 0 else _OTHER_ITEMS),
            () if i == 0 else hours().get(title, ()),
        )
        for i, (title, dishes) in enumerate(sections.items())
    ]
    counted = _counted(drawn[0], random.Random(f"stock:{seed}:{name}"))
    return Menu(cuisine=cuisine, currency=currency, sections=(counted, *drawn[1:]))


def _counted(section: MenuSection, rng: random.Random) -> MenuSection:
    """Every other house counts the last dish of its main section, as one does with what was baked today."""
    if rng.random() < 0.5:
        return section
    *others, last = section.items
    return replace(section, items=(*others, replace(last, stock=rng.randint(*_PIECES))))


def _items(
    dishes: Sequence[Dish], rng: random.Random, level: float, currency: str, how_many: tuple[int, int]
) -> tuple[MenuItem, ...]:
    count = min(len(dishes), rng.randint(*how_many))
    chosen = sorted(rng.sample(range(len(dishes)), count))
    return tuple(_item(dishes[i], level, currency) for i in chosen)


def _item(dish: Dish, level: float, currency: str) -> MenuItem:
    return MenuItem(
        name=dish.name,
        description=dish.description,
        price_minor=_shelf_price(dish.price_minor * level * _PER_EUR_CENT[currency]),
        allergens=dish.allergens,
        diets=dish.diets,
        option_groups=tuple(_in_currency(group, currency) for group in dish.option_groups),
    )


def _shelf_price(price_minor: float) -> int:
    """The nearest price that ends in 40 or 90, as menus like it."""
    return max(90, round((price_minor + 10) / 50) * 50 - 10)


def _in_currency(group: OptionGroup, currency: str) -> OptionGroup:
    options = tuple(
        Option(
            option.name,
            round(option.price_delta_minor * _PER_EUR_CENT[currency] / 10) * 10,
            tuple(_in_currency(inner, currency) for inner in option.opens),
        )
        for option in group.options
    )
    return OptionGroup(group.name, group.min_choices, group.max_choices, options)
