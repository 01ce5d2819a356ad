"""Writes of the payments app: authorize, capture, release, and what the provider tells us later."""

from payments.services.authorizing import (
    PendingAuthorization,
    Shares,
    ask,
    open_authorization,
    record_authorization,
)
from payments.services.cards import finish_setup, make_default, remove_card, start_setup
from payments.services.choosing import ChosenGateway, choose_gateway, probe_circuits
from payments.services.compensating import pay_kitchen
from payments.services.detaching import detach_retired
from payments.services.operations import run_operation, sweep
from payments.services.refunding import Part, RefundRequest, open_refund
from payments.services.settling import capture, change_amount, raise_hold, release, settle_authorization
from payments.services.sources import PaymentSource, source_of
from payments.services.tipping import Tips, charge_tip, drop_waiting_tips, open_tip, tips_of
from payments.services.webhooks import apply_waiting_webhooks, apply_webhook, receive_webhook

__all__ = [
    "ChosenGateway",
    "Part",
    "PaymentSource",
    "PendingAuthorization",
    "RefundRequest",
    "Shares",
    "Tips",
    "apply_waiting_webhooks",
    "apply_webhook",
    "ask",
    "capture",
    "change_amount",
    "charge_tip",
    "choose_gateway",
    "detach_retired",
    "drop_waiting_tips",
    "finish_setup",
    "make_default",
    "open_authorization",
    "open_refund",
    "open_tip",
    "pay_kitchen",
    "probe_circuits",
    "raise_hold",
    "receive_webhook",
    "record_authorization",
    "release",
    "remove_card",
    "run_operation",
    "settle_authorization",
    "source_of",
    "start_setup",
    "sweep",
    "tips_of",
]
