"""Small restaurants with known menus, made through the app's own service."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest

from deliveryapp.models import User
from restaurants.hours import WeeklySpan
from restaurants.menu_generator import Menu, MenuItem, MenuSection, Option, OptionGroup
from restaurants.models import Restaurant
from restaurants.services.creating import NewRestaurant, create_restaurants

AROUND_THE_CLOCK = tuple(WeeklySpan(weekday, time(0), time(0)) for weekday in range(7))
MARKET_SQUARE = (60.1675, 24.9525)

SIZE = OptionGroup("Size", 1, 1, (Option("Regular", 0), Option("Large", 250)))
EXTRAS = OptionGroup("Extras", 0, 2, (Option("Olives", 100), Option("Chilli", 50), Option("Rocket", 150)))


def a_menu(items: int = 3) -> Menu:
    """`Dish 1` for 10.00, `Dish 2` for 11.00 …; each asks for a size and offers extras."""
    dishes = tuple(
        MenuItem(f"Dish {n}", "", 900 + 100 * n, ("gluten",), ("vegetarian",), (SIZE, EXTRAS))
        for n in range(1, items + 1)
    )
    return Menu("pizza", "EUR", (MenuSection("Mains", dishes), MenuSection("Drinks", ())))


Make = Callable[..., Restaurant]


@pytest.fixture
def make(db: None) -> Make:
    """Makes a restaurant on the market square, open around the clock; any field can be said otherwise."""

    def make_restaurant(slug: str = "luna", *, owner: User | None = None, **changes: Any) -> Restaurant:
        lat, lng = MARKET_SQUARE
        row = {
            "slug": slug,
            "name": slug.capitalize(),
            "kind": "restaurant",
            "lat": lat,
            "lng": lng,
            "street": "Market Street 1",
            "city": "Helsinki",
            "region": "helsinki",
            "timezone": "Europe/Helsinki",
            "currency": "EUR",
            "menu": a_menu(),
            "hours": AROUND_THE_CLOCK,
            "cuisines": ("pizza",),
            "delivery_fee_minor": 290,
            "delivery_fee_per_km_minor": 100,
            "minimum_order_minor": 1_000,
            "tax_bp": 1_350,
            "owner_ids": [owner.pk] if owner else [],
        } | changes
        assert create_restaurants(rows=[NewRestaurant(**row)]) == 1
        return Restaurant.objects.get(slug=slug)

    return make_restaurant
