"""Refunds: partial and full, never more than captured."""

from __future__ import annotations

import pytest
import stripe

from .conftest import Make
from .process import Server


@pytest.fixture
def paid(hold: Make) -> stripe.PaymentIntent:
    return hold(capture_method="automatic")


def test_partial_refunds_up_to_what_was_captured(
    client: stripe.StripeClient, sandbox: Server, paid: stripe.PaymentIntent
) -> None:
    service = client.v1.refunds
    first = service.create({"payment_intent": paid.id, "amount": 300, "reason": "requested_by_customer"})
    assert (first.status, first.amount, first.charge) == ("succeeded", 300, paid.latest_charge)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        service.create({"payment_intent": paid.id, "amount": 1000})
    assert caught.value.param == "amount"

    second = service.create(
        {"charge": paid.latest_charge, "metadata": {"why": "cold"}, "expand": ["balance_transaction"]}
    )

    assert second.amount == 999
    booked = second.balance_transaction
    assert (booked.amount, booked.fee, booked.net, booked.type) == (-999, 0, -999, "refund")
    charge = client.v1.charges.retrieve(paid.latest_charge, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (1299, True)
    assert [row.id for row in charge.refunds.data] == [second.id, first.id]
    assert sandbox.moved() == [("hold", 1299), ("capture", 1299), ("refund", 300), ("refund", 999)]


def test_nothing_is_left_after_a_full_refund(
    client: stripe.StripeClient, sandbox: Server, paid: stripe.PaymentIntent
) -> None:
    assert client.v1.refunds.create({"payment_intent": paid.id}).amount == 1299
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": paid.id, "amount": 1})
    assert caught.value.code == "charge_already_refunded"
    assert sandbox.moved()[-1] == ("refund", 1299)
    assert len(sandbox.moved()) == 3


def test_after_a_partial_capture_only_the_captured_part_is_refunded(
    client: stripe.StripeClient, sandbox: Server, hold: Make
) -> None:
    intent = hold()
    client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 1000})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 1001})
    assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 1000


def test_a_hold_cannot_be_refunded(client: stripe.StripeClient, sandbox: Server, hold: Make) -> None:
    intent = hold()
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"charge": intent.latest_charge})
    assert caught.value.code == "charge_not_captured"
    assert sandbox.moved() == [("hold", 1299)]


def test_refunds_are_read_and_updated(client: stripe.StripeClient, paid: stripe.PaymentIntent) -> None:
    service = client.v1.refunds
    made = [service.create({"payment_intent": paid.id, "amount": 100}).id for _ in range(3)]
    assert [row.id for row in service.list({"payment_intent": paid.id}).data] == made[::-1]
    assert service.list({"charge": paid.latest_charge, "limit": 2}).has_more
    assert service.update(made[0], {"metadata": {"ticket": "7"}}).metadata.to_dict() == {"ticket": "7"}
    assert service.retrieve(made[0]).metadata.to_dict() == {"ticket": "7"}
