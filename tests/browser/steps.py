"""What people do on the pages, in their words."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.cast import PASSWORD

SIGN_UP_PASSWORD = "kettle-on-the-stove-9"
ORDER_PAGE = re.compile(r"/orders/[0-9a-f-]{36}/$")


def sign_up(page: Page, name: str = "Ada") -> None:
    """A new person each time; ends on the list of restaurants."""
    page.goto("/sign-up/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(f"{name.lower()}-{uuid4().hex[:8]}@demo.example")
    page.get_by_label("Password").fill(SIGN_UP_PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(re.compile(r":\d+/$"))


def log_in(page: Page, name: str, to: str) -> None:
    page.goto(f"/login/?next={to}")
    page.get_by_label("E-mail").fill(f"{name.lower()}@demo.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{to}")


def choose_door(page: Page, typed: str = "Aleksanterinkatu 11") -> None:
    page.get_by_role("button", name=re.compile("Deliver to")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Street and number").fill(typed)
    dialog.get_by_role("button", name=re.compile(f"^{typed}\\b")).first.click()
    expect(dialog).to_be_hidden()


def fill_cart(page: Page, *, soups: int = 2) -> None:
    """Soups from Bo's kitchen, by way of its page."""
    page.goto("/restaurants/bos-kitchen/")
    page.get_by_role("button", name=re.compile("^Soup")).click()
    dialog = page.get_by_role("dialog")
    for _ in range(soups - 1):
        dialog.get_by_role("button", name="One more").click()
    dialog.get_by_role("button", name=re.compile("Add to cart")).click()
    expect(dialog).to_be_hidden()


def ready_to_pay(page: Page, method: str = "Goes through") -> None:
    """From nothing to the checkout with a price and this way to pay."""
    sign_up(page)
    choose_door(page)
    fill_cart(page)
    page.goto("/checkout/")
    expect(place_button(page)).to_have_text(re.compile(r"Place order · €"))
    page.get_by_label(re.compile(re.escape(method))).check()


def place_button(page: Page) -> Any:
    return page.get_by_role("button", name=re.compile("Place order"))


def place_order(page: Page, method: str = "Goes through") -> str:
    """Ends on the page of the placed order; answers its id."""
    ready_to_pay(page, method)
    place_button(page).click()
    page.wait_for_url(ORDER_PAGE)
    headline(page, "Waiting for the kitchen")
    return page.url.rstrip("/").rsplit("/", 1)[-1]


def headline(page: Page, text: str, *, timeout_ms: int = 30_000) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text, timeout=timeout_ms)


def orders_of(page: Page) -> list[dict[str, Any]]:
    """What the API says this person has ordered."""
    answer = page.request.get("/api/v1/orders/")
    assert answer.status == 200
    results: list[dict[str, Any]] = answer.json()["results"]
    return results
