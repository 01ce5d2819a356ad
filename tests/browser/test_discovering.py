"""Ada looks for a burger, keeps Bo's kitchen at hand and finds it again, on a phone and at a desk."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.steps import choose_door, sign_up
from tests.browser.test_layout import SIZES, assert_fits


def keep_picture(page: Page, name: str) -> None:
    """For a person to look at; only where SCREENSHOTS names a folder."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        width = (page.viewport_size or {"width": 0})["width"]
        page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)


@pytest.fixture
def ada(visit: Visit, size: dict[str, int]) -> Page:
    page = visit("/", size=size)
    sign_up(page)
    choose_door(page)
    return page


@SIZES
def test_a_search_says_which_dish_it_was(ada: Page) -> None:
    ada.get_by_label("Search restaurants and dishes").fill("burgr")
    card = ada.get_by_role("link", name=re.compile("Bos Kitchen"))
    expect(card.locator(".found")).to_have_text(re.compile("Burger.*14"))
    expect(ada.get_by_role("status").first).to_have_text("1 restaurant")
    assert_fits(ada)
    keep_picture(ada, "search")
    ada.get_by_label("Diet").select_option("vegan")
    expect(ada.get_by_text("Nothing matches")).to_be_visible()
    ada.get_by_role("button", name="Show all restaurants").click()
    expect(card).to_be_visible()
    assert "diet" not in ada.url


@SIZES
def test_a_favourite_is_kept_found_and_dropped(ada: Page) -> None:
    ada.get_by_text("Favourites", exact=True).click()
    expect(ada.get_by_text("Nothing matches")).to_be_visible()
    ada.goto("/restaurants/bos-kitchen/")
    heart = ada.get_by_role("button", name="Favourite")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "true")
    assert_fits(ada)
    keep_picture(ada, "restaurant")
    ada.goto("/?favourites=true")
    expect(ada.get_by_role("link", name=re.compile("Bos Kitchen"))).to_be_visible()
    keep_picture(ada, "favourites")
    ada.goto("/restaurants/bos-kitchen/")
    expect(heart).to_have_attribute("aria-pressed", "true")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "false")
