"""Reads the tables: dishes per cuisine, drinks and option groups. Reading them checks them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from restaurants.marks import Allergen
from restaurants.menu_generator.menu import Option, OptionGroup, Window

TABLES_DIR = Path(__file__).parent / "tables"
_MARKS = {"vegan": ("vegan", "vegetarian"), "vegetarian": ("vegetarian",), "": ()}


@dataclass(frozen=True, slots=True)
class Dish:
    """A row of a cuisine table; `price_minor` in EUR cents."""

    name: str
    description: str
    price_minor: int
    allergens: tuple[str, ...]
    diet: str
    option_groups: tuple[OptionGroup, ...]

    @property
    def diets(self) -> tuple[str, ...]:
        """What it suits. Free of gluten or lactose follows from the allergens, so the two cannot disagree."""
        gluten_free = () if "gluten" in self.allergens else ("gluten_free",)
        lactose_free = () if "milk" in self.allergens else ("lactose_free",)
        return (*_MARKS[self.diet], *gluten_free, *lactose_free)


Cuisine = dict[str, tuple[Dish, ...]]  # section name -> dishes to choose from, the main section first


@cache
def cuisine_tables() -> dict[str, Cuisine]:
    """Every cuisine by its key. Raises ValueError or KeyError for a table that is wrong."""
    return {
        key: {section: _dishes(rows) for section, rows in sections.items()}
        for path in sorted((TABLES_DIR / "cuisines").glob("*.toml"))
        for key, sections in _read(path).items()
    }


@cache
def drinks() -> Cuisine:
    return {section: _dishes(rows) for section, rows in _read(TABLES_DIR / "drinks.toml").items()}


@cache
def option_groups() -> dict[str, OptionGroup]:
    return {key: _option_group(table) for key, table in _read(TABLES_DIR / "options.toml").items()}


@cache
def hours() -> dict[str, tuple[Window, ...]]:
    """Sections that are served at certain hours only, by their names."""
    return {
        section: tuple(Window(tuple(days), starts, ends) for days, starts, ends in rows)
        for section, rows in _read(TABLES_DIR / "hours.toml").items()
    }


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _dishes(rows: Sequence[Sequence[Any]]) -> tuple[Dish, ...]:
    return tuple(_dish(*row) for row in rows)


def _dish(name: str, description: str, price_minor: int, allergens: str, diet: str, options: str) -> Dish:
    contained = tuple(sorted(allergens.split()))
    unknown = set(contained) - set(Allergen)
    if unknown or diet not in _MARKS:
        raise ValueError(f"{name}: unknown allergen or diet {sorted(unknown) or diet!r}")
    groups = tuple(option_groups()[key] for key in options.split())
    return Dish(name, description, price_minor, contained, diet, groups)


def _option_group(table: dict[str, Any]) -> OptionGroup:
    at_least, at_most = table["choose"]
    options = tuple(_option(*row) for row in table["options"])
    if not 0 <= at_least <= at_most <= len(options):
        raise ValueError(f"{table['name']}: cannot choose {at_least} to {at_most} of {len(options)}")
    return OptionGroup(table["name"], at_least, at_most, options)


def _option(name: str, price_delta_minor: int, opens: str = "") -> Option:
    """`opens` names groups of the same table; what those open would be a second level, and ends here."""
    tables = _read(TABLES_DIR / "options.toml")
    return Option(name, price_delta_minor, tuple(_option_group(tables[key]) for key in opens.split()))
