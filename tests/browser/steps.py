"""What people do on the pages, in their words."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from playwright.sync_api import Page, expect

from tests.cast import PASSWORD

SIGN_UP_PASSWORD = "kettle-on-the-stove-9"
ORDER_PAGE = re.compile(r"/orders/[0-9a-f-]{36}/$")


def sign_up_by_hand(page: Page) -> None:
    """Ends on the list of restaurants."""
    page.goto("/sign-up/")
    for name, value in _somebody_new("Ada").items():
        page.locator(f"[name={name}]").fill(value)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url(re.compile(r":\d+/$"))


def sign_up(page: Page, name: str = "Ada") -> None:
    """A new person each time, without the page for it; ends on the list of restaurants."""
    enter(page, name)
    page.goto("/")


def enter(page: Page, name: str = "Ada") -> None:
    """The browser gets a session; the page that it shows does not know yet."""
    page.request.get("/sign-up/")
    (token,) = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken"]
    form = {**_somebody_new(name), "csrfmiddlewaretoken": token}
    answer = page.request.post("/sign-up/", form=form, headers={"Referer": page.url})
    assert answer.ok, answer.text()
    assert "Create account" not in answer.text()


def _somebody_new(name: str) -> dict[str, str]:
    email = f"{name.lower()}-{uuid4().hex[:8]}@demo.example"
    return {"name": name, "email": email, "password": SIGN_UP_PASSWORD}


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


def fill_cart(page: Page, *, soups: int = 2, door: str = "") -> None:
    """Soups from Bo's kitchen, by way of its page; the door to deliver to, unless it is known."""
    page.goto("/restaurants/bos-kitchen/")
    if door:
        choose_door(page, door)
    page.get_by_role("button", name=re.compile("^Soup")).click()
    dialog = page.get_by_role("dialog")
    for _ in range(soups - 1):
        dialog.get_by_role("button", name="One more").click()
    dialog.get_by_role("button", name=re.compile("Add to cart")).click()
    expect(dialog).to_be_hidden()


def ready_to_pay(page: Page, method: str = "Goes through") -> None:
    """From nothing to the checkout with a price and this way to pay."""
    enter(page)
    fill_cart(page, door="Aleksanterinkatu 11")
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
