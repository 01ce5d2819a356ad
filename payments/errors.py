from typing import ClassVar

from deliveryapp.errors import AppError, Conflict, InvalidInput, NotFound, Unavailable


class PaymentDeclined(AppError):
    """The card issuer refused; `decline_code` in extra is the provider's."""

    code: ClassVar[str] = "payment_declined"
    status: ClassVar[int] = 402
    title: ClassVar[str] = "The payment was declined"


class PaymentNotFound(NotFound):
    code, title = "payment_not_found", "There is no such payment"


class PaymentUnavailable(Unavailable):
    code, title = "payment_unavailable", "The payment provider cannot be reached"


class IllegalPaymentMove(Conflict):
    code, title = "payment_state", "The payment's state does not allow this"


class WebhookRefused(InvalidInput):
    code, title = "webhook_signature", "The signature is missing or wrong"
