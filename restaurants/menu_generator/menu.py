"""A menu as frozen facts; money in minor units of the menu's currency."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """`opens`: what is asked of who chooses it; one level deep."""

    name: str
    price_delta_minor: int
    opens: tuple[OptionGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Choose `min_choices` to `max_choices` different options; required when `min_choices` is above 0."""

    name: str
    min_choices: int
    max_choices: int
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class MenuItem:
    """`stock`: so many pieces are left; None where nobody counts."""

    name: str
    description: str
    price_minor: int
    allergens: tuple[str, ...]
    diets: tuple[str, ...]
    option_groups: tuple[OptionGroup, ...]
    stock: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Daily hours as `HH:MM`; `ends` not after `starts` is on the next day. Weekday 0 is Monday."""

    weekdays: tuple[int, ...]
    starts: str
    ends: str


@dataclass(frozen=True, slots=True)
class MenuSection:
    """Served always, or within its `windows`."""

    name: str
    items: tuple[MenuItem, ...]
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Menu:
    cuisine: str
    currency: str
    sections: tuple[MenuSection, ...]
