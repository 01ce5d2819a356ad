"""Webhooks: signed, retried until accepted, and disturbed on demand."""

from __future__ import annotations

import pytest
import stripe

from .conftest import Make
from .process import SECRET, Receiver, Server, until

HELD = ["charge.succeeded", "payment_intent.amount_capturable_updated", "payment_intent.created"]


@pytest.fixture
def hooked(sandbox: Server, receiver: Receiver) -> Server:
    sandbox.call("POST", "webhook_endpoints", {"url": receiver.url, "secret": SECRET})
    return sandbox


def _settled(sandbox: Server) -> None:
    until(lambda: sandbox.call("GET", "webhooks")["pending"] == 0, "the last delivery")


def test_events_are_signed_over_the_raw_body(hooked: Server, receiver: Receiver, hold: Make) -> None:
    intent = hold()
    _settled(hooked)
    assert sorted(receiver.types()) == HELD
    for body, signature in receiver.calls:
        event = stripe.Webhook.construct_event(body, signature, SECRET)
        assert event.id.startswith("evt_")
        assert event.request.id.startswith("req_")
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body, signature, "whsec_other")
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body + b" ", signature, SECRET)
    assert {intent.id} == {
        event["data"]["object"].get("payment_intent") or event["data"]["object"]["id"]
        for event in receiver.events()
    }


def test_each_change_of_money_has_its_events(
    hooked: Server, receiver: Receiver, client: stripe.StripeClient, hold: Make
) -> None:
    captured, canceled = hold(), hold()
    client.v1.payment_intents.capture(captured.id)
    client.v1.refunds.create({"payment_intent": captured.id, "amount": 100})
    client.v1.payment_intents.cancel(canceled.id)
    with pytest.raises(stripe.CardError):
        hold(payment_method="pm_card_visa_chargeDeclined")
    hold(payment_method="pm_card_threeDSecure2Required")
    _settled(hooked)
    assert sorted(receiver.types()) == sorted(
        HELD * 2
        + ["charge.captured", "payment_intent.succeeded"]
        + ["refund.created", "charge.refunded"]
        + ["payment_intent.canceled"]
        + ["payment_intent.created", "payment_intent.payment_failed", "charge.failed"]
        + ["payment_intent.created", "payment_intent.requires_action"]
    )


def test_an_event_shows_its_object_as_it_was_then(hooked: Server, receiver: Receiver, hold: Make) -> None:
    hold()
    _settled(hooked)
    status = {event["type"]: event["data"]["object"]["status"] for event in receiver.events()}
    assert status["payment_intent.created"] == "requires_payment_method"
    assert status["payment_intent.amount_capturable_updated"] == "requires_capture"


def test_refused_deliveries_are_repeated_until_accepted(
    hooked: Server, receiver: Receiver, hold: Make
) -> None:
    receiver.status = 503
    hold()
    until(lambda: len(receiver.calls) >= 5, "repetition")
    assert hooked.call("GET", "webhooks")["pending"] == 3
    receiver.status = 204
    _settled(hooked)
    assert set(receiver.types()) == set(HELD)


def test_duplicates_are_sent_as_often_as_planted(hooked: Server, receiver: Receiver, hold: Make) -> None:
    hooked.call("POST", "faults", {"operation": "charge.succeeded", "kind": "duplicate", "copies": 2})
    hold()
    until(lambda: receiver.types().count("charge.succeeded") == 3, "three deliveries")
    _settled(hooked)
    assert sorted(receiver.types()) == sorted([*HELD, *["charge.succeeded"] * 2])
    assert len({event["id"] for event in receiver.events()}) == 3


def test_dropped_events_come_when_resent(hooked: Server, receiver: Receiver, hold: Make) -> None:
    hooked.call("POST", "faults", {"operation": "webhooks", "kind": "drop"})
    hold()
    assert hooked.call("GET", "webhooks")["dropped"] == 3
    hooked.call("DELETE", "faults")
    hold()
    _settled(hooked)
    assert len(receiver.calls) == 3
    assert hooked.call("POST", "webhooks/resend", {}) == {"resent": 3}
    until(lambda: len(receiver.calls) == 6, "the dropped ones")
    assert sorted(receiver.types()) == sorted(HELD * 2)
    assert hooked.call("GET", "webhooks")["dropped"] == 0


def test_delivered_events_can_be_sent_again(hooked: Server, receiver: Receiver, hold: Make) -> None:
    hold()
    _settled(hooked)
    first = receiver.events()[0]["id"]
    assert hooked.call("POST", "webhooks/resend", {"events": [first]}) == {"resent": 1}
    until(lambda: len(receiver.calls) == 4, "the repetition")
    assert hooked.call("POST", "webhooks/resend", {"all": True}) == {"resent": 3}
    until(lambda: len(receiver.calls) == 7, "all again")
    assert receiver.events()[3]["id"] == first


def test_delayed_events_are_late(hooked: Server, receiver: Receiver, hold: Make) -> None:
    hooked.call("POST", "faults", {"operation": "payment_intent.created", "kind": "delay", "seconds": 0.5})
    hold()
    _settled(hooked)
    assert receiver.types()[-1] == "payment_intent.created"


def test_reordering_shuffles_a_window(hooked: Server, receiver: Receiver, hold: Make) -> None:
    hooked.call("POST", "faults", {"operation": "*", "kind": "reorder", "seconds": 0.5})
    for amount in range(1000, 1010):
        hold(amount=amount)
    _settled(hooked)
    amounts = [
        event["data"]["object"]["amount"]
        for event in receiver.events()
        if event["type"] == "charge.succeeded"
    ]
    assert sorted(amounts) == list(range(1000, 1010))
    assert amounts != sorted(amounts)


def test_an_endpoint_that_was_removed_gets_nothing(hooked: Server, receiver: Receiver, hold: Make) -> None:
    assert hooked.call("DELETE", "webhook_endpoints") == {"disabled": 1}
    hold()
    assert hooked.call("GET", "webhooks")["pending"] == 0
    assert receiver.calls == []


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Length": "2", "Connection": "close"}, b"ok"),
        ({"Connection": "close"}, b"until the end"),
        ({"Transfer-Encoding": "chunked"}, b"2\r\nok\r\n1\r\n!\r\n0\r\n\r\n"),
        ({"Content-Length": "2"}, b"ok"),
    ],
)
def test_every_way_to_end_an_answer_is_understood(
    hooked: Server, receiver: Receiver, hold: Make, headers: dict[str, str], body: bytes
) -> None:
    receiver.headers, receiver.body = headers, body
    for _ in range(4):
        hold()
    _settled(hooked)
    assert sorted(receiver.types()) == sorted(HELD * 4)
