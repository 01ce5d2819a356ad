"""How a page looks: that it fits, and its picture for those who want to look."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE

SIDEWAYS_PX = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def settle(page: Page) -> None:
    """Until nothing is loading and no list is still a grey shape."""
    page.wait_for_load_state("networkidle")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


def assert_fits(page: Page, picture: str = "") -> None:
    """On a phone and at a desk. PICTURES names a folder for what was seen, a file for each width."""
    settle(page)
    before, folder = page.viewport_size, os.environ.get("PICTURES")
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate(SIDEWAYS_PX) == 0, f"{page.url} can be scrolled sideways at {size}"
        if folder and picture:
            page.screenshot(path=Path(folder) / f"{picture}-{size['width']}.png", full_page=True)
    if before:
        page.set_viewport_size(before)
