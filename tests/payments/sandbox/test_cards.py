"""The test cards: declines, 3-D Secure off session, and the refusal of anything like a card number."""

from __future__ import annotations

import pytest
import stripe

from .conftest import Make, hold_params
from .process import Server

DECLINES = [
    ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
    ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
    ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
    ("pm_card_visa_chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded"),
    ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
    ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc"),
    ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error"),
    ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
    ("pm_card_chargeCustomerFail", "card_declined", "generic_decline"),
]


@pytest.mark.parametrize(("card", "code", "decline_code"), DECLINES)
def test_a_declined_card_answers_402_and_holds_nothing(
    client: stripe.StripeClient, sandbox: Server, hold: Make, card: str, code: str, decline_code: str
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        hold(payment_method=card)

    error = caught.value
    assert (error.http_status, error.code, error.error.decline_code) == (402, code, decline_code)
    assert error.error.type == "card_error"
    intent = client.v1.payment_intents.retrieve(error.error.payment_intent.id, {"expand": ["latest_charge"]})
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.last_payment_error.decline_code == decline_code
    assert (intent.latest_charge.status, intent.latest_charge.failure_code) == ("failed", code)
    assert sandbox.moved() == []


def test_another_card_saves_a_declined_intent(
    client: stripe.StripeClient, sandbox: Server, hold: Make
) -> None:
    with pytest.raises(stripe.CardError) as caught:
        hold(payment_method="pm_card_visa_chargeDeclined")
    intent_id = caught.value.error.payment_intent.id
    intent = client.v1.payment_intents.confirm(intent_id, {"payment_method": "pm_card_mastercard"})
    assert (intent.status, intent.last_payment_error) == ("requires_capture", None)
    assert sandbox.moved() == [("hold", 1299)]


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_mastercard", "pm_card_amex"])
def test_a_good_card_becomes_a_payment_method_of_its_own(
    client: stripe.StripeClient, hold: Make, card: str
) -> None:
    first, second = hold(payment_method=card), hold(payment_method=card)
    assert first.payment_method.startswith("pm_")
    assert len({first.payment_method, second.payment_method, card}) == 3
    method = client.v1.payment_methods.retrieve(first.payment_method)
    assert method.card.brand == card.removeprefix("pm_card_")


def test_off_session_a_card_that_wants_authentication_is_declined(sandbox: Server, hold: Make) -> None:
    with pytest.raises(stripe.CardError) as caught:
        hold(payment_method="pm_card_authenticationRequired", off_session=True)
    assert caught.value.code == "authentication_required"
    assert caught.value.error.payment_intent.status == "requires_payment_method"
    assert sandbox.moved() == []


def test_error_on_requires_action_declines(sandbox: Server, hold: Make) -> None:
    with pytest.raises(stripe.CardError) as caught:
        hold(payment_method="pm_card_threeDSecure2Required", error_on_requires_action=True)
    assert caught.value.code == "authentication_required"


def test_an_unknown_card_is_no_such_payment_method(hold: Make) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        hold(payment_method="pm_card_unknown")
    assert (caught.value.http_status, caught.value.code) == (400, "resource_missing")
    assert caught.value.param == "payment_method"


#: digits that pass the Luhn check, in pieces so that no card number stands in a file
PAN = "4242" * 4


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"metadata": {"note": f"call me {PAN}"}}, "metadata[note]"),
        ({"description": "-".join([PAN[:4]] * 4).replace("-", " ")}, "description"),
        ({"payment_method_data": {"card": {"number": "1"}}}, "payment_method_data[card][number]"),
    ],
)
def test_card_numbers_are_refused_wherever_they_stand(
    client: stripe.StripeClient, sandbox: Server, params: dict[str, object], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.create(hold_params(**params))  # type: ignore[arg-type]
    assert (caught.value.http_status, caught.value.param) == (400, param)
    assert PAN not in str(caught.value.json_body)
    assert client.v1.payment_intents.list().data == []


def test_a_payment_method_is_made_of_a_token_never_of_a_number(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_methods.create(
            {"type": "card", "card": {"number": PAN, "exp_month": 1, "exp_year": 2034, "cvc": "123"}}
        )
    assert caught.value.param == "card[number]"
    made = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}})
    assert (made.card.brand, made.card.last4) == ("mastercard", "4444")


def test_long_digits_that_are_no_card_number_pass(hold: Make) -> None:
    note = {"order_id": "018f2c1e-1234-4123-8123-123456789012", "at_ms": "1795369817123"}
    assert hold(metadata=note).metadata.to_dict() == note
