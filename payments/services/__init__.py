"""Writes of the payments app: authorize, capture, release, and what the provider tells us later."""

from payments.services.amending import amend_amount, headroom_minor
from payments.services.authorizing import (
    PendingAuthorization,
    Shares,
    ask,
    open_authorization,
    record_authorization,
)
from payments.services.cards import finish_setup, make_default, remove_card, start_setup
from payments.services.choosing import ChosenGateway, choose_gateway, probe_circuits
from payments.services.compensating import grant_goodwill, pay_kitchen
from payments.services.detaching import detach_retired
from payments.services.following import NotReadable
from payments.services.operations import run_operation, sweep
from payments.services.reconciling import (
    Difference,
    Period,
    Reconciliation,
    reconcile,
    settled_until,
    spread_reconciliation,
)
from payments.services.refunding import Part, RefundRequest, open_refund
from payments.services.retrying import can_be_tried_again, try_again
from payments.services.reviewing import resolve_review
from payments.services.settling import capture, change_amount, raise_hold, release, settle_authorization
from payments.services.sources import PaymentSource, source_of
from payments.services.tipping import Tips, charge_tip, drop_waiting_tips, open_tip, tips_of
from payments.services.watching import watch_holds
from payments.services.webhooks import apply_waiting_webhooks, apply_webhook, receive_webhook

__all__ = [
    "ChosenGateway",
    "Difference",
    "NotReadable",
    "Part",
    "PaymentSource",
    "PendingAuthorization",
    "Period",
    "Reconciliation",
    "RefundRequest",
    "Shares",
    "Tips",
    "amend_amount",
    "apply_waiting_webhooks",
    "apply_webhook",
    "ask",
    "can_be_tried_again",
    "capture",
    "change_amount",
    "charge_tip",
    "choose_gateway",
    "detach_retired",
    "drop_waiting_tips",
    "finish_setup",
    "grant_goodwill",
    "headroom_minor",
    "make_default",
    "open_authorization",
    "open_refund",
    "open_tip",
    "pay_kitchen",
    "probe_circuits",
    "raise_hold",
    "receive_webhook",
    "reconcile",
    "record_authorization",
    "release",
    "remove_card",
    "resolve_review",
    "run_operation",
    "settle_authorization",
    "settled_until",
    "source_of",
    "spread_reconciliation",
    "start_setup",
    "sweep",
    "tips_of",
    "try_again",
    "watch_holds",
]
