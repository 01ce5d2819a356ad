"""Every page fits a phone, runs under the strict content policy and can be used without a mouse."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit, Watched
from tests.browser.looks import assert_fits
from tests.browser.steps import fill_cart, log_in, place_order


def test_pages_for_everybody_fit(visit: Visit) -> None:
    page = visit("/")
    for path in ("/", "/restaurants/bos-kitchen/", "/login/", "/sign-up/"):
        page.goto(path)
        assert_fits(page)


def test_pages_of_a_customer_fit(visit: Visit) -> None:
    page = visit("/")
    place_order(page)
    assert_fits(page)
    fill_cart(page)
    for path in ("/restaurants/bos-kitchen/", "/checkout/", "/orders/", "/account/payment-methods/"):
        page.goto(path)
        assert_fits(page)


WORK = [
    ("Bo", "/kitchen/"),
    ("Bo", "/kitchen/bos-kitchen/"),
    ("Bo", "/kitchen/bos-kitchen/menu/"),
    ("Cleo", "/driver/"),
]


@pytest.mark.parametrize(("who", "path"), WORK)
def test_pages_of_those_who_work_fit(visit: Visit, who: str, path: str) -> None:
    page = visit("/login/")
    log_in(page, who, path)
    assert_fits(page)


def test_a_page_that_does_not_exist_says_so(visit: Visit, console: Watched) -> None:
    console.expect("404 (Not Found)")
    page = visit("/no-such-page/")
    expect(page.get_by_role("heading", level=1)).to_have_text("We could not find that page")


def test_the_first_tab_skips_to_the_content(visit: Visit) -> None:
    page = visit("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()


def test_an_address_is_chosen_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit("/")
    page.locator("#place-button").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Street and number").focus()
    page.keyboard.type("Aleksanterinkatu 11")
    expect(dialog.get_by_role("button", name="Aleksanterinkatu 11").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#place-button")).to_contain_text("Aleksanterinkatu 11")


def test_the_map_is_drawn_from_our_own_files(visit: Visit) -> None:
    page = visit("/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    place_order(page)
    expect(page.locator("#order-map[data-ready=true]")).to_be_visible(timeout=40_000)
    expect(page.locator("#order-map").get_by_text("© OpenStreetMap contributors")).to_be_visible()
    assert [url for url in asked if not url.startswith(("http://127.0.0.1", "data:", "blob:"))] == []
