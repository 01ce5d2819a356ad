"""Ada saves cards, pays with one, keeps them in order; her bank may ask back, the provider may be silent."""

from __future__ import annotations

import re
from typing import Any

import httpx
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PHONE, City, Visit, Watched
from tests.browser.steps import choose_door, fill_cart, headline, orders_of, place_button, sign_up

CARDS = "/account/payment-methods/"
ON_CARDS = re.compile(rf"{CARDS}$")


def open_cards(page: Page) -> None:
    sign_up(page)
    page.get_by_label("Account").click()
    page.get_by_role("link", name="Payment methods").click()
    page.wait_for_url(ON_CARDS)


def add(page: Page, about: str) -> None:
    """Choose a test card on the provider's page; ends wherever that leads."""
    page.get_by_role("button", name="Add a card").click()
    page.wait_for_url(re.compile(r"/_sandbox/cards/"))
    page.get_by_role("button", name=re.compile(about)).first.click()


def saved(page: Page, name: str) -> Any:
    return page.get_by_role("listitem").filter(has_text=name)


def holds_of(city: City) -> list[dict[str, Any]]:
    """The provider's payment intents, youngest first."""
    answer = httpx.get(f"{city.stack.sandbox_url}/v1/payment_intents", auth=("sk_test_sandbox", ""))
    intents: list[dict[str, Any]] = answer.raise_for_status().json()["data"]
    return intents


def test_a_card_is_saved_and_pays_for_an_order_on_a_phone(visit: Visit, city: City) -> None:
    page = visit("/", size=PHONE)
    open_cards(page)
    expect(page.get_by_role("heading", name="No cards yet")).to_be_visible()
    add(page, r"Mastercard ···· 4444")
    page.wait_for_url(ON_CARDS)
    expect(page.get_by_text("Mastercard •••• 4444 is saved.")).to_be_visible()
    expect(saved(page, "Mastercard •••• 4444")).to_contain_text("Default")
    expect(saved(page, "Mastercard •••• 4444")).to_contain_text("Expires 12/34")

    choose_door(page)
    fill_cart(page)
    page.goto("/checkout/")
    expect(page.get_by_label(re.compile("Mastercard •••• 4444"))).to_be_checked()
    expect(place_button(page)).to_have_text(re.compile("€"))
    place_button(page).click()
    headline(page, "Waiting for the kitchen")

    [order] = orders_of(page)
    [intent] = [row for row in holds_of(city) if row["metadata"]["order_id"] == order["id"]]
    assert intent["customer"].startswith("cus_")
    assert intent["status"] == "requires_capture"


def test_another_card_may_be_chosen_instead(visit: Visit, city: City) -> None:
    page = visit("/")
    open_cards(page)
    add(page, "Mastercard")
    page.wait_for_url(ON_CARDS)
    choose_door(page)
    fill_cart(page)
    page.goto("/checkout/")
    expect(page.get_by_label(re.compile("Mastercard •••• 4444"))).to_be_checked()
    page.get_by_label(re.compile("Goes through")).check()
    place_button(page).click()
    headline(page, "Waiting for the kitchen")
    [order] = orders_of(page)
    [intent] = [row for row in holds_of(city) if row["metadata"]["order_id"] == order["id"]]
    assert intent["customer"] is None


def test_the_bank_asks_back_while_a_card_is_saved(visit: Visit, console: Watched) -> None:
    console.expect("402 (Payment Required)")
    page = visit("/")
    open_cards(page)
    add(page, "3-D Secure while it is saved")
    expect(page.get_by_role("heading", name="Confirm it is you")).to_be_visible()
    page.get_by_role("button", name="Fail authentication").click()
    page.wait_for_url(ON_CARDS)
    expect(page.get_by_text("Your bank could not confirm that it was you.")).to_be_visible()
    expect(page.get_by_role("heading", name="No cards yet")).to_be_visible()

    add(page, "3-D Secure while it is saved")
    page.get_by_role("button", name="Complete authentication").click()
    page.wait_for_url(ON_CARDS)
    expect(page.get_by_text("Visa •••• 3155 is saved.")).to_be_visible()
    expect(saved(page, "Visa •••• 3155")).to_be_visible()


