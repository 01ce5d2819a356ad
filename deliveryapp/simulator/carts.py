"""A plausible cart from a menu: available dishes, options within the rules, above the minimum. Pure."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

MAX_QUANTITY = 20
NOTES = ("", "", "", "no onions please", "extra napkins", "well done, please")

Json = Mapping[str, Any]


class NothingToOrder(Exception):
    """The menu has no dish that can be ordered, or not enough of them to reach the minimum."""


def build_cart(
    sections: Sequence[Json], *, rng: random.Random, minimum_minor: int = 0
) -> list[dict[str, Any]]:
    """Cart lines `{"item_id", "quantity", "option_ids", "note"}` for the sections of a restaurant's menu.

    One to three different dishes; quantities grow until the subtotal reaches `minimum_minor`.
    Raises NothingToOrder.
    """
    dishes = [item for section in sections for item in section["items"] if _orderable(item)]
    if not dishes:
        raise NothingToOrder("no dish of the menu is available")
    chosen = rng.sample(dishes, k=min(len(dishes), rng.choices((1, 2, 3), weights=(5, 4, 2))[0]))
    priced = [_line(item, rng) for item in chosen]
    _reach(priced, minimum_minor, rng)
    return [line for line, _ in priced]


def _orderable(item: Json) -> bool:
    groups = item["option_groups"]
    return bool(item["available"]) and all(len(_free(group)) >= group["min_choices"] for group in groups)


def _free(group: Json) -> list[Json]:
    return [option for option in group["options"] if option["available"] and _answerable(option)]


def _answerable(option: Json) -> bool:
    """The questions that follow from the option have enough answers."""
    return all(len(_free(group)) >= group["min_choices"] for group in option.get("option_groups", ()))


def _line(item: Json, rng: random.Random) -> tuple[dict[str, Any], int]:
    """The line and the price of one piece in minor units."""
    options = [option for group in item["option_groups"] for option in _choose(group, rng)]
    extras_minor = sum(option["price_delta"]["amount_minor"] for option in options)
    line = {
        "item_id": item["id"],
        "quantity": rng.choices((1, 2, 3), weights=(7, 2, 1))[0],
        "option_ids": [option["id"] for option in options],
        "note": rng.choice(NOTES),
    }
    return line, item["price"]["amount_minor"] + extras_minor


def _choose(group: Json, rng: random.Random) -> list[Json]:
    free = _free(group)
    most = min(group["max_choices"], len(free))
    chosen = rng.sample(free, k=rng.randint(group["min_choices"], max(group["min_choices"], most)))
    followed = [inner for option in chosen for inner in option.get("option_groups", ())]
    return chosen + [option for inner in followed for option in _choose(inner, rng)]


def _reach(priced: list[tuple[dict[str, Any], int]], minimum_minor: int, rng: random.Random) -> None:
    while sum(line["quantity"] * piece_minor for line, piece_minor in priced) < minimum_minor:
        growing = [
            line for line, piece_minor in priced if line["quantity"] < MAX_QUANTITY and piece_minor > 0
        ]
        if not growing:
            raise NothingToOrder("the chosen dishes cannot reach the minimum order")
        rng.choice(growing)["quantity"] += 1
