"""The provider's messages: verified and stored raw at once, applied afterwards by asking for the object
itself.
"""

from collections.abc import Iterable
from typing import Any

import orjson
import stripe
import structlog
from django.db import transaction
from django.db.models.functions import Now

from deliveryapp.clock import utc_now
from deliveryapp.failpoints import failpoint
from deliveryapp.nudges import nudge
from deliveryapp.transactions import durable, require_no_transaction
from payments import selectors
from payments.errors import WebhookRefused
from payments.gateways.configured import config_of, configured
from payments.models import WebhookEvent
from payments.services.bad_news import raise_bad_news
from payments.services.cards import follow_setup
from payments.services.following import NotReadable, follow

log = structlog.get_logger(__name__)
MAX_AGE_S = MAX_FUTURE_S = 300


def receive_webhook(*, gateway: str, body: bytes, signature: str) -> str | None:
    """Verify and keep a gateway's message, and ask a worker to apply it; the sweep finds what got lost.

    Its event id when it is new, None for a repetition. Raises WebhookRefused, UnknownGateway.
    """
    event = _verified(config_of(gateway).webhook_secrets, body, signature)
    row, is_new = WebhookEvent.objects.get_or_create(
        id=event["id"][:80],
        defaults={
            "gateway": gateway,
            "type": event["type"][:80],
            "intent_ref": _intent_ref(event),
            "payload": event,
        },
    )
    failpoint("webhook.after_insert")
    if is_new:
        event_id = row.pk
        transaction.on_commit(lambda: nudge("payments.apply_webhook", event_id=event_id), robust=True)
    return row.pk if is_new else None


def _intent_ref(event: dict[str, Any]) -> str:
    """The payment or setup intent that the message is about; empty when it is about something else."""
    data = event.get("data")
    target = data.get("object") if isinstance(data, dict) else None
    found = (target.get("payment_intent") or target.get("id")) if isinstance(target, dict) else None
    return found[:80] if isinstance(found, str) else ""


def _verified(secrets: Iterable[str], body: bytes, signature: str) -> dict[str, Any]:
    """Any of the secrets may have signed, so that they can be rotated."""
    for secret in secrets:
        try:
            stripe.WebhookSignature.verify_header(body.decode(), signature, secret, MAX_AGE_S)
        except (stripe.SignatureVerificationError, UnicodeDecodeError, ValueError):
            continue
        _require_not_from_the_future(signature)
        return _well_formed(body)
    raise WebhookRefused


def _require_not_from_the_future(signature: str) -> None:
    """The SDK only checks for age."""
    latest = max(int(part[2:]) for part in signature.split(",") if part.startswith("t="))
    if latest > utc_now().timestamp() + MAX_FUTURE_S:
        raise WebhookRefused("The signature is from the future.")


def _well_formed(body: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise WebhookRefused("Not JSON.") from None
    named = isinstance(event, dict) and all(isinstance(event.get(name), str) for name in ("id", "type"))
    if not named or b"\\u0000" in body:  # PostgreSQL keeps no NUL
        raise WebhookRefused("Not an event.")
    return dict(event)


def apply_waiting_webhooks(*, limit: int = 50) -> None:
    """Those whose task got lost or found the provider silent, oldest first; none holds up the others, and
    no gateway those of another.
    """
    for gateway in configured():
        for event_id in selectors.unapplied_webhooks(gateway=gateway, limit=limit):
            try:
                apply_webhook(event_id=event_id)
            except NotReadable as error:
                log.warning("webhook_waits", event_id=event_id, reason=str(error))


def apply_webhook(*, event_id: str) -> None:
    """Fetch the present state of its object from the provider and follow it; safe to repeat, in any order.

    Raises NotReadable.
    """
    require_no_transaction()
    event = WebhookEvent.objects.filter(pk=event_id, applied_at=None).first()
    if event is None:
        return
    failpoint("webhook.before_apply")
    if event.intent_ref.startswith("pi_"):
        follow(intent_ref=event.intent_ref, gateway_name=event.gateway)
    elif event.type == "setup_intent.succeeded":
        follow_setup(setup_ref=event.intent_ref, gateway_name=event.gateway)
    failpoint("webhook.after_apply")
    with durable():
        raise_bad_news(event)
        WebhookEvent.objects.filter(pk=event_id).update(applied_at=Now())
