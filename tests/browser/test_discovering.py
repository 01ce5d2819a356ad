"""Ada looks for a burger, keeps Bo's kitchen at hand and finds it again, on a phone and at a desk."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visit
from tests.browser.looks import assert_fits
from tests.browser.steps import choose_door, sign_up


@pytest.fixture
def ada(visit: Visit) -> Page:
    page = visit("/", size=PHONE)
    sign_up(page)
    choose_door(page)
    return page


def test_a_search_says_which_dish_it_was(ada: Page) -> None:
    ada.get_by_label("Search restaurants and dishes").fill("burgr")
    card = ada.get_by_role("link", name=re.compile("Bos Kitchen"))
    expect(card.locator(".found")).to_have_text(re.compile("Burger.*14"))
    expect(ada.get_by_role("status").first).to_have_text("1 restaurant")
    assert_fits(ada, "search")
    ada.get_by_label("Diet").select_option("vegan")
    expect(ada.get_by_text("Nothing matches")).to_be_visible()
    ada.get_by_role("button", name="Show all restaurants").click()
    expect(card).to_be_visible()
    assert "diet" not in ada.url


def test_a_favourite_is_kept_found_and_dropped(ada: Page) -> None:
    ada.get_by_text("Favourites", exact=True).click()
    expect(ada.get_by_text("Nothing matches")).to_be_visible()
    ada.goto("/restaurants/bos-kitchen/")
    heart = ada.get_by_role("button", name="Favourite")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")
    assert_fits(ada, "restaurant")
    ada.goto("/?favourites=true")
    expect(ada.get_by_role("link", name=re.compile("Bos Kitchen"))).to_be_visible()
    assert_fits(ada, "favourites")
    ada.goto("/restaurants/bos-kitchen/")
    expect(heart).to_have_attribute("aria-pressed", "true")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "false")
