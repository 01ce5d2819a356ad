"""The provider's own form on our pages, as with a real Stripe: a stand-in at its address plays its script,
under our content policy; the provider behind our server is the sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from payments.gateways import browsers
from tests.browser.conftest import DESKTOP, PICTURE, WAIT_MS, Watched
from tests.browser.steps import choose_door, fill_cart, orders_of, place_button, sign_up
from tests.cast import Kitchen, Sandbox
from tests.orders.fixtures import sandbox

__all__ = ["sandbox"]
pytestmark = pytest.mark.django_db(transaction=True)

SCRIPT = "https://js.stripe.com/endive/stripe.js"
STAND_IN = """
const INCOMPLETE = "Your card number is incomplete.";
window.calls = [];
window.Stripe = (key) => {
  window.calls.push(["Stripe", key]);
  return {
    elements(options) {
      const { appearance, ...rest } = options;
      window.calls.push(["elements", rest]);
      return {
        clientSecret: options.clientSecret,
        create(kind, { wallets }) {
          window.calls.push(["create", kind, wallets]);
          const listeners = {};
          return {
            on: (name, listener) => { listeners[name] = listener; },
            mount(host) {
              const frame = document.createElement("iframe");
              frame.title = "Secure card form";
              frame.src = "https://js.stripe.com/frame.html";
              frame.onload = () => listeners.ready();
              host.append(frame);
            },
          };
        },
        update: (options) => window.calls.push(["update", options]),
        submit: async () => (window.incomplete ? { error: { message: INCOMPLETE } } : {}),
      };
    },
    async createPaymentMethod() {
      await fetch("https://api.stripe.com/v1/payment_methods", { method: "POST" });
      return { paymentMethod: { id: "pm_card_visa" } };
    },
    async confirmSetup({ elements, confirmParams, redirect }) {
      window.calls.push(["confirmSetup", confirmParams.return_url, redirect]);
      if (window.incomplete) return { error: { message: INCOMPLETE } };
      const [setup] = elements.clientSecret.split("_secret_");
      await fetch("https://api.stripe.com/v1/setup_intents/" + setup + "/confirm", { method: "POST" });
      return { setupIntent: { id: setup, status: "succeeded" } };
    },
  };
};
"""


@pytest.fixture
def real_stripe(
    sandbox: Sandbox, settings: Any, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> Sandbox:
    """Our server takes the sandbox for Stripe itself."""
    monkeypatch.setattr(browsers, "STRIPE_API", sandbox.url)
    settings.STRIPE_PUBLISHABLE_KEY = "pk_test_ours"
    settings.PUBLIC_URL = live_server.url
    return sandbox


@pytest.fixture
def page(
    chromium: Browser, live_server: LiveServer, real_stripe: Sandbox, kitchen: Kitchen, console: Watched
) -> Iterator[Page]:
    kitchen.restaurant.picture_svg = PICTURE
    kitchen.restaurant.save()
    context = chromium.new_context(base_url=live_server.url, viewport=DESKTOP, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    console.watch(page)
    context.route(SCRIPT, lambda route: route.fulfill(content_type="text/javascript", body=STAND_IN))
    context.route("https://js.stripe.com/frame.html", lambda route: route.fulfill(body="<p>card</p>"))
    context.route("https://api.stripe.com/**", lambda route: play_stripe(route, real_stripe))
    yield page
    context.close()


def play_stripe(route: Route, sandbox: Sandbox) -> None:
    """What Stripe's frame tells Stripe: the customer has typed a good card."""
    path = route.request.url.removeprefix("https://api.stripe.com")
    if path.endswith("/confirm"):
        card = {"payment_method": "pm_card_mastercard"}
        httpx.post(f"{sandbox.url}{path}", data=card, auth=("sk_test_key", "")).raise_for_status()
    route.fulfill(json={}, headers={"Access-Control-Allow-Origin": "*"})


def called(page: Page, name: str) -> list[Any]:
    calls: list[list[Any]] = page.evaluate("window.calls")
    return [rest for first, *rest in calls if first == name]


