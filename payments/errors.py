from typing import ClassVar

from deliveryapp.errors import AppError, Conflict, InvalidInput, NotFound, Unavailable, Unprocessable


class PaymentDeclined(AppError):
    """The card issuer refused; `decline_code` in extra is the provider's."""

    code: ClassVar[str] = "payment_declined"
    status: ClassVar[int] = 402
    title: ClassVar[str] = "The payment was declined"


class PaymentNotFound(NotFound):
    code, title = "payment_not_found", "There is no such payment"


class PaymentUnavailable(Unavailable):
    """No gateway takes an order's money now. Nothing was written; `retry_after_s` in extra."""

    code, title = "payment_unavailable", "Payments are unavailable right now"


class UnknownGateway(NotFound):
    """The settings name no such gateway; payments that were made there cannot be reached without it."""

    code, title = "unknown_gateway", "There is no such payment gateway"


class PaymentMethodNotFound(Unprocessable):
    """Neither saved by this customer nor new."""

    code, title = "payment_method_not_found", "There is no such payment method"


class CardNotFound(NotFound):
    code, title = "card_not_found", "There is no such card"


class CardSetupNotFound(NotFound):
    code, title = "card_setup_not_found", "There is no such card to be saved"


class CardDeclined(AppError):
    """The issuer refused to have the card saved; `decline_code` in extra is the provider's."""

    code: ClassVar[str] = "card_declined"
    status: ClassVar[int] = 402
    title: ClassVar[str] = "The card was declined"


class IllegalPaymentMove(Conflict):
    code, title = "payment_state", "The payment's state does not allow this"


class TipInProgress(Conflict):
    code, title, retryable = "tip_in_progress", "An earlier change of the tip is not settled yet", True


class NothingToRefund(Conflict):
    code, title = "nothing_to_refund", "Nothing of this order has been charged"


class RefundTooLarge(Unprocessable):
    """`left_minor` in extra: what may still be refunded."""

    code, title = "refund_too_large", "More than what is left of the charge"


class RefundKeyReused(Unprocessable):
    code, title = "refund_key_reused", "This key was used for another refund"


class ReviewResolved(Conflict):
    code, title = "review_resolved", "Somebody has resolved this review already"


class WebhookRefused(InvalidInput):
    code, title = "webhook_signature", "The signature is missing or wrong"
