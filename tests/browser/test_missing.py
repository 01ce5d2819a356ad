"""Something is missing: Bo proposes a swap on his board, Ada takes it on her page, and both show it."""

from __future__ import annotations

import os
import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visit
from tests.browser.steps import place_order
from tests.browser.test_kitchen import column, number_of, open_board

TABLET = {"width": 1024, "height": 768}


def shot(page: Page, name: str) -> None:
    """A picture to look at, where somebody wants one."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_a_swap_is_proposed_and_taken(visit: Visit) -> None:
    board, ada = open_board(visit, size=TABLET), visit("/", size=PHONE)
    order_id = place_order(ada)
    card = column(board, "New").get_by_role("listitem", name=f"Order {number_of(ada, order_id)}")
    shot(board, "board-new")
    card.get_by_role("button", name="Soup is missing").click()
    dialog = board.get_by_role("dialog")
    dialog.get_by_text("1", exact=True).click()
    dialog.get_by_label("Propose instead").select_option(label="Soup · €12.50")
    shot(board, "board-missing")
    dialog.get_by_role("button", name="Propose the swap").click()
    expect(card).to_contain_text("Customer is asked: 1 × Soup instead?")
    shot(board, "board-asked")

    asked = ada.get_by_role("region", name="Soup is missing")
    expect(asked).to_contain_text("It offers 1 × Soup for €12.50 instead.")
    expect(asked.get_by_role("timer")).to_have_text(re.compile(r"^[12]:\d\d$"))
    shot(ada, "order-asked-phone")
    ada.set_viewport_size({"width": 1280, "height": 900})
    shot(ada, "order-asked-desktop")
    asked.get_by_role("button", name=re.compile("^Take it")).click()
    expect(asked).to_be_hidden()
    expect(ada.get_by_text("1 × Soup replaced by 1 × Soup")).to_be_visible()
    expect(card).to_contain_text("Customer takes 1 × Soup instead")
    shot(board, "board-taken")
    shot(ada, "order-taken")


def test_look(visit: Visit) -> None:
    """Only for pictures."""
    board, ada = open_board(visit), visit("/")
    order_id = place_order(ada)
    shot(board, "desk-board")
    board.goto("/kitchen/bos-kitchen/staff/")
    board.get_by_label("E-mail").fill("cook@demo.example")
    board.get_by_role("button", name="Invite").click()
    expect(board.get_by_role("dialog")).to_contain_text("Send them this link")
    shot(board, "desk-invited")
    link = board.get_by_label("Link of the invitation").input_value()
    board.reload()
    expect(board.get_by_text("Invited, until")).to_be_visible()
    shot(board, "desk-staff")
    board.set_viewport_size(PHONE)
    shot(board, "phone-staff")
    board.goto("/kitchen/join/?token=" + link.rsplit("=", 1)[1])
    shot(board, "phone-join")
    board.goto("/kitchen/bos-kitchen/")
    expect(board.locator("#live-dot")).to_have_text("Live")
    expect(board.locator("#today")).to_contain_text("Orders today")
    shot(board, "phone-board")
    board.goto(f"/kitchen/bos-kitchen/orders/{order_id}/ticket/")
    shot(board, "phone-ticket")
