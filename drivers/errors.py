"""Everything the drivers may refuse, each with its stable code."""

from deliveryapp.errors import Conflict, Forbidden, NotFound, Unprocessable


class NotADriver(Forbidden):
    """The asker has no driver's row."""

    code, title = "not_a_driver", "You are not registered as a driver"


class OfferNotFound(NotFound):
    """No such offer, or it was made to somebody else."""

    code, title = "offer_not_found", "Offer not found"


class OfferExpired(Conflict):
    """The time to answer is over; the delivery goes to the next driver."""

    code, title = "offer_expired", "The offer has expired"


class OfferWithdrawn(Conflict):
    """The order was cancelled, or the driver's shift ended."""

    code, title = "offer_withdrawn", "The offer was withdrawn"


class OfferAnswered(Conflict):
    """It was accepted or declined before; the answer stands."""

    code, title = "offer_answered", "The offer was answered already"


class DriverNotAvailable(Conflict):
    """Off shift, or carrying as much as he may."""

    code, title = "driver_not_available", "You are not available for another delivery"


class ActiveDelivery(Conflict):
    """The shift cannot end while an order is on the way."""

    code, title = "active_delivery", "Finish your delivery first"


class AssignmentNotFound(NotFound):
    """No such assignment, or it is somebody else's."""

    code, title = "assignment_not_found", "Delivery not found"


class AssignmentState(Conflict):
    """The delivery is at another point of its way; `assignment_status` says where."""

    code, title = "assignment_state", "The delivery is not in a state that allows this"


class AssignmentChanged(Conflict):
    """Somebody changed the assignment since it was read."""

    code, title = "assignment_changed", "The delivery has changed meanwhile"


class TooFarAway(Conflict):
    """`distance_m` from where the step happens; saying it again with an `override_reason` lifts it."""

    code, title = "too_far_away", "You seem to be somewhere else"


class ActionInFuture(Unprocessable):
    """The device's clock is ahead of ours."""

    code, title = "action_in_future", "This cannot have happened yet"


class ActionTooEarly(Unprocessable):
    """Before the step that it follows; `previous_at` says when that was."""

    code, title = "action_too_early", "This cannot have happened before the previous step"
