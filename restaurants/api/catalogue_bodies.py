"""A menu as staff read it: every field that can be written, and how it stands now."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from deliveryapp.money import Money
from restaurants.api.menus import state_body
from restaurants.dayparts import serving
from restaurants.models import MenuItem, MenuSection, Option, OptionGroup, Restaurant
from restaurants.selectors.catalogue import Catalogue, Row
from restaurants.services.catalogue import MAY_EDIT

Body = dict[str, Any]


def catalogue_body(found: Catalogue, now: datetime) -> Body:
    place = found.restaurant
    return {
        "restaurant_id": place.pk,
        "role": found.role,
        "may_edit": found.role in MAY_EDIT,
        "currency": place.currency,
        "timezone": place.timezone,
        "sections": [_section_body(section, place, now) for section in found.sections],
    }


def _row_body(row: Row) -> Body:
    return {
        "id": row.pk,
        "name": row.name,
        "position": row.position,
        "external_key": row.external_key,
        "archived": row.archived_at is not None,
    }


def _section_body(section: MenuSection, place: Restaurant, now: datetime) -> Body:
    items = [_item_body(item, place, now) for item in section.items.all()]
    return _row_body(section) | {"windows": section.windows, "items": items}


def _item_body(item: MenuItem, place: Restaurant, now: datetime) -> Body:
    served = serving(item.served_in, zone=ZoneInfo(place.timezone), at=now)
    return (
        _row_body(item)
        | state_body(item, now)
        | {
            "description": item.description,
            "price": Money(item.price_minor, place.currency).as_json(),
            "allergens": item.allergens,
            "diets": item.diets,
            "stock": item.stock,
            "windows": item.windows,
            "served_now": served.is_on,
            "option_groups": [_group_body(group, place, now) for group in item.option_groups.all()],
        }
    )


def _group_body(group: OptionGroup, place: Restaurant, now: datetime) -> Body:
    return _row_body(group) | {
        "opened_by_id": group.opened_by_id,
        "min_choices": group.min_choices,
        "max_choices": group.max_choices,
        "options": [_option_body(option, place, now) for option in group.options.all()],
    }


def _option_body(option: Option, place: Restaurant, now: datetime) -> Body:
    price = Money(option.price_delta_minor, place.currency).as_json()
    return _row_body(option) | state_body(option, now) | {"price_delta": price}
