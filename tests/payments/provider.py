"""The provider's side of a payment: the bank's page, and the messages it sends us."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
from rest_framework.test import APIClient

from payments.tasks import sweep

SECRET = "whsec_test"
WEBHOOK = "/webhooks/stripe/"


def answer_bank(url: str, result: str) -> None:
    """The customer follows `next_action_url` and presses a button: `complete` or `fail`."""
    assert httpx.get(url).status_code == 200
    parts = urlsplit(url)
    fields = {**dict(parse_qsl(parts.query)), "result": result}
    answer = httpx.post(url.removesuffix(f"?{parts.query}"), data=fields)
    assert answer.status_code == 303, answer.text


def event(kind: str, intent_ref: str, **changes: Any) -> dict[str, Any]:
    """A message about an intent, as the provider shapes it; what it claims is not believed."""
    target = {"id": intent_ref, "object": "payment_intent", "status": "succeeded", "amount_received": 1}
    if kind.startswith("charge."):
        target = {"id": "ch_1", "object": "charge", "payment_intent": intent_ref}
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": kind,
        "data": {"object": target},
        **changes,
    }


def signature(body: bytes, *, secret: str = SECRET, at: float | None = None) -> str:
    signed_at = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={signed_at},v1={digest}"


def deliver(message: object, *, header: str | None = None, to: str = WEBHOOK, **how: Any) -> Any:
    """POST it to us, signed; the answer."""
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    header = signature(body, **how) if header is None else header
    return APIClient().post(
        to, data=body, content_type="application/json", headers={"Stripe-Signature": header}
    )


def tell(*messages: dict[str, Any]) -> None:
    """The messages arrive in this order, each is applied by the worker before the next one comes."""
    for message in messages:
        assert deliver(message).status_code == 200
        sweep()
