"""What survives the death of the process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import stripe

from .conftest import hold_params
from .process import ROOT, SECRET, Receiver, Server, until

Start = Callable[..., Server]


def _hold(client: stripe.StripeClient, key: str) -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(hold_params(), {"idempotency_key": key})  # type: ignore[arg-type]


def test_kill_9_keeps_objects_keys_and_effects(own_sandbox: Start) -> None:
    server = own_sandbox("--seed", "3")
    client = server.client()
    intent = _hold(client, "auth")
    client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 900}, {"idempotency_key": "capture"})
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 100})
    server.call("POST", "clock", {"advance_s": 500})
    effects, audit = server.effects(), server.call("GET", "intents")
    events = [event.id for event in client.v1.events.list({"limit": 100}).data]

    server.kill()
    server.start()

    client = server.client()
    assert server.effects() == effects
    assert server.call("GET", "intents") == audit
    assert [event.id for event in client.v1.events.list({"limit": 100}).data] == events
    again = _hold(client, "auth")
    assert again.to_dict() == intent.to_dict()
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    late = client.v1.payment_intents.create({"amount": 500, "currency": "eur"})
    assert late.created >= intent.created + 500
    assert late.id != intent.id
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 801})
    assert server.effects() == effects


def test_a_torn_last_line_is_cut_off(own_sandbox: Start, tmp_path: Path) -> None:
    server = own_sandbox()
    intent = _hold(server.client(), "auth")
    server.kill()
    with (tmp_path / "state" / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"effects":[{"seq":2,"kind":"capt')

    server.start()

    client = server.client()
    assert server.moved() == [("hold", 1299)]
    client.v1.payment_intents.capture(intent.id)
    server.kill()
    server.start()
    assert server.moved() == [("hold", 1299), ("capture", 1299)]


def test_undelivered_events_follow_the_endpoint_to_its_new_address(
    own_sandbox: Start, receiver: Receiver, tmp_path: Path
) -> None:
    server = own_sandbox("--webhook-url", "http://127.0.0.1:9/nobody", "--webhook-secret", SECRET)
    _hold(server.client(), "auth")
    assert server.call("GET", "webhooks")["pending"] == 3
    server.kill()

    moved = own_sandbox("--webhook-url", receiver.url, "--webhook-secret", SECRET)

    until(lambda: moved.call("GET", "webhooks")["pending"] == 0, "delivery")
    assert sorted(receiver.types()) == [
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "payment_intent.created",
    ]
    moved.kill()
    moved.start()
    assert moved.call("GET", "webhooks")["pending"] == 0


def test_two_servers_do_not_share_a_state_folder(own_sandbox: Start, tmp_path: Path) -> None:
    own_sandbox()
    second = subprocess.run(
        [sys.executable, "-m", "payments.sandbox", "--state", str(tmp_path / "state")],
        cwd=ROOT,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert second.returncode == 1
    assert b"JournalInUseError" in second.stderr


def test_a_clean_stop_exits_with_0_and_memory_only_forgets(own_sandbox: Start) -> None:
    server = own_sandbox(state=False)
    _hold(server.client(), "auth")
    assert server.stop() == 0
    server.start()
    assert server.effects() == []
