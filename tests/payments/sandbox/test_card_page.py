"""The page that stands for Stripe's card form: test cards by name, saved by the intent it is opened for."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
import requests
import stripe

from payments.sandbox.card_page import OFFERED

from .process import Receiver, Server, until

BACK = "https://shop.example/cards?tab=2"
Choose = Callable[..., requests.Response]


@pytest.fixture
def setup(client: stripe.StripeClient) -> stripe.SetupIntent:
    ada = client.v1.customers.create({"metadata": {"user": "ada"}})
    return client.v1.setup_intents.create({"customer": ada.id, "allowed_payment_method_types": ["card"]})


def url_of(sandbox: Server, setup: stripe.SetupIntent, *, back: str = BACK, secret: str | None = None) -> str:
    query = urlencode({"client_secret": secret or setup.client_secret, "return_url": back})
    return f"{sandbox.url}/_sandbox/cards/{setup.id}?{query}"


@pytest.fixture
def choose(sandbox: Server, setup: stripe.SetupIntent) -> Choose:
    def press(card: str, *, back: str = BACK) -> requests.Response:
        fields = {"client_secret": setup.client_secret, "return_url": back, "card": card}
        url = f"{sandbox.url}/_sandbox/cards/{setup.id}"
        return requests.post(url, data=fields, allow_redirects=False, timeout=10)

    return press


def test_it_offers_every_card_by_name_and_takes_no_number(sandbox: Server, setup: stripe.SetupIntent) -> None:
    page = requests.get(url_of(sandbox, setup), timeout=10)
    assert page.status_code == 200
    for token, about in OFFERED.items():
        assert f'value="{token}"' in page.text
        assert about in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.text.count('<input type="hidden"') == page.text.count("<input") == 2


def test_a_good_card_is_saved_and_the_browser_goes_back(
    client: stripe.StripeClient, sandbox: Server, setup: stripe.SetupIntent, choose: Choose
) -> None:
    answer = choose("pm_card_visa")
    assert (answer.status_code, answer.headers["Location"]) == (
        303,
        f"{BACK}&setup_intent={setup.id}&redirect_status=succeeded",
    )
    found = client.v1.setup_intents.retrieve(setup.id)
    assert found.status == "succeeded"
    assert client.v1.payment_methods.retrieve(found.payment_method).customer == setup.customer
    assert sandbox.moved() == []
    again = requests.get(url_of(sandbox, setup), allow_redirects=False, timeout=10)
    assert (again.status_code, again.headers["Location"]) == (303, answer.headers["Location"])


def test_a_card_whose_bank_asks_leads_to_the_bank(
    setup: stripe.SetupIntent, choose: Choose, sandbox: Server
) -> None:
    to_bank = choose("pm_card_threeDSecure2Required")
    assert f"/_sandbox/authenticate/{setup.id}?" in to_bank.headers["Location"]
    page = requests.get(url_of(sandbox, setup), allow_redirects=False, timeout=10)
    assert page.headers["Location"] == to_bank.headers["Location"]
    done = requests.post(
        to_bank.headers["Location"].partition("?")[0],
        data={"client_secret": setup.client_secret, "result": "complete"},
        allow_redirects=False,
        timeout=10,
    )
    assert done.headers["Location"] == f"{BACK}&setup_intent={setup.id}&redirect_status=succeeded"


def test_a_refused_card_is_said_and_another_may_follow(
    client: stripe.StripeClient, setup: stripe.SetupIntent, choose: Choose
) -> None:
    page = choose("pm_card_visa_chargeDeclined")
    assert page.status_code == 200
    assert "Your card was declined." in page.text
    assert client.v1.setup_intents.retrieve(setup.id).last_setup_error.decline_code == "generic_decline"
    assert choose("pm_card_amex").status_code == 303


@pytest.mark.parametrize("card", ["", "pm_card_unheard_of", "pm_card_jcb", "4242"])
def test_only_what_is_offered_is_taken(
    client: stripe.StripeClient, setup: stripe.SetupIntent, choose: Choose, card: str
) -> None:
    assert choose(card).status_code == 200
    assert client.v1.setup_intents.retrieve(setup.id).status == "requires_payment_method"


def test_without_the_secret_there_is_no_page(sandbox: Server, setup: stripe.SetupIntent) -> None:
    assert requests.get(url_of(sandbox, setup, secret="guessed"), timeout=10).status_code == 404
    assert requests.get(f"{sandbox.url}/_sandbox/cards/seti_unknown", timeout=10).status_code == 404


def test_it_leads_nowhere_but_to_web_pages(choose: Choose) -> None:
    page = choose("pm_card_visa", back="javascript:alert(1)")
    assert page.status_code == 200
    assert "javascript" not in page.text


def test_it_tells_the_shop(
    client: stripe.StripeClient,
    sandbox: Server,
    setup: stripe.SetupIntent,
    choose: Choose,
    receiver: Receiver,
) -> None:
    sandbox.call("POST", "webhook_endpoints", {"url": receiver.url, "secret": "whsec_1"})
    choose("pm_card_visa")
    until(lambda: len(receiver.calls) == 2, "two messages")
    assert sorted(receiver.types()) == ["payment_method.attached", "setup_intent.succeeded"]
