"""Everything tracking may refuse, each with its stable code."""

from deliveryapp.errors import Conflict, InvalidInput


class PointsInvalid(InvalidInput):
    """Not a list of 1 to 100 points."""

    code, title = "points_invalid", "Send 1 to 100 points"


class NotOnShift(Conflict):
    """Only drivers on shift are followed."""

    code, title = "not_on_shift", "Go online first"
