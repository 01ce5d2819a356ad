"""Payments and the durable record of every call to the provider."""

from payments.models.operation import PaymentOperation
from payments.models.payment import Payment
from payments.models.webhook import WebhookEvent

__all__ = ["Payment", "PaymentOperation", "WebhookEvent"]
