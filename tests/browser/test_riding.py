"""Cleo's console: from going online to the door, while Ada watches."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visit, Watched
from tests.browser.steps import headline, log_in, place_order


def ride_to(console: Page, where: str) -> None:
    console.get_by_role("button", name=re.compile(f"Ride to {where}")).click()


def test_an_order_is_offered_ridden_and_delivered(visit: Visit) -> None:
    cleo = visit("/login/", size=PHONE)
    log_in(cleo, "Cleo", "/driver/")
    cleo.get_by_role("button", name="Go online", exact=True).click()
    headline(cleo, "Looking for orders")

    ada = visit("/")
    place_order(ada)
    bo = visit("/login/")
    log_in(bo, "Bo", "/kitchen/bos-kitchen/")
    bo.get_by_role("button", name=re.compile("Accept")).click()

    headline(cleo, "New delivery")
    cleo.get_by_role("button", name="Accept").click()
    headline(cleo, "Ride to the kitchen")
    expect(ada.get_by_text("Cleo brings your food")).to_be_visible()
    ride_to(cleo, "Bos Kitchen")
    bo.get_by_role("button", name="Start cooking").click()
    bo.get_by_role("button", name="Ready").click()
    cleo.get_by_role("button", name="I am at the kitchen").click()
    headline(cleo, "Pick up the food")
    cleo.get_by_role("button", name="I have the food").click()
    headline(cleo, "Ride to the customer")
    headline(ada, "On its way to you")
    expect(ada.locator(".marker.driver")).to_be_visible()
    ride_to(cleo, "Ada")
    cleo.get_by_role("button", name="Delivered").click()
    headline(cleo, "Looking for orders")
    headline(ada, "Enjoy your meal")
    expect(ada.get_by_text("Charged to your card.")).to_be_visible()
    add_a_tip(ada)


def add_a_tip(ada: Page) -> None:
    """After the delivery, by a charge of its own."""
    ada.get_by_role("button", name="Add a tip").click()
    dialog = ada.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_role("button", name="€2.00").click()
    dialog.get_by_role("button", name="Save").click()
    expect(ada.get_by_text("€2.00 for the driver")).to_be_visible()


def test_who_is_no_driver_is_turned_away(visit: Visit, console: Watched) -> None:
    console.expect("403 (Forbidden)")
    page = visit("/login/")
    log_in(page, "Bo", "/driver/")
    expect(page.get_by_role("heading", level=1)).to_have_text("This is not yours to open")
