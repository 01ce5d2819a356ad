"""3-D Secure: the page the customer is sent to, and what her answer does to the intent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import stripe

from .conftest import Make, hold_params
from .process import Server

BACK = "https://shop.example/orders/1?tab=pay"


@pytest.fixture
def browser() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def _asked(hold: Make, **more: object) -> stripe.PaymentIntent:
    intent = hold(**{"payment_method": "pm_card_threeDSecure2Required", "return_url": BACK, **more})
    assert intent.status == "requires_action"
    assert intent.next_action.type == "redirect_to_url"
    return intent


def _answer(browser: requests.Session, intent: stripe.PaymentIntent, result: str) -> requests.Response:
    return _answer_at(browser, intent.next_action.redirect_to_url.url, intent, result)


def _answer_at(
    browser: requests.Session, url: str, intent: stripe.PaymentIntent, result: str
) -> requests.Response:
    fields = {"client_secret": intent.client_secret, "result": result}
    return browser.post(url, data=fields, allow_redirects=False, timeout=10)


def test_the_page_shows_merchant_amount_and_both_buttons(browser: requests.Session, hold: Make) -> None:
    page = browser.get(_asked(hold).next_action.redirect_to_url.url, timeout=10)
    assert page.status_code == 200
    for text in ("Food Delivery", "12.99 EUR", "Complete authentication", "Fail authentication", "viewport"):
        assert text in page.text


def test_completing_holds_the_money_and_returns(
    client: stripe.StripeClient, sandbox: Server, browser: requests.Session, hold: Make
) -> None:
    intent = _asked(hold)
    assert sandbox.moved() == []

    answer = _answer(browser, intent, "complete")

    assert answer.status_code == 303
    parts = urlsplit(answer.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://shop.example/orders/1"
    assert parse_qs(parts.query) == {
        "tab": ["pay"],
        "payment_intent": [intent.id],
        "redirect_status": ["succeeded"],
    }
    intent = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (intent.status, intent.next_action) == ("requires_capture", None)
    assert intent.latest_charge.payment_method_details.card.three_d_secure.result == "authenticated"
    assert sandbox.moved() == [("hold", 1299)]


def test_answering_twice_changes_nothing(
    sandbox: Server, browser: requests.Session, client: stripe.StripeClient, hold: Make
) -> None:
    intent = _asked(hold)
    first, second = _answer(browser, intent, "complete"), _answer(browser, intent, "fail")
    assert first.headers["Location"].endswith("redirect_status=succeeded")
    assert second.status_code == 200  # the intent no longer knows where to return to
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_capture"
    assert sandbox.moved() == [("hold", 1299)]


def test_failing_asks_for_another_payment_method(
    client: stripe.StripeClient, sandbox: Server, browser: requests.Session, hold: Make
) -> None:
    intent = _asked(hold)
    answer = _answer(browser, intent, "fail")
    assert answer.headers["Location"].endswith("redirect_status=failed")
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error.code == "payment_intent_authentication_failure"
    assert sandbox.moved() == []


def test_the_bank_may_decline_after_authentication(
    client: stripe.StripeClient, sandbox: Server, browser: requests.Session, hold: Make
) -> None:
    card = "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"
    intent = _asked(hold, payment_method=card)
    assert _answer(browser, intent, "complete").headers["Location"].endswith("redirect_status=failed")
    intent = client.v1.payment_intents.retrieve(intent.id)
    assert intent.last_payment_error.decline_code == "insufficient_funds"
    assert sandbox.moved() == []


def test_without_the_client_secret_there_is_no_page(
    sandbox: Server, browser: requests.Session, client: stripe.StripeClient, hold: Make
) -> None:
    intent = _asked(hold)
    url = f"{sandbox.url}/_sandbox/authenticate/{intent.id}"
    assert browser.get(url, params={"client_secret": "x"}, timeout=10).status_code == 404
    wrong = {"client_secret": "x", "result": "complete"}
    assert browser.post(url, data=wrong, timeout=10).status_code == 404
    assert client.v1.payment_intents.retrieve(intent.id).status == "requires_action"


def test_an_asked_for_challenge_comes_on_any_card(hold: Make) -> None:
    options = {"card": {"request_three_d_secure": "challenge"}}
    _asked(hold, payment_method="pm_card_visa", payment_method_options=options)


def test_a_return_url_is_demanded_like_stripe_does(client: stripe.StripeClient) -> None:
    params = {"amount": 1299, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa"}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(params)  # type: ignore[arg-type]
    assert caught.value.param == "return_url"
    params["automatic_payment_methods"] = {"enabled": True, "allow_redirects": "never"}
    assert client.v1.payment_intents.create(params).status == "succeeded"  # type: ignore[arg-type]


def test_the_page_is_reached_by_the_public_address(
    own_sandbox: Callable[..., Server], browser: requests.Session
) -> None:
    server = own_sandbox("--public-url", "https://pay.example/", "--merchant", "Bo & Co", state=False)
    params = hold_params(payment_method="pm_card_threeDSecure2Required")
    intent = server.client().v1.payment_intents.create(params)  # type: ignore[arg-type]
    url = intent.next_action.redirect_to_url.url
    assert url.startswith(f"https://pay.example/_sandbox/authenticate/{intent.id}?")
    page = browser.get(url.replace("https://pay.example", server.url), timeout=10)
    assert "Bo &amp; Co" in page.text
    done = _answer_at(browser, url.replace("https://pay.example", server.url), intent, "complete")
    assert (done.status_code, "Authentication complete" in done.text) == (200, True)
