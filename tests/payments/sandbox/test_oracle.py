"""The calls that audits and tests read: effects, intents, health, reset."""

from __future__ import annotations

import pytest
import requests
import stripe

from .conftest import Make
from .process import Server


def test_effects_are_read_in_pages(sandbox: Server, client: stripe.StripeClient, hold: Make) -> None:
    for number in range(5):
        hold(metadata={"order_id": f"o{number}"})
    first = sandbox.call("GET", "effects?limit=3")
    assert [row["seq"] for row in first["effects"]] == [1, 2, 3]
    assert (first["next"], first["has_more"]) == (3, True)
    rest = sandbox.call("GET", f"effects?after={first['next']}&limit=3")
    assert [row["order_id"] for row in rest["effects"]] == ["o3", "o4"]
    assert (rest["next"], rest["has_more"]) == (5, False)
    assert sandbox.call("GET", "effects?after=5") == {"effects": [], "next": 5, "has_more": False}


def test_an_effect_says_what_where_and_why(sandbox: Server, client: stripe.StripeClient, hold: Make) -> None:
    intent = hold(metadata={"order_id": "o1", "attempt": "2"})
    client.v1.payment_intents.cancel(intent.id, {}, {"idempotency_key": "void:o1"})
    release = sandbox.effects()[1]
    assert release == {
        "seq": 2,
        "kind": "release",
        "payment_intent": intent.id,
        "charge": intent.latest_charge,
        "amount": 1299,
        "currency": "eur",
        "idempotency_key": "void:o1",
        "order_id": "o1",
        "metadata": {"order_id": "o1", "attempt": "2"},
        "at": release["at"],
        "reason": "cancel",
    }
    assert intent.created <= release["at"] <= intent.created + 5


def test_intents_are_listed_for_audits(sandbox: Server, client: stripe.StripeClient, hold: Make) -> None:
    paid = hold(capture_method="automatic")
    client.v1.refunds.create({"payment_intent": paid.id, "amount": 99})
    canceled = hold(metadata={})
    client.v1.payment_intents.cancel(canceled.id)
    held = hold()
    page = sandbox.call("GET", "intents?limit=2")
    assert (page["next"], page["has_more"]) == (2, True)
    assert page["intents"] == [
        {
            "id": paid.id,
            "status": "succeeded",
            "amount": 1299,
            "currency": "eur",
            "amount_capturable": 0,
            "amount_received": 1299,
            "amount_refunded": 99,
            "metadata": {"order_id": "order-1"},
            "order_id": "order-1",
            "created": paid.created,
        },
        {
            "id": canceled.id,
            "status": "canceled",
            "amount": 1299,
            "currency": "eur",
            "amount_capturable": 0,
            "amount_received": 0,
            "amount_refunded": 0,
            "metadata": {},
            "order_id": None,
            "created": canceled.created,
        },
    ]
    (last,) = sandbox.call("GET", "intents?after=2")["intents"]
    assert (last["id"], last["amount_capturable"]) == (held.id, 1299)


def test_reset_forgets_all_but_the_endpoints(
    sandbox: Server, client: stripe.StripeClient, hold: Make
) -> None:
    sandbox.call("POST", "webhook_endpoints", {"url": "http://127.0.0.1:9/", "secret": "whsec_x"})
    sandbox.call("POST", "faults", {"operation": "capture", "kind": "500"})
    sandbox.call("POST", "clock", {"advance_s": 100})
    intent = hold()
    sandbox.call("POST", "reset")
    health = sandbox.call("GET", "health")
    assert (health["status"], health["effects"], health["keys"]) == ("ok", 0, 0)
    assert health["webhooks"]["pending"] == 0
    assert health["objects"]["payment_intent"] == 0
    assert sandbox.call("GET", "faults") == {"faults": []}
    assert len(sandbox.call("GET", "webhook_endpoints")["endpoints"]) == 1
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.retrieve(intent.id)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nonsense", b"", 404),
        ("POST", "effects", b"", 404),
        ("GET", "effects?after=x", b"", 400),
        ("POST", "clock", b'{"advance_s": -1}', 400),
        ("POST", "clock", b"nonsense", 400),
        ("POST", "clock", b"[]", 400),
        ("POST", "webhook_endpoints", b'{"url": "ftp://x", "secret": "s"}', 400),
        ("POST", "webhooks/resend", b'{"events": "evt_1"}', 400),
    ],
)
def test_admin_calls_that_make_no_sense(
    sandbox: Server, method: str, path: str, body: bytes, status: int
) -> None:
    answer = requests.request(method, f"{sandbox.url}/_sandbox/{path}", data=body, timeout=10)
    assert answer.status_code == status
    assert answer.json()["error"]