def test_a_card_is_saved_in_the_providers_form(page: Page) -> None:
    sign_up(page)
    page.goto("/account/payment-methods/")
    page.get_by_role("button", name="Add a card").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.frame_locator("iframe").get_by_text("card")).to_be_visible()

    page.evaluate("window.incomplete = true")
    dialog.get_by_role("button", name="Save card").click()
    expect(dialog.get_by_text("Your card number is incomplete.")).to_be_visible()
    page.evaluate("window.incomplete = false")
    dialog.get_by_role("button", name="Save card").click()
    expect(page.get_by_text("Mastercard •••• 4444 is saved.")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("listitem").filter(has_text="Mastercard •••• 4444")).to_be_visible()

    [[options]] = called(page, "elements")
    assert options.keys() == {"clientSecret"}
    assert called(page, "Stripe") == [["pk_test_ours"]]
    assert called(page, "create") == [
        ["payment", {"applePay": "never", "googlePay": "never", "link": "never"}]
    ]
    assert called(page, "confirmSetup")[-1] == [page.url, "if_required"]


def test_a_new_card_pays_from_the_providers_form(page: Page, real_stripe: Sandbox, console: Watched) -> None:
    console.expect("WebSocket connection")  # no live process stands beside this server
    sign_up(page)
    choose_door(page)
    fill_cart(page)
    page.goto("/checkout/")
    expect(page.get_by_label(re.compile("New card"))).to_be_checked()
    expect(page.frame_locator("#payment iframe").get_by_text("card")).to_be_visible()
    expect(page.get_by_label(re.compile("Goes through"))).to_have_count(0)
    page.get_by_role("button", name="€2.00").click()
    expect(place_button(page)).to_have_text("Place order · €30.90")

    page.evaluate("window.incomplete = true")
    place_button(page).click()
    expect(page.get_by_text("Your card number is incomplete.")).to_be_visible()
    assert orders_of(page) == []
    calls = {name: called(page, name) for name in ("elements", "update")}
    page.evaluate("window.incomplete = false")
    with page.expect_request("**/api/v1/orders/") as sent:
        place_button(page).click()
    assert sent.value.post_data_json["payment_method"] == "pm_card_visa"
    assert sent.value.post_data_json["payment_gateway"] == "stripe", "where the form has made it"
    page.wait_for_url(re.compile(r"/orders/[0-9a-f-]{36}/"))

    [order] = orders_of(page)
    assert order["payment"]["status"] == "authorized"
    assert real_stripe.effects(order["id"]) == [("hold", 3_090)]
    assert calls["elements"] == [
        [
            {
                "mode": "payment",
                "amount": 2_890,
                "currency": "eur",
                "captureMethod": "manual",
                "paymentMethodCreation": "manual",
                "allowedPaymentMethodTypes": ["card"],
            }
        ]
    ]
    assert calls["update"][-1] == [{"amount": 3_090, "currency": "eur"}]


def test_a_form_that_does_not_load_is_said_and_tried_again(page: Page, console: Watched) -> None:
    console.expect("net::ERR")
    sign_up(page)
    choose_door(page)
    fill_cart(page)
    page.context.route(SCRIPT, lambda route: route.abort("connectionreset"), times=1)
    page.goto("/checkout/")
    expect(page.get_by_text("The card form could not be loaded.")).to_be_visible()
    page.get_by_role("button", name="Try again").click()
    expect(page.frame_locator("#payment iframe").get_by_text("card")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/orders/", "/login/"])
def test_other_pages_load_nothing_of_the_provider(page: Page, path: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if "stripe" in url] == []


def test_without_a_publishable_key_nothing_can_be_entered(page: Page, settings: Any) -> None:
    settings.STRIPE_PUBLISHABLE_KEY = ""
    sign_up(page)
    page.goto("/account/payment-methods/")
    expect(page.get_by_text("New cards cannot be added right now.")).to_be_visible()
    expect(page.get_by_role("button", name="Add a card")).to_have_count(0)
    choose_door(page)
    fill_cart(page)
    page.goto("/checkout/")
    expect(page.get_by_text("You have no saved card.")).to_be_visible()
    expect(place_button(page)).to_have_text(re.compile("€"))
    place_button(page).click()
    expect(page.get_by_text("Choose how to pay.")).to_be_visible()
    assert orders_of(page) == []
