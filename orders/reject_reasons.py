"""Why a kitchen may refuse an order, by how far it has come: what it says must be able to be true. Pure."""

_ALWAYS = ("kitchen_problem", "other")
_BEFORE_COOKED = ("item_unavailable", "closing_early", *_ALWAYS)

REASONS = {
    "placed": ("too_busy", *_BEFORE_COOKED),
    "confirmed": _BEFORE_COOKED,  # it knew how busy it was when it confirmed
    "preparing": _BEFORE_COOKED,
    "ready": _ALWAYS,
}
ALL = REASONS["placed"]


def reasons_for(status: str) -> tuple[str, ...]:
    """The valid ones in this state of an order; none once the food is gone or the order has ended."""
    return REASONS.get(status, ())
