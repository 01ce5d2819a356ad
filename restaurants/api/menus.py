"""Menus as JSON values: as guests read them, and what a switch answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from deliveryapp.money import Money
from restaurants.dayparts import serving
from restaurants.models import MenuItem, MenuSection, Option, OptionGroup, Restaurant

Body = dict[str, Any]
FEW = 10  # pieces left from which on guests are told how many


@dataclass(frozen=True, slots=True)
class _View:
    """What the rows of one menu have in common."""

    currency: str
    zone: ZoneInfo
    now: datetime

    def money(self, amount_minor: int) -> Body:
        return Money(amount_minor, self.currency).as_json()


def sections_body(sections: Sequence[MenuSection], place: Restaurant, now: datetime) -> list[Body]:
    view = _View(place.currency, ZoneInfo(place.timezone), now)
    return [
        {
            "id": section.pk,
            "name": section.name,
            "windows": section.windows,
            "items": [_item_body(item, view) for item in section.items.all()],
        }
        for section in sections
    ]


def state_body(row: MenuItem | Option, now: datetime) -> Body:
    """Whether there is any; `sold_out_until` only while it is to come."""
    until = row.sold_out_until
    return {
        "id": row.pk,
        "name": row.name,
        "available": row.is_sold(now),
        "sold_out_until": until if until and until > now else None,
    }


def _item_body(item: MenuItem, view: _View) -> Body:
    served = serving(item.served_in, zone=view.zone, at=view.now)
    body = state_body(item, view.now)
    return body | {
        "available": body["available"] and served.is_on,
        "left": item.stock if item.stock is not None and item.stock <= FEW else None,
        "served_now": served.is_on,
        "next_served_at": served.next_at,
        "windows": item.served_in,
        "description": item.description,
        "price": view.money(item.price_minor),
        "picture": item.picture,
        "allergens": item.allergens,
        "diets": item.diets,
        "option_groups": _groups_body(list(item.option_groups.all()), view),
    }


def _groups_body(groups: Sequence[OptionGroup], view: _View) -> list[Body]:
    """The groups that are always asked; those that an option opens are within it."""

    def options_of(group: OptionGroup) -> list[Body]:
        return [
            _option_body(option, view)
            | {
                "option_groups": [
                    _group_body(inner, view) for inner in groups if inner.opened_by_id == option.pk
                ]
            }
            for option in group.options.all()
        ]

    return [
        _group_body(group, view) | {"options": options_of(group)}
        for group in groups
        if group.opened_by_id is None
    ]


def _group_body(group: OptionGroup, view: _View) -> Body:
    return {
        "id": group.pk,
        "name": group.name,
        "min_choices": group.min_choices,
        "max_choices": group.max_choices,
        "options": [_option_body(option, view) for option in group.options.all()],
    }


def _option_body(option: Option, view: _View) -> Body:
    return state_body(option, view.now) | {"price_delta": view.money(option.price_delta_minor)}
