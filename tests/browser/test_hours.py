"""Bo's hours, pause and busy time, and what Ada is then offered at the checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, City, Visit, Watched
from tests.browser.looks import assert_fits
from tests.browser.steps import ORDER_PAGE, headline, log_in, place_button, place_order, ready_to_pay
from tests.browser.test_kitchen import column, number_of, open_board

HOURS = "/kitchen/bos-kitchen/hours/"


@pytest.fixture(autouse=True)
def as_usual(city: City) -> Iterator[None]:
    """Each test leaves the kitchen as it found it."""
    yield
    from datetime import time

    from restaurants.models import OpeningHours, Restaurant, SlotLoad, SpecialDay

    Restaurant.objects.update(
        paused_until=None,
        is_accepting=True,
        busy_until=None,
        busy_minutes=0,
        slot_capacity=None,
        last_order_minutes=0,
    )
    place = city.kitchen.restaurant
    for rows in (SpecialDay, SlotLoad, OpeningHours):
        rows.objects.filter(restaurant=place).delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(restaurant=place, weekday=day, opens=time(0), closes=time(0)) for day in range(7)
    )


def editor(visit: Visit, **options: object) -> Page:
    page = visit("/login/", **options)
    log_in(page, "Bo", HOURS)
    expect(page.get_by_role("heading", name="Every week")).to_be_visible()
    return page


def test_hours_are_edited_and_saved(visit: Visit, console: Watched) -> None:
    console.expect("400 (Bad Request)")
    page = editor(visit, size=PHONE)
    page.get_by_label("Monday opens").fill("11:00")
    page.get_by_label("Monday closes").fill("14:30")
    page.get_by_role("button", name="Add hours to Monday").click()
    page.get_by_label("Monday opens").nth(1).fill("17:00")
    page.get_by_label("Monday closes").nth(1).fill("02:00")
    page.get_by_label(re.compile("Last order")).fill("30")
    page.get_by_label(re.compile("Most orders")).fill("6")
    page.get_by_role("button", name="Import a list").click()
    page.get_by_label("One day to a line").fill("12-06 closed\n2026-12-24 11:00-15:00")
    page.get_by_role("dialog").get_by_role("button", name="Import").click()
    expect(page.get_by_label("2026-12-24 opens")).to_have_value("11:00")
    page.get_by_label("Monday opens").fill("12:00")
    page.get_by_label("Monday closes").fill("12:00")
    page.get_by_role("button", name="Add hours to Monday").click()
    page.get_by_role("button", name="Save hours").click()
    expect(page.get_by_role("alert")).to_contain_text("overlaps")
    page.get_by_role("button", name="Remove these hours of Monday").nth(1).click()
    page.get_by_label("Monday opens").fill("10:30")
    page.get_by_role("button", name="Save hours").click()
    expect(page.get_by_text("Customers see it at once")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Monday opens")).to_have_value("10:30")
    assert_fits(page)


def test_busy_pause_and_close_from_the_board(visit: Visit) -> None:
    board = open_board(visit)
    board.get_by_role("button", name="Busy").click()
    board.get_by_role("button", name="+20 min").click()
    expect(board.locator("#busy-bar")).to_contain_text("20 minutes more until")
    board.get_by_role("button", name="Back to usual").click()
    expect(board.locator("#busy-bar")).to_be_hidden()

    board.get_by_role("button", name="Pause").click()
    board.get_by_label("Or until").fill("23:55")
    board.get_by_role("button", name="Pause until then").click()
    expect(board.locator("#paused")).to_contain_text("paused until")
    board.get_by_role("button", name="Resume now").click()
    expect(board.locator("#paused")).to_be_hidden()

    ada = visit("/")
    number = number_of(ada, place_order(ada))
    expect(column(board, "New").get_by_role("listitem", name=f"Order {number}")).to_be_visible()
    board.get_by_role("button", name="Close for today").click()
    board.get_by_role("button", name="Close now").click()
    expect(board.get_by_text("1 order cancelled")).to_be_visible()
    headline(ada, "The order was cancelled")
    expect(board.locator("#paused")).to_contain_text("New orders are paused")


def test_a_confirmed_order_is_given_up_with_a_reason_that_fits(visit: Visit) -> None:
    board, ada = open_board(visit), visit("/")
    number = number_of(ada, place_order(ada))
    card = column(board, "New").get_by_role("listitem", name=f"Order {number}")
    card.get_by_role("button", name=re.compile("Accept")).click()
    board.get_by_role("button", name=f"Cancel {number}").click()
    dialog = board.get_by_role("dialog")
    expect(dialog.get_by_text("Too busy")).to_have_count(0)
    dialog.get_by_text("Problem in the kitchen").click()
    dialog.get_by_role("button", name="Cancel order").click()
    headline(ada, "The order was cancelled")


def test_a_time_is_chosen_at_the_checkout(visit: Visit, console: Watched) -> None:
    from restaurants.models import Restaurant

    console.expect("409 (Conflict)")
    Restaurant.objects.update(slot_capacity=2)
    ada = visit("/", size=PHONE)
    ready_to_pay(ada)
    ada.get_by_label(re.compile("^Later")).check()
    times = ada.get_by_label("Time", exact=True)
    expect(times).to_be_visible()
    first, second = (times.locator("option").nth(n).inner_text() for n in (4, 5))
    times.select_option(index=4)
    expect(ada.get_by_text(re.compile("Arrives around"))).to_contain_text(first.split(" ·")[0])
    assert_fits(ada)

    chosen = ada.evaluate("document.querySelector('#slot-time').value")
    others_take_it(chosen)
    place_button(ada).click()
    offer = ada.get_by_role("button", name=re.compile("Order for"))
    offer.click()
    expect(ada.get_by_text(re.compile("Arrives around"))).to_contain_text(second.split(" ·")[0])
    expect(place_button(ada)).to_have_text(re.compile(r"Place order · €"))
    place_button(ada).click()
    ada.wait_for_url(ORDER_PAGE)
    headline(ada, "Ordered for later")
    expect(ada.get_by_text(re.compile("Scheduled for"))).to_contain_text(second.split(" ·")[0])


def others_take_it(scheduled_for: str) -> None:
    """Every place of the kitchen's quarter of an hour: ride and cooking take 21 minutes."""
    from datetime import timedelta

    from django.utils.dateparse import parse_datetime

    from restaurants.models import Restaurant, SlotLoad

    at = parse_datetime(scheduled_for)
    assert at is not None
    place = Restaurant.objects.get(slug="bos-kitchen")
    SlotLoad.objects.update_or_create(
        restaurant=place, starts_at=at - timedelta(minutes=30), defaults={"taken": 2}
    )
