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


class LineNotFound(NotFound):
    code, title = "order_line_not_found", "The order has no such line"


class LineInQuestion(Conflict):
    """A swap for it waits for the customer's answer."""

    code, title = "line_in_question", "The customer has not answered yet"


class LastLine(Conflict):
    """Nothing would be left; an order that cannot be made is rejected, or given up."""

    code, title = "last_line", "Nothing would be left of the order"


class SwapTooDear(Conflict):
    """More than the customer agreed to have held; `most_minor` of `currency` is what the swap may cost."""

    code, title = "swap_too_dear", "The swap costs more than is held"


class AmendmentNotFound(NotFound):
    code, title = "amendment_not_found", "There is no such proposal"


class AmendmentSettled(Conflict):
    """Answered otherwise, or too late; `state` in extra says what became of it."""

    code, title = "amendment_settled", "The proposal was settled already"
