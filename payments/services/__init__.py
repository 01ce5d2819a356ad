"""Writes of the payments app: authorize, capture, release, and what the provider tells us later."""

from payments.services.authorizing import PendingAuthorization, ask, open_authorization, record_authorization
from payments.services.operations import run_operation, sweep
from payments.services.settling import capture, release, settle_authorization
from payments.services.webhooks import apply_waiting_webhooks, apply_webhook, receive_webhook

__all__ = [
    "PendingAuthorization",
    "apply_waiting_webhooks",
    "apply_webhook",
    "ask",
    "capture",
    "open_authorization",
    "receive_webhook",
    "record_authorization",
    "release",
    "run_operation",
    "settle_authorization",
    "sweep",
]
