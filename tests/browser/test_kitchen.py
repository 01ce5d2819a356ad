"""Bo's board: what is ordered rings at once, what is cancelled never vanishes without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, City, Visit, Watched
from tests.browser.steps import headline, log_in, place_order

BOARD = "/kitchen/bos-kitchen/"


def open_board(visit: Visit, **options: Any) -> Page:
    page = visit("/login/", **options)
    log_in(page, "Bo", BOARD)
    expect(page.locator("#live-dot")).to_have_text("Live")
    return page


def column(board: Page, name: str) -> Any:
    return board.get_by_role("region", name=name, exact=True)


def number_of(page: Page, order_id: str) -> str:
    number: str = page.request.get(f"/api/v1/orders/{order_id}/").json()["number"]
    return number


def test_an_order_rings_is_accepted_and_the_customer_sees_it(visit: Visit) -> None:
    board, ada = open_board(visit), visit("/")
    order_id = place_order(ada)
    number = number_of(ada, order_id)
    card = column(board, "New").get_by_role("listitem", name=f"Order {number}")
    expect(card).to_contain_text("2×")
    expect(card).to_contain_text("Soup")
    expect(board).to_have_title(re.compile(r"New order"))

    card.get_by_text("30′").click()
    card.get_by_role("button", name="Accept · 30 min").click()
    card = column(board, "Preparing").get_by_role("listitem", name=f"Order {number}")
    expect(card).to_be_visible()
    headline(ada, "Accepted")
    card.get_by_role("button", name="Start cooking").click()
    headline(ada, "Your food is cooking")
    card.get_by_role("button", name="Ready").click()
    expect(column(board, "Ready").get_by_role("listitem", name=f"Order {number}")).to_be_visible()
    headline(ada, "Packed and ready")


def test_the_screen_acknowledges_what_it_shows(visit: Visit) -> None:
    board, ada = open_board(visit), visit("/")
    with board.expect_response(re.compile(r"/acknowledge/$")) as acknowledged:
        order_id = place_order(ada)
    assert acknowledged.value.status == 200
    assert order_id in acknowledged.value.url


def test_two_boards_stay_in_step(visit: Visit) -> None:
    first, ada = open_board(visit), visit("/")
    second = visit(BOARD, beside=first)
    number = number_of(ada, place_order(ada))
    for board in (first, second):
        expect(column(board, "New").get_by_role("listitem", name=f"Order {number}")).to_be_visible()
    card = column(first, "New").get_by_role("listitem", name=f"Order {number}")
    card.get_by_role("button", name=re.compile("Accept")).click()
    for board in (first, second):
        expect(column(board, "Preparing").get_by_role("listitem", name=f"Order {number}")).to_be_visible()
        expect(column(board, "New").get_by_role("listitem", name=f"Order {number}")).to_be_hidden()


def test_a_rejected_order_tells_the_customer_why(visit: Visit) -> None:
    board, ada = open_board(visit), visit("/")
    number = number_of(ada, place_order(ada))
    card = column(board, "New").get_by_role("listitem", name=f"Order {number}")
    card.get_by_role("button", name="Reject").click()
    dialog = board.get_by_role("dialog")
    dialog.get_by_label("Too busy").check()
    dialog.get_by_role("button", name="Reject order").click()
    expect(card).to_be_hidden()
    headline(ada, "The order was cancelled")
    expect(ada.get_by_text("Bos Kitchen has too much to do right now.")).to_be_visible()


def test_an_order_cancelled_by_the_customer_stays_until_the_kitchen_has_understood(visit: Visit) -> None:
    board, ada = open_board(visit), visit("/")
    number = number_of(ada, place_order(ada))
    card = column(board, "New").get_by_role("listitem", name=f"Order {number}")
    expect(card).to_be_visible()
    ada.get_by_role("button", name="Cancel order").click()
    ada.get_by_role("dialog").get_by_role("button", name="Cancel order").click()
    expect(card).to_contain_text("This order was cancelled")
    card.get_by_role("button", name="Understood").click()
    expect(card).to_be_hidden()


def test_a_board_whose_socket_died_says_so_and_catches_up(visit: Visit, console: Watched, city: City) -> None:
    console.expect("WebSocket connection")
    console.expect("net::ERR")
    board, ada = open_board(visit), visit("/")
    order_id = place_order(ada)
    card = column(board, "New").get_by_role("listitem", name=f"Order {number_of(ada, order_id)}")
    expect(card).to_be_visible()
    with suspended(board):
        city.stack.kill("live")
        path = f"/api/v1/orders/{order_id}/cancel/"
        assert ada.request.post(path, headers=csrf(ada), data={"reason": ""}).status == 200
        expect(board.locator("#live-bar")).to_contain_text("Connection lost")
    expect(card).to_contain_text("This order was cancelled")
    expect(board.locator("#live-dot")).to_have_text("Live", timeout=30_000)


@contextmanager
def suspended(page: Page) -> Iterator[None]:
    """No request of this page is answered meanwhile: neither socket nor polling reaches anybody."""
    page.context.set_offline(True)
    yield
    page.context.set_offline(False)


def csrf(page: Page) -> dict[str, str]:
    [token] = [cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "csrftoken"]
    return {"X-CSRFToken": token, "Referer": page.url}


def test_sold_out_leaves_the_menu_and_comes_back(visit: Visit) -> None:
    board, ada = open_board(visit), visit("/")
    board.get_by_role("button", name="Sold out").click()
    switch = board.get_by_role("dialog").get_by_role("switch", name="Burger", exact=True)
    expect(switch).to_be_checked()
    switch.uncheck(force=True)
    expect(board.get_by_text("Burger: sold out")).to_be_visible()
    [section] = ada.request.get("/api/v1/restaurants/bos-kitchen/").json()["menu"]["sections"]
    assert {item["name"]: item["available"] for item in section["items"]} == {"Soup": True, "Burger": False}
    switch.check(force=True)
    expect(board.get_by_text("Burger: on the menu")).to_be_visible()


def test_a_paused_kitchen_takes_no_orders_until_it_resumes(visit: Visit) -> None:
    board = open_board(visit, size=PHONE)
    board.get_by_role("button", name="Pause").click()
    board.get_by_role("dialog").get_by_role("button", name="30 minutes").click()
    expect(board.get_by_text(re.compile("New orders are paused until"))).to_be_visible()
    board.get_by_role("button", name="Resume now").click()
    expect(board.get_by_role("button", name="Pause")).to_be_visible()
