"""What an order is paid with: a saved card, or a payment method that the customer's browser just made."""

from dataclasses import dataclass
from uuid import UUID

from payments import selectors
from payments.errors import PaymentMethodNotFound


@dataclass(frozen=True, slots=True)
class PaymentSource:
    """As the provider knows it. `provider_customer` is empty for a payment method that nobody has saved,
    `gateway` where any may be asked.
    """

    payment_method: str
    provider_customer: str = ""
    gateway: str = ""


def source_of(*, user_id: UUID, payment_method: str, gateway: str = "") -> PaymentSource:
    """`payment_method` is the id of a saved card or the provider's `pm_…`, `gateway` where that was made; one
    statement.

    Raises PaymentMethodNotFound for what is not saved, and for what somebody else has saved.
    """
    card = selectors.card_named(payment_method)
    if card is None and payment_method.startswith("pm_"):
        return PaymentSource(payment_method, gateway=gateway)
    if card is None or card.customer.user_id != user_id:
        raise PaymentMethodNotFound
    return PaymentSource(card.provider_ref, card.customer.provider_ref or "", card.gateway)
