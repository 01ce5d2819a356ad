from deliveryapp.errors import AppError, Conflict, InvalidInput, NotFound, Unprocessable


class OrderNotFound(NotFound):
    code, title = "order_not_found", "There is no such order"


class AddressNotFound(Unprocessable):
    code, title = "address_not_found", "There is no such address"


class AddressOutOfRange(Conflict):
    code, title = "address_out_of_range", "The restaurant does not deliver to this address"


class ScheduleInvalid(Unprocessable):
    """Not a quarter of an hour, too soon or too far ahead; `earliest_at` and `latest_at` in extra."""

    code, title = "schedule_invalid", "The order cannot be scheduled for that time"


class MinimumNotMet(Conflict):
    code, title = "minimum_not_met", "The order is below the restaurant's minimum"


class PriceChanged(Conflict):
    code, title = "price_changed", "The price is not what was expected"


class QuoteChanged(Conflict):
    """Something is not as it was quoted; `differences` says what, `total` and `quote_token` in extra what may
    be had instead, null while the cart cannot be had as it is.
    """

    code, title = "quote_changed", "Something has changed since the quote"


class QuoteExpired(Conflict):
    """The quote is too old; with what QuoteChanged tells."""

    code, title = "quote_expired", "The quote has expired"


class QuoteMismatch(Conflict):
    """Not the customer's quote, or of another cart; `differences` names the parts that are not the same."""

    code, title = "quote_mismatch", "The quote is for another order"


class TotalTooLarge(Unprocessable):
    code, title = "total_too_large", "The order is too large"


class IllegalMove(Conflict):
    """Somebody else was quicker, or the step makes no sense now; `status` in extra is the order's present
    one.
    """

    code, title = "order_state", "The order's state does not allow this"


class ReasonNotValid(Conflict):
    """The reason does not fit how far the order has come; `reasons` in extra are those that do."""

    code, title = "reason_not_valid", "That reason makes no sense now"


class NotCancellable(IllegalMove):
    code, title = "order_not_cancellable", "The order can no longer be cancelled"


class CreditChanged(Conflict):
    code, title, retryable = "credit_changed", "Your credit was spent meanwhile", True


class TipWindowClosed(Conflict):
    code, title = "tip_window_closed", "The tip can no longer be changed"


class TipNotTaken(AppError):
    code, status, title = "tip_not_taken", 402, "The card did not accept the tip"


class NothingChosen(InvalidInput):
    code, title = "nothing_chosen", "Nothing of this order was chosen to be refunded"


class OrderNotReady(IllegalMove):
    code, title = "order_not_ready", "The kitchen has not finished the order"


class DuplicateOrder(Conflict):
    """The same cart again, soon after; `earlier_order` in extra says which order the customer has."""

    code, title = "duplicate_order", "You ordered the same a moment ago"
