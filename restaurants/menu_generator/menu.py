"""A menu as frozen facts; money in minor units of the menu's currency."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    name: str
    price_delta_minor: int


@dataclass(frozen=True, slots=True)
class OptionGroup:
    """Choose `min_choices` to `max_choices` different options; required when `min_choices` is above 0."""

    name: str
    min_choices: int
    max_choices: int
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class MenuItem:
    name: str
    description: str
    price_minor: int
    allergens: tuple[str, ...]
    diets: tuple[str, ...]
    option_groups: tuple[OptionGroup, ...]


@dataclass(frozen=True, slots=True)
class MenuSection:
    name: str
    items: tuple[MenuItem, ...]


@dataclass(frozen=True, slots=True)
class Menu:
    cuisine: str
    currency: str
    sections: tuple[MenuSection, ...]
