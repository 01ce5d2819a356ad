"""Ada has a code, and the price of her soup changes while she looks at it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from deliveryapp.clock import utc_now
from restaurants.models import MenuItem, Promotion
from tests.browser.conftest import PHONE, City, Visit, Watched
from tests.browser.looks import assert_fits
from tests.browser.steps import ORDER_PAGE, choose_door, fill_cart, orders_of, place_button, sign_up


@pytest.fixture
def soup(city: City) -> Iterator[MenuItem]:
    """12.50 again when everything is over, and no promotion left."""
    yield city.kitchen.soup
    MenuItem.objects.filter(pk=city.kitchen.soup.pk).update(price_minor=1_250)
    Promotion.objects.update(archived_at=utc_now())


def promote(city: City, title: str, **fields: Any) -> None:
    Promotion.objects.create(
        restaurant=city.kitchen.restaurant,
        title=title,
        starts_at=utc_now() - timedelta(hours=1),
        borne_by="restaurant",
        **fields,
    )


def test_a_code_and_a_price_that_changes_at_the_checkout(
    visit: Visit, city: City, soup: MenuItem, console: Watched
) -> None:
    """25.00 of food, 2.90 and a bit for the way, 1.00 of service."""
    promote(city, "20 % off soups", kind="percent", percent_bp=2_000, minimum_minor=2_000)
    promote(city, "Welcome", code="HELLO", kind="amount", amount_minor=800, is_first_order_only=True)
    console.expect("/api/v1/quotes/")
    console.expect("/api/v1/orders/")
    page = visit("/", size=PHONE)
    sign_up(page)
    choose_door(page)
    expect(page.get_by_role("list", name="Promotions")).to_have_text("20 % off soups, from €20.00")
    assert_fits(page, "offers")
    fill_cart(page)
    expect(page.get_by_role("list", name="Promotions")).to_have_text("20 % off soups, from €20.00")
    assert_fits(page, "offers-restaurant")
    page.goto("/checkout/")
    page.get_by_label("Goes through").check()
    expect(page.locator(".sum")).to_contain_text("20 % off soups−€5.00")

    code = page.get_by_label("Promotion code")
    code.fill("hallo")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("We do not know this code.")).to_be_visible()
    expect(page.locator(".sum")).to_contain_text("−€5.00")
    assert_fits(page, "code-unknown")
    code.fill("hello")
    code.press("Enter")
    expect(page.get_by_text("HELLO is applied")).to_be_visible()
    expect(page.locator(".sum")).to_contain_text("Welcome−€8.00")
    MenuItem.objects.filter(pk=soup.pk).update(price_minor=1_400)
    place_button(page).click()

    expect(page.get_by_text("Something changed while you were looking.")).to_be_visible()
    expect(page.locator(".changes li")).to_have_text(["Soup: €25.00 → €28.00", "Service fee: €1.00 → €1.12"])
    expect(page.locator(".sum")).to_contain_text("Food€28.00")
    expect(page.locator("#checkout aside li").first).to_contain_text("€28.00")
    assert_fits(page, "quote-changed")
    assert orders_of(page) == []
    page.get_by_role("button", name=re.compile("Order for €")).click()
    page.wait_for_url(ORDER_PAGE)
    [order] = orders_of(page)
    assert (order["subtotal"]["amount_minor"], order["discount"]["amount_minor"]) == (2_800, 800)
    assert order["promotion"]["title"] == "Welcome"
    expect(page.locator(".sum")).to_contain_text("Welcome−€8.00")
    assert_fits(page, "order-with-promotion")
