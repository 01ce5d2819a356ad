"""The provider's messages: verified and stored raw at once, applied afterwards by asking for the object
itself.
"""

from typing import Any

import orjson
import stripe
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from deliveryapp.clock import utc_now
from deliveryapp.transactions import require_no_transaction
from deliveryapp.transport import transport
from payments.errors import WebhookRefused
from payments.models import WebhookEvent
from payments.services.following import follow

MAX_FUTURE_S = 300


def receive_webhook(*, body: bytes, signature: str) -> str | None:
    """Verify and keep a message, and ask a worker to apply it; the sweep finds what got lost.

    Its event id when it is new, None for a repetition. Raises WebhookRefused.
    """
    event = _verified(body, signature)
    target: dict[str, Any] = (event.get("data") or {}).get("object") or {}
    intent_ref = target.get("payment_intent") or target.get("id") or ""
    row, is_new = WebhookEvent.objects.get_or_create(
        id=event["id"][:80],
        defaults={"type": event["type"][:80], "intent_ref": str(intent_ref)[:80], "payload": event},
    )
    if is_new:
        event_id = row.pk
        transaction.on_commit(
            lambda: transport().nudge("payments.apply_webhook", event_id=event_id), robust=True
        )
    return row.pk if is_new else None


def _verified(body: bytes, signature: str) -> dict[str, Any]:
    """Any of the configured secrets may have signed, so that secrets can be rotated."""
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(body.decode(), signature, secret, 300)
        except (stripe.SignatureVerificationError, UnicodeDecodeError, ValueError):
            continue
        return _well_formed(body, signature)
    raise WebhookRefused


def _well_formed(body: bytes, signature: str) -> dict[str, Any]:
    event = orjson.loads(body)
    signed_at = int(dict(part.split("=", 1) for part in signature.split(","))["t"])
    if signed_at > utc_now().timestamp() + MAX_FUTURE_S:  # the SDK only checks for age
        raise WebhookRefused("The signature is from the future.")
    if (
        not isinstance(event, dict)
        or not isinstance(event.get("id"), str)
        or not isinstance(event.get("type"), str)
    ):
        raise WebhookRefused("Not an event.")
    return event


def apply_webhook(*, event_id: str) -> None:
    """Fetch the payment's present state from the provider and follow it; safe to repeat, in any order."""
    require_no_transaction()
    event = WebhookEvent.objects.filter(pk=event_id, applied_at=None).first()
    if event is None:
        return
    if event.intent_ref.startswith("pi_"):
        follow(intent_ref=event.intent_ref)
    WebhookEvent.objects.filter(pk=event_id).update(applied_at=Now())
