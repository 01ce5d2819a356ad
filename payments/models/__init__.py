"""Payments, the durable record of every call to the provider, and the books."""

from payments.models.cards import ProviderCustomer, RetiredMethod, SavedCard
from payments.models.ledger import CustomerCredit, LedgerEntry
from payments.models.operation import PaymentOperation
from payments.models.payment import Payment
from payments.models.refund import Refund
from payments.models.review import ManualReview
from payments.models.webhook import WebhookEvent

__all__ = [
    "CustomerCredit",
    "LedgerEntry",
    "ManualReview",
    "Payment",
    "PaymentOperation",
    "ProviderCustomer",
    "Refund",
    "RetiredMethod",
    "SavedCard",
    "WebhookEvent",
]
