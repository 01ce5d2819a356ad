"""Ada orders, pays or fails to pay, and is never charged twice for one wish."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Request, Route, expect

from deliveryapp.circuit import Circuit, Permit, Rules
from payments.models import CustomerCredit
from tests.browser.conftest import PHONE, WAIT_MS, Visit, Watched
from tests.browser.steps import (
    ORDER_PAGE,
    choose_door,
    fill_cart,
    headline,
    orders_of,
    place_button,
    place_order,
    ready_to_pay,
    sign_up,
    sign_up_by_hand,
)


def test_from_the_list_to_the_placed_order_on_a_phone(visit: Visit) -> None:
    page = visit("/", size=PHONE)
    sign_up_by_hand(page)
    choose_door(page)
    page.get_by_role("link", name=re.compile("Bos Kitchen")).click()
    page.get_by_role("button", name=re.compile("^Burger")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=re.compile("Add to cart")).click()
    expect(dialog.get_by_role("group", name=re.compile("Size"))).to_have_class(re.compile("wrong"))
    dialog.get_by_label("Large").check()
    dialog.get_by_role("button", name="Add to cart €17.00").click()
    page.get_by_role("button", name=re.compile("View cart · 1 item")).click()
    page.get_by_role("dialog").get_by_role("link", name=re.compile("Checkout")).click()
    expect(place_button(page)).to_have_text(re.compile(r"€\d+\.\d\d"))
    page.get_by_role("button", name="€2.00").click()
    expect(page.get_by_text("Tip for the driver").last).to_be_visible()
    place_button(page).click()

    headline(page, "Waiting for the kitchen")
    [order] = orders_of(page)
    assert order["status"] == "placed"
    assert order["tip"] == {"amount_minor": 200, "currency": "EUR"}
    assert [line["options"][0]["name"] for line in order["lines"]] == ["Large"]
    assert page.evaluate("JSON.parse(localStorage.getItem('cart.v1')).lines") == []


def test_a_declined_card_says_why_and_another_one_works(visit: Visit, console: Watched) -> None:
    console.expect("402 (Payment Required)")
    page = visit("/")
    ready_to_pay(page, "Declined: not enough money")
    place_button(page).click()
    expect(page.get_by_text("There is not enough money on this card.")).to_be_visible()
    assert [order["status"] for order in orders_of(page)] == ["failed"]

    page.get_by_label(re.compile("Goes through")).check()
    expect(page.get_by_text("There is not enough money on this card.")).to_be_hidden()
    place_button(page).click()
    headline(page, "Waiting for the kitchen")
    assert sorted(order["status"] for order in orders_of(page)) == ["failed", "placed"]


def test_the_bank_asks_back_and_the_order_is_placed_afterwards(visit: Visit) -> None:
    page = visit("/")
    ready_to_pay(page, "3-D Secure")
    place_button(page).click()
    page.wait_for_url(re.compile(r"/3ds|/_sandbox|/authenticate|client_secret"))
    page.locator("button").first.click()
    headline(page, "Waiting for the kitchen")
    [order] = orders_of(page)
    assert order["payment"]["status"] == "authorized"
    assert page.evaluate("JSON.parse(localStorage.getItem('cart.v1')).lines") == []


def test_credit_pays_first_and_the_card_the_rest(visit: Visit) -> None:
    page = visit("/", size=PHONE)
    sign_up(page)
    me = page.request.get("/api/v1/me/").json()["id"]
    CustomerCredit.objects.create(customer_id=me, currency="EUR", balance_minor=400)
    choose_door(page)
    fill_cart(page)
    page.goto("/checkout/")
    page.get_by_label("Use €4.00 of credit").check()
    expect(
        page.get_by_text(re.compile(r"€4\.00 from your credit, €\d+\.\d\d from your card"))
    ).to_be_visible()
    place_button(page).click()
    headline(page, "Waiting for the kitchen")
    [order] = orders_of(page)
    assert order["payment"]["by_credit"] == {"amount_minor": 400, "currency": "EUR"}
    expect(page.get_by_text("€4.00 paid by your credit.")).to_be_visible()


def test_a_double_click_places_one_order(visit: Visit) -> None:
    page = visit("/")
    ready_to_pay(page)
    place_button(page).dblclick()
    headline(page, "Waiting for the kitchen")
    assert len(orders_of(page)) == 1


def test_an_answer_lost_on_the_way_back_leads_to_the_same_order(visit: Visit, console: Watched) -> None:
    console.expect("net::ERR")
    page = visit("/")
    ready_to_pay(page)
    keys: list[str] = []
    page.route("**/api/v1/orders/", lambda route: _lose_the_first_answer(route, keys))
    place_button(page).click()
    headline(page, "Waiting for the kitchen")

    assert len(keys) == 2
    assert len(set(keys)) == 1, "the retry must carry the same key"
    assert len(orders_of(page)) == 1


def test_the_same_again_is_asked_about(visit: Visit, console: Watched) -> None:
    console.expect("409 (Conflict)")
    page = visit("/", size=PHONE)
    first = place_order(page)
    question = page.get_by_text("You ordered this a moment ago — order it again?")
    same_again(page)
    expect(question).to_be_visible()
    assert len(orders_of(page)) == 1

    page.get_by_role("link", name="See that order").click()
    page.wait_for_url(f"**/orders/{first}/")
    page.goto("/checkout/")
    expect(place_button(page)).to_have_text(re.compile(r"Place order · €"))
    expect(question).to_be_hidden()
    place_button(page).click()
    page.get_by_role("button", name="Order it again").click()
    page.wait_for_url(ORDER_PAGE)
    headline(page, "Waiting for the kitchen")
    assert [order["status"] for order in orders_of(page)] == ["placed", "placed"]
    assert not page.url.endswith(f"/orders/{first}/")


def test_another_door_takes_the_question_back(visit: Visit, console: Watched) -> None:
    console.expect("409 (Conflict)")
    page = visit("/")
    place_order(page)
    same_again(page)
    question = page.get_by_text("order it again?")
    expect(question).to_be_visible()
    choose_door(page, "Aleksanterinkatu 13")
    expect(question).to_be_hidden()
    expect(place_button(page)).to_have_text(re.compile(r"Place order · €"))
    place_button(page).click()
    page.wait_for_url(ORDER_PAGE)
    assert len(orders_of(page)) == 2


def same_again(page: Page) -> None:
    """The same two soups to the same door, up to the button."""
    fill_cart(page)
    page.goto("/checkout/")
    expect(place_button(page)).to_have_text(re.compile(r"Place order · €"))
    place_button(page).click()


def _lose_the_first_answer(route: Route, keys: list[str]) -> None:
    """The order is placed, but the browser never hears of it; the retry goes through."""
    if route.request.method != "POST":
        route.continue_()
        return
    keys.append(route.request.headers["idempotency-key"])
    if len(keys) == 1:
        route.fetch()
        route.abort("connectionreset")
    else:
        route.continue_()


def test_a_reload_while_nobody_answers_does_not_order_twice(visit: Visit, console: Watched) -> None:
    console.expect("net::ERR")
    page = visit("/")
    ready_to_pay(page)
    keys: list[str] = []

    def lose_all(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort("connectionreset")

    page.route("**/api/v1/orders/", lose_all)
    place_button(page).click()
    expect(page.get_by_text("Still asking…")).to_be_visible()
    page.unroute("**/api/v1/orders/")
    page.on("request", lambda request: keys.extend(_key(request)))
    page.reload()

    headline(page, "Waiting for the kitchen")
    assert len(set(keys)) == 1
    assert len(orders_of(page)) == 1


def let_payments_rest(seconds: float) -> None:
    """As another process of the platform that has just met a silent provider."""
    rules = Rules(
        window_s=30, min_calls=1, failure_share=0.5, open_s=seconds, longest_open_s=seconds, trial_s=30
    )
    Circuit("payments:stripe", rules).record(Permit(), ok=False)


def test_while_payments_are_down_the_cart_waits(visit: Visit, console: Watched) -> None:
    console.expect("503 (Service Unavailable)")
    page = visit("/", size=PHONE)
    ready_to_pay(page)
    let_payments_rest(20)
    place_button(page).click()

    notice = page.get_by_role("alert").filter(has_text="Payments are unavailable right now.")
    expect(notice).to_contain_text("Nothing was ordered and nothing was charged. Your cart is kept.")
    again = notice.get_by_role("button", name=re.compile("Try again"))
    expect(again).to_be_disabled()
    expect(again).to_have_text(re.compile(r"^Try again in \d+ s$"))
    assert orders_of(page) == []
    assert len(page.evaluate("JSON.parse(localStorage.getItem('cart.v1')).lines")) == 1

    placed = page.get_by_role("heading", level=1, name="Waiting for the kitchen")
    for _ in range(3):
        expect(again).to_be_enabled(timeout=WAIT_MS)
        again.click()
        # Another process may try the provider at this moment: then Ada is asked to wait once more.
        expect(placed.or_(again.filter(has_text="Try again in"))).to_be_visible(timeout=WAIT_MS)
        if placed.is_visible():
            break
    expect(placed).to_be_visible()
    assert len(orders_of(page)) == 1


def test_payments_down_after_a_lost_answer_says_nothing_about_the_order(
    visit: Visit, console: Watched
) -> None:
    """The first try may have ordered: only the order itself can tell, so the same key goes on asking."""
    console.expect("net::ERR")
    console.expect("503 (Service Unavailable)")
    page = visit("/")
    ready_to_pay(page)
    keys: list[str] = []

    def lose_then_refuse(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
            route.abort("connectionreset")
        elif len(keys) == 2:
            route.fulfill(status=503, json={"code": "payment_unavailable", "retry_after_s": 1})
        else:
            route.continue_()

    page.route("**/api/v1/orders/", lose_then_refuse)
    place_button(page).click()
    headline(page, "Waiting for the kitchen")
    assert (len(keys), len(set(keys))) == (3, 1)
    assert len(orders_of(page)) == 1


def _key(request: Request) -> list[str]:
    is_order = request.method == "POST" and request.url.endswith("/api/v1/orders/")
    return [request.headers["idempotency-key"]] if is_order else []


def test_two_tabs_share_one_cart(visit: Visit) -> None:
    first = visit("/", size=PHONE)
    sign_up(first)
    choose_door(first)
    second = visit("/restaurants/bos-kitchen/", beside=first)
    fill_cart(first, soups=3)
    expect(second.get_by_role("button", name=re.compile("View cart · 3 items"))).to_be_visible()
    expect(second.get_by_role("link", name="Cart, 3 items")).to_be_visible()


def test_a_cancelled_order_is_cancelled_in_every_tab(visit: Visit) -> None:
    page = visit("/")
    order_id = place_order(page)
    other = visit(f"/orders/{order_id}/", beside=page)
    headline(other, "Waiting for the kitchen")
    _cancel(page)
    for tab in (page, other):
        headline(tab, "The order was cancelled")
        expect(tab.get_by_text("You cancelled this order.")).to_be_visible()
        expect(tab.get_by_role("button", name="Cancel order")).to_be_hidden()


def _cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel order").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel order").click()


def test_somebody_elses_order_does_not_exist(visit: Visit, console: Watched) -> None:
    console.expect("404 (Not Found)")
    ada = visit("/")
    order_id = place_order(ada)
    dov = visit("/")
    sign_up(dov, "Dov")
    dov.goto(f"/orders/{order_id}/")
    expect(dov.get_by_text("We could not find that")).to_be_visible()
    expect(dov.get_by_text("Bos Kitchen")).to_be_hidden()
