from deliveryapp.errors import Conflict, NotFound, Unprocessable


class OrderNotFound(NotFound):
    code, title = "order_not_found", "There is no such order"


class AddressNotFound(Unprocessable):
    code, title = "address_not_found", "There is no such address"


class AddressOutOfRange(Conflict):
    code, title = "address_out_of_range", "The restaurant does not deliver to this address"


class MinimumNotMet(Conflict):
    code, title = "minimum_not_met", "The order is below the restaurant's minimum"


class PriceChanged(Conflict):
    code, title = "price_changed", "The price is not what was expected"


class TotalTooLarge(Unprocessable):
    code, title = "total_too_large", "The order is too large"


class IllegalMove(Conflict):
    """Somebody else was quicker, or the step makes no sense now; `status` in extra is the order's present
    one.
    """

    code, title = "order_state", "The order's state does not allow this"


class NotCancellable(IllegalMove):
    code, title = "order_not_cancellable", "The order can no longer be cancelled"


class OrderNotReady(IllegalMove):
    code, title = "order_not_ready", "The kitchen has not finished the order"
