"""What a customer gets back when an order ends before the door, and who pays for it (R9).

| cancelled by       | before confirmation | before pick-up             | after pick-up                   |
|--------------------|---------------------|----------------------------|---------------------------------|
| customer           | everything          | everything; we pay a       | half the food, the service fee; |
|                    |                     | kitchen that has begun     | kitchen and driver are paid     |
| support            | everything          | the same                   | everything; they are paid       |
| restaurant, or its | everything          | everything; the kitchen    | -                               |
| time-out           |                     | is not paid                |                                 |

Before pick-up nothing has been charged, so "everything" is the release of the hold. After it the platform
bears what goes back. The driver keeps the food and his pay.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from deliveryapp.money import share_bp

HALF_BP, WHOLE_BP = 5_000, 10_000
BEGUN, PICKED_UP = ("preparing", "ready"), "picked_up"


class By(StrEnum):
    CUSTOMER = "customer"
    RESTAURANT = "restaurant"
    SUPPORT = "support"


class Priced(Protocol):
    """What the policy needs to know of an order, in minor units."""

    subtotal_minor: int
    tax_minor: int
    service_fee_minor: int
    total_minor: int

    @property
    def food_discount_minor(self) -> int: ...


@dataclass(frozen=True, slots=True)
class GoesBack:
    """So much of a component that cost so much, in minor units; the platform bears it."""

    component: str
    amount_minor: int
    cost_minor: int


@dataclass(frozen=True, slots=True)
class Decision:
    """`goes_back` after the capture, None for all of it; `pays_kitchen`: although nothing was charged, the
    restaurant gets its share from us.
    """

    goes_back: tuple[GoesBack, ...] | None
    pays_kitchen: bool


# component: how much of it goes back, in ten-thousandths; None: everything
AFTER_PICK_UP: dict[By, dict[str, int] | None] = {
    By.CUSTOMER: {"food": HALF_BP, "service_fee": WHOLE_BP},
    By.RESTAURANT: None,
    By.SUPPORT: None,
}


def decide(order: Priced, *, by: By, cancelled_from: str) -> Decision:
    """`cancelled_from`: the order's status when it was cancelled."""
    if cancelled_from == PICKED_UP:
        return Decision(goes_back=_shares(order, AFTER_PICK_UP[by]), pays_kitchen=False)
    return Decision(goes_back=None, pays_kitchen=by != By.RESTAURANT and cancelled_from in BEGUN)


def refundable_minor(order: Priced, *, by: By, status: str) -> int:
    """What cancelling at this status would give back, in minor units."""
    goes_back = decide(order, by=by, cancelled_from=status).goes_back
    return order.total_minor if goes_back is None else sum(share.amount_minor for share in goes_back)


def _shares(order: Priced, shares_bp: dict[str, int] | None) -> tuple[GoesBack, ...] | None:
    if shares_bp is None:
        return None
    costs = {
        "food": order.subtotal_minor + order.tax_minor - order.food_discount_minor,
        "service_fee": order.service_fee_minor,
    }
    return tuple(
        GoesBack(component, share_bp(costs[component], share), costs[component])
        for component, share in shares_bp.items()
        if share_bp(costs[component], share)
    )
