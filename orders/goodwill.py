"""What a customer gets on top when the restaurant let the order down: one table, credit for the next order.

| cause                    | share of the total |
|--------------------------|--------------------|
| rejected_by_restaurant   |  5 %               |
| restaurant_timeout       | 10 %, they waited  |
| restaurant_closed        | 10 %               |
| cancelled_by_restaurant  | 15 %, after its yes|

Within the bounds of the currency, and never more than the order cost. The platform bears it; a currency
without bounds gives nothing.
"""

from dataclasses import dataclass

from deliveryapp.money import share_bp

SHARE_BP = {
    "rejected_by_restaurant": 500,
    "restaurant_timeout": 1_000,
    "restaurant_closed": 1_000,
    "cancelled_by_restaurant": 1_500,
}


@dataclass(frozen=True, slots=True)
class Bounds:
    minimum_minor: int
    maximum_minor: int


BOUNDS = {
    "EUR": Bounds(200, 1_000),
    "USD": Bounds(200, 1_000),
    "GBP": Bounds(200, 1_000),
    "SEK": Bounds(2_000, 10_000),
}


def is_restaurants_fault(cause: str) -> bool:
    """`cause`: an order's cancel reason."""
    return cause in SHARE_BP


def amount_minor(*, cause: str, total_minor: int, currency: str) -> int:
    """Credit in minor units of `currency`; 0 when nothing is due."""
    if not is_restaurants_fault(cause) or currency not in BOUNDS:
        return 0
    bounds = BOUNDS[currency]
    wanted_minor = max(share_bp(total_minor, SHARE_BP[cause]), bounds.minimum_minor)
    return min(wanted_minor, bounds.maximum_minor, total_minor)
