"""What the database itself refuses, whoever writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from deliveryapp.models import User
from restaurants.models import (
    MenuItem,
    OpeningHours,
    Option,
    OptionGroup,
    Restaurant,
    SpecialDay,
    StaffMember,
    Ticket,
)
from tests.restaurants.conftest import Make

NOW = datetime(2025, 5, 5, 9, tzinfo=UTC)


@pytest.fixture
def luna(make: Make, bo: User) -> Restaurant:
    return make("luna", owner=bo)


def refuses(rule: str, write: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        write()


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("restaurant_is_on_the_globe", {"lat": 90.1}),
        ("restaurant_is_on_the_globe", {"lng": -180.1}),
        ("restaurant_is_on_the_globe", {"lat": float("nan")}),
        ("restaurant_price_level_1_to_4", {"price_level": 5}),
        ("restaurant_rating_0_to_50_tenths", {"rating_tenths": 51}),
        ("restaurant_prep_1_to_180_minutes", {"prep_minutes": 0}),
        ("restaurant_radius_within_the_search_box", {"delivery_radius_m": 20_001}),
        ("restaurant_fees_not_negative", {"delivery_fee_minor": -1}),
        ("restaurant_fees_not_negative", {"minimum_order_minor": -1}),
        ("restaurant_tax_below_one_whole", {"tax_bp": 10_000}),
        ("restaurant_currency_is_iso_4217", {"currency": "eu"}),
        ("restaurant_ticket_seq_not_negative", {"ticket_seq": -1}),
    ],
)
def test_a_restaurant(luna: Restaurant, rule: str, change: dict[str, Any]) -> None:
    refuses(rule, lambda: Restaurant.objects.filter(pk=luna.pk).update(**change))


def test_a_slug_is_unique(luna: Restaurant, make: Make) -> None:
    sol = make("sol")
    refuses("slug", lambda: Restaurant.objects.filter(pk=sol.pk).update(slug="luna"))


@pytest.mark.parametrize("price_minor", [-1, 10_000_001])
def test_prices(luna: Restaurant, price_minor: int) -> None:
    refuses("menu_item_price_in_range", lambda: MenuItem.objects.update(price_minor=price_minor))
    refuses("option_price_delta_in_range", lambda: Option.objects.update(price_delta_minor=price_minor))


@pytest.mark.parametrize(
    "change", [{"min_choices": 2, "max_choices": 1}, {"min_choices": 0, "max_choices": 0}]
)
def test_choices(luna: Restaurant, change: dict[str, int]) -> None:
    refuses("option_group_choices_are_a_range", lambda: OptionGroup.objects.update(**change))


def test_hours(luna: Restaurant) -> None:
    refuses("opening_hours_weekday_0_to_6", lambda: OpeningHours.objects.filter(weekday=6).update(weekday=7))
    refuses(
        "opening_hours_one_span_per_start",
        lambda: OpeningHours.objects.create(restaurant=luna, weekday=0, opens=time(0), closes=time(9)),
    )


def test_special_days(luna: Restaurant) -> None:
    def add(**times: time) -> SpecialDay:
        return SpecialDay.objects.create(restaurant=luna, date=date(2025, 12, 24), **times)

    refuses("special_day_has_both_times_or_none", lambda: add(opens=time(9)))
    add()
    refuses("special_day_one_span_per_start", add)


def test_staff(luna: Restaurant, bo: User, dov: User) -> None:
    def hire(user: User, role: str) -> StaffMember:
        return StaffMember.objects.create(restaurant=luna, user=user, role=role)

    refuses("staff_member_once_per_restaurant", lambda: hire(bo, "kitchen"))
    refuses("staff_member_role_is_known", lambda: hire(dov, "guest"))


def test_tickets(luna: Restaurant, make: Make) -> None:
    def add(order_id: object, seq: int, restaurant: Restaurant = luna) -> Ticket:
        return Ticket.objects.create(order_id=order_id, restaurant=restaurant, seq=seq, opened_at=NOW)

    order_id, sol = uuid4(), make("sol")
    add(order_id, 1)
    refuses("order_id", lambda: add(order_id, 1, sol))
    refuses("ticket_seq_once_per_restaurant", lambda: add(uuid4(), 1))
    refuses("ticket_seq_from_one", lambda: add(uuid4(), 0))
