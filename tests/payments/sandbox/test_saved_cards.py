"""Customers, attached payment methods, setup intents."""

from __future__ import annotations

import pytest
import requests
import stripe

from .conftest import Make, hold_params
from .process import Server


@pytest.fixture
def ada(client: stripe.StripeClient) -> str:
    params: dict[str, object] = {"name": "Ada", "email": "ada@example.com", "phone": "+358401234567"}
    return client.v1.customers.create(params).id  # type: ignore[arg-type]


def test_a_customer_is_created_changed_listed_and_deleted(client: stripe.StripeClient, ada: str) -> None:
    service = client.v1.customers
    service.update(ada, {"name": "Ada A.", "metadata": {"tier": "1"}})
    found = service.retrieve(ada)
    assert (found.name, found.email, found.metadata.to_dict()) == ("Ada A.", "ada@example.com", {"tier": "1"})
    service.create({"email": "bo@example.com"})
    assert [row.id for row in service.list({"email": "ada@example.com"}).data] == [ada]
    assert service.delete(ada).deleted
    assert service.retrieve(ada).deleted
    assert [row.email for row in service.list().data] == ["bo@example.com"]
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create({"amount": 500, "currency": "eur", "customer": ada})
    assert (caught.value.code, caught.value.param) == ("resource_missing", "customer")


def test_a_card_is_attached_used_and_detached(
    client: stripe.StripeClient, sandbox: Server, hold: Make, ada: str
) -> None:
    methods = client.v1.payment_methods
    card = methods.attach("pm_card_visa", {"customer": ada})
    assert (card.customer, card.card.last4) == (ada, "4242")
    assert [row.id for row in methods.list({"customer": ada, "type": "card"}).data] == [card.id]
    assert [row.id for row in client.v1.customers.payment_methods.list(ada).data] == [card.id]

    assert hold(customer=ada, payment_method=card.id, off_session=True).status == "requires_capture"
    assert hold(customer=ada, payment_method=card.id).payment_method == card.id
    with pytest.raises(stripe.InvalidRequestError):
        hold(payment_method=card.id)

    assert methods.detach(card.id).customer is None
    assert methods.list({"customer": ada}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        methods.attach(card.id, {"customer": ada})
    assert sandbox.moved() == [("hold", 1299), ("hold", 1299)]


def test_a_card_without_customer_pays_once(hold: Make) -> None:
    card = hold().payment_method
    with pytest.raises(stripe.InvalidRequestError):
        hold(payment_method=card)


def test_declining_cards_cannot_be_attached_except_the_one_made_for_it(
    client: stripe.StripeClient, hold: Make, ada: str
) -> None:
    with pytest.raises(stripe.CardError):
        client.v1.payment_methods.attach("pm_card_visa_chargeDeclined", {"customer": ada})
    card = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": ada})
    with pytest.raises(stripe.CardError):
        hold(customer=ada, payment_method=card.id)


def test_setup_future_usage_saves_the_card(client: stripe.StripeClient, hold: Make, ada: str) -> None:
    intent = hold(customer=ada, setup_future_usage="off_session")
    saved = client.v1.payment_methods.list({"customer": ada}).data
    assert [row.id for row in saved] == [intent.payment_method]


def test_a_setup_intent_saves_the_card_without_charging(
    client: stripe.StripeClient, sandbox: Server, hold: Make, ada: str
) -> None:
    setup = client.v1.setup_intents.create(
        {
            "customer": ada,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "usage": "off_session",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    assert (setup.status, setup.usage) == ("succeeded", "off_session")
    assert client.v1.payment_methods.retrieve(setup.payment_method).customer == ada
    assert sandbox.moved() == []
    assert hold(customer=ada, payment_method=setup.payment_method, off_session=True).amount_capturable == 1299


def test_a_card_set_up_with_authentication_then_pays_off_session(
    client: stripe.StripeClient, hold: Make, ada: str
) -> None:
    card = "pm_card_authenticationRequiredOnSetup"
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create(hold_params(payment_method=card, off_session=True))  # type: ignore[arg-type]
    service = client.v1.setup_intents
    setup = service.create({"customer": ada, "payment_method": card})
    assert setup.status == "requires_confirmation"
    setup = service.confirm(setup.id, {"return_url": "https://shop.example/cards"})
    assert setup.status == "requires_action"
    answer = requests.post(
        setup.next_action.redirect_to_url.url,
        data={"client_secret": setup.client_secret, "result": "complete"},
        allow_redirects=False,
        timeout=10,
    )
    assert answer.headers["Location"] == (
        f"https://shop.example/cards?setup_intent={setup.id}&redirect_status=succeeded"
    )
    setup = service.retrieve(setup.id)
    assert setup.status == "succeeded"
    intent = hold(customer=ada, payment_method=setup.payment_method, off_session=True)
    assert intent.status == "requires_capture"


def test_setup_intents_can_be_declined_and_canceled(client: stripe.StripeClient, ada: str) -> None:
    service = client.v1.setup_intents
    setup = service.create({"customer": ada, "allowed_payment_method_types": ["card"]})
    with pytest.raises(stripe.CardError) as caught:
        service.confirm(setup.id, {"payment_method": "pm_card_visa_chargeDeclinedLostCard"})
    assert caught.value.error.decline_code == "lost_card"
    setup = service.retrieve(setup.id)
    assert (setup.status, setup.last_setup_error.code) == ("requires_payment_method", "card_declined")
    assert service.cancel(setup.id, {"cancellation_reason": "abandoned"}).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError) as caught_late:
        service.confirm(setup.id, {"payment_method": "pm_card_visa"})
    assert caught_late.value.code == "setup_intent_unexpected_state"
    assert [row.id for row in service.list({"customer": ada}).data] == [setup.id]


def test_a_customer_comes_with_a_default_card(client: stripe.StripeClient) -> None:
    service = client.v1.customers
    customer = service.create({"payment_method": "pm_card_mastercard"})
    (card,) = client.v1.payment_methods.list({"customer": customer.id}).data
    assert card.card.brand == "mastercard"
    service.update(customer.id, {"invoice_settings": {"default_payment_method": card.id}})
    found = service.retrieve(customer.id)
    assert found.invoice_settings.default_payment_method == card.id


def test_a_card_set_up_elsewhere_asks_only_on_session(
    client: stripe.StripeClient, hold: Make, ada: str
) -> None:
    token = "pm_card_authenticationRequiredSetupForOffSession"
    card = client.v1.payment_methods.attach(token, {"customer": ada})
    assert hold(customer=ada, payment_method=card.id).status == "requires_action"
    assert hold(customer=ada, payment_method=card.id, off_session=True).status == "requires_capture"
