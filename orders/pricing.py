"""What an order costs: pure arithmetic in integer minor units.

Menu prices include VAT, as is the rule in the EU, so `tax_minor` (tax added on top) is 0 there and
`included_tax_minor` says how much of the subtotal is VAT.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from deliveryapp.money import included_tax, share_bp

SERVICE_FEE_BP = 400
WHOLE_BP = 10_000
SERVICE_FEE_MIN_MINOR, SERVICE_FEE_MAX_MINOR = 50, 250
MAX_TOTAL_MINOR = 5_000_00
MAX_TIP_MINOR = 200_00
PAYOUT_BASE_MINOR, PAYOUT_PER_KM_MINOR = 350, 80


@dataclass(frozen=True, slots=True)
class Breakdown:
    """total = subtotal + delivery_fee + service_fee + tax + tip - discount."""

    subtotal_minor: int
    delivery_fee_minor: int
    service_fee_minor: int
    tax_minor: int
    included_tax_minor: int
    tip_minor: int
    discount_minor: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Discount:
    """What a promotion takes off the food or off the delivery fee, at the restaurant's or our own expense."""

    amount_minor: int = 0
    is_on_food: bool = True
    is_the_restaurants: bool = False

    @property
    def lower_price_minor(self) -> int:
        """What the restaurant sells its food for less. What we pay for the customer is no lower price."""
        return self.amount_minor if self.is_on_food and self.is_the_restaurants else 0


NO_DISCOUNT = Discount()


def price(
    *,
    subtotal_minor: int,
    delivery_fee_minor: int,
    tax_bp: int,
    tip_minor: int,
    discount: Discount = NO_DISCOUNT,
) -> Breakdown:
    """`tax_bp`: the VAT rate contained in the menu prices, in ten-thousandths. The service fee is of the food
    before any discount.
    """
    service_fee_minor = service_fee(subtotal_minor)
    fees_minor = delivery_fee_minor + service_fee_minor
    return Breakdown(
        subtotal_minor=subtotal_minor,
        delivery_fee_minor=delivery_fee_minor,
        service_fee_minor=service_fee_minor,
        tax_minor=0,
        included_tax_minor=included_tax(subtotal_minor - discount.lower_price_minor, tax_bp),
        tip_minor=tip_minor,
        discount_minor=discount.amount_minor,
        total_minor=subtotal_minor + fees_minor + tip_minor - discount.amount_minor,
    )


class Ordered(Protocol):
    """What an order costs by now, and the terms of its day."""

    subtotal_minor: int
    delivery_fee_minor: int
    tip_minor: int
    discount_minor: int
    discount_on: str
    discount_borne_by: str
    tax_bp: int
    commission_bp: int


def repriced(order: Ordered, *, subtotal_minor: int) -> Breakdown:
    """The order with other food in its bag: delivery and tip stay."""
    return price(
        subtotal_minor=subtotal_minor,
        delivery_fee_minor=order.delivery_fee_minor,
        tax_bp=order.tax_bp,
        tip_minor=order.tip_minor,
        discount=_discount_left(order, subtotal_minor),
    )


def discount_of(order: Ordered) -> Discount:
    return Discount(
        order.discount_minor, order.discount_on == "food", order.discount_borne_by == "restaurant"
    )


def _discount_left(order: Ordered, subtotal_minor: int) -> Discount:
    """On the food: in proportion to what is left of it, never more than before. On the delivery: all of it,
    where the restaurant pays as far as its food still pays for it.
    """
    was = discount_of(order)
    left_minor = was.amount_minor
    if was.is_on_food:
        left_minor = min(left_minor, left_minor * subtotal_minor // order.subtotal_minor)
    elif was.is_the_restaurants:
        left_minor = min(left_minor, subtotal_minor - commission(subtotal_minor, order.commission_bp))
    return replace(was, amount_minor=left_minor)


def service_fee(subtotal_minor: int) -> int:
    """4 % of the subtotal, within bounds."""
    return min(max(share_bp(subtotal_minor, SERVICE_FEE_BP), SERVICE_FEE_MIN_MINOR), SERVICE_FEE_MAX_MINOR)


def commission(subtotal_minor: int, commission_bp: int) -> int:
    """What the platform keeps of the food."""
    return share_bp(subtotal_minor, commission_bp)


def restaurants_share(*, subtotal_minor: int, commission_bp: int, discount: Discount = NO_DISCOUNT) -> int:
    """What the restaurant gets: the price of its food less the commission on it, and less a delivery that it
    pays for.
    """
    sold_for_minor = subtotal_minor - discount.lower_price_minor
    others_minor = discount.amount_minor - discount.lower_price_minor if discount.is_the_restaurants else 0
    return sold_for_minor - commission(sold_for_minor, commission_bp) - others_minor


def spread(discount_minor: int, totals_minor: Sequence[int]) -> list[int]:
    """A discount on the food over its lines, by what they cost; the parts add up to the whole."""
    whole_minor, above_minor, parts = sum(totals_minor), 0, []
    for total_minor in totals_minor:
        below_minor = discount_minor * above_minor // whole_minor
        above_minor += total_minor
        parts.append(discount_minor * above_minor // whole_minor - below_minor)
    return parts


def payout(*, distance_m: int, tip_minor: int) -> int:
    """What the driver earns for a delivery: base, distance from restaurant to customer, and the whole tip."""
    return PAYOUT_BASE_MINOR + (distance_m * PAYOUT_PER_KM_MINOR + 500) // 1_000 + tip_minor