def test_a_card_that_is_refused_makes_room_for_another(visit: Visit) -> None:
    page = visit("/", size=PHONE)
    open_cards(page)
    add(page, "Cannot be saved: expired")
    expect(page.get_by_text("Your card has expired.")).to_be_visible()
    page.get_by_role("button", name=re.compile("Visa ···· 4242")).click()
    page.wait_for_url(ON_CARDS)
    expect(saved(page, "Visa •••• 4242")).to_be_visible()


def test_who_turns_back_has_saved_nothing(visit: Visit) -> None:
    page = visit("/")
    open_cards(page)
    page.get_by_role("button", name="Add a card").click()
    page.wait_for_url(re.compile(r"/_sandbox/cards/(seti_\w+)"))
    [setup] = re.findall(r"seti_\w+?(?=\?)", page.url)
    page.goto(f"{CARDS}?setup_intent={setup}")
    expect(page.get_by_text("No card was saved.")).to_be_visible()
    assert ON_CARDS.search(page.url), "what the provider added to the address is gone"


def test_the_default_changes_and_cards_go(visit: Visit) -> None:
    page = visit("/")
    open_cards(page)
    for card in ("Visa ···· 4242", "Mastercard", "Amex"):
        add(page, card)
        page.wait_for_url(ON_CARDS)
        expect(page.get_by_text("is saved.")).to_be_visible()
    page.get_by_role("button", name="Make default: Mastercard •••• 4444").click()
    expect(page.get_by_role("listitem").first).to_contain_text("Mastercard •••• 4444")
    expect(page.get_by_text("Default", exact=True)).to_have_count(1)

    page.get_by_role("button", name="Remove: Mastercard •••• 4444").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(saved(page, "Mastercard")).to_be_visible()
    page.get_by_role("button", name="Remove: Mastercard •••• 4444").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove card").click()
    expect(saved(page, "Mastercard")).to_be_hidden()
    expect(page.get_by_role("listitem").first).to_contain_text("American Express")
    page.reload()
    expect(page.get_by_role("listitem").filter(has_text="••••")).to_have_count(2)


def test_a_silent_server_is_said_and_asked_again(visit: Visit, console: Watched) -> None:
    console.expect("503")
    console.expect("net::ERR")
    page = visit("/")
    open_cards(page)
    add(page, "Mastercard")
    page.wait_for_url(ON_CARDS)
    answers: list[str] = ["out"]

    def out_of_order(route: Route) -> None:
        if answers:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/api/v1/cards/?*", out_of_order)
    page.reload()
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    answers.clear()
    page.get_by_role("button", name="Try again").click()
    expect(saved(page, "Mastercard")).to_be_visible()


def test_a_silent_provider_is_said(visit: Visit, console: Watched, city: City) -> None:
    console.expect("503 (Service Unavailable)")
    page = visit("/")
    open_cards(page)
    faults = f"{city.stack.sandbox_url}/_sandbox/faults"
    httpx.post(faults, json=[{"kind": "500", "operation": "setup_intents.create", "times": 1}])
    page.get_by_role("button", name="Add a card").click()
    expect(page.get_by_text("The payment provider does not answer.")).to_be_visible()
    add(page, "Mastercard")
    page.wait_for_url(ON_CARDS)
    expect(saved(page, "Mastercard")).to_be_visible()


def test_saved_cards_that_do_not_come_stop_no_order(visit: Visit, console: Watched) -> None:
    console.expect("net::ERR")
    page = visit("/")
    sign_up(page)
    choose_door(page)
    fill_cart(page)
    page.route("**/api/v1/cards/?*", lambda route: route.abort("connectionreset"))
    page.goto("/checkout/")
    expect(page.get_by_text("Your saved cards are not here.")).to_be_visible()
    expect(page.get_by_label(re.compile("Goes through"))).to_be_checked()
    expect(place_button(page)).to_have_text(re.compile("€"))
    place_button(page).click()
    headline(page, "Waiting for the kitchen")


def test_a_card_number_in_the_note_is_not_taken(visit: Visit, console: Watched) -> None:
    console.expect("400 (Bad Request)")
    page = visit("/")
    sign_up(page)
    choose_door(page)
    fill_cart(page)
    page.goto("/checkout/")
    expect(place_button(page)).to_have_text(re.compile("€"))
    page.get_by_label("Note").fill("my card is 4242 4242 4242 4242")
    place_button(page).click()
    expect(page.get_by_text("Please take the card number out.")).to_be_visible()
    assert orders_of(page) == []
    page.get_by_label("Note").fill("ring twice")
    place_button(page).click()
    headline(page, "Waiting for the kitchen")
