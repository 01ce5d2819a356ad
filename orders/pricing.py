"""What an order costs: pure arithmetic in integer minor units.

Menu prices include VAT, as is the rule in the EU, so `tax_minor` (tax added on top) is 0 there and
`included_tax_minor` says how much of the subtotal is VAT.
"""

from dataclasses import dataclass
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


def price(*, subtotal_minor: int, delivery_fee_minor: int, tax_bp: int, tip_minor: int) -> Breakdown:
    """`tax_bp`: the VAT rate contained in the menu prices, in ten-thousandths."""
    service_fee_minor = service_fee(subtotal_minor)
    return Breakdown(
        subtotal_minor=subtotal_minor,
        delivery_fee_minor=delivery_fee_minor,
        service_fee_minor=service_fee_minor,
        tax_minor=0,
        included_tax_minor=included_tax(subtotal_minor, tax_bp),
        tip_minor=tip_minor,
        discount_minor=0,
        total_minor=subtotal_minor + delivery_fee_minor + service_fee_minor + tip_minor,
    )


class Ordered(Protocol):
    """What an order costs by now, and the terms of its day."""

    delivery_fee_minor: int
    tax_minor: int
    tip_minor: int
    discount_minor: int
    tax_bp: int


def repriced(order: Ordered, *, subtotal_minor: int) -> Breakdown:
    """The order with other food in its bag: delivery and tip stay, a discount is never more than the food."""
    service_fee_minor = service_fee(subtotal_minor)
    discount_minor = min(order.discount_minor, subtotal_minor)
    total_minor = subtotal_minor + order.delivery_fee_minor + service_fee_minor + order.tax_minor
    return Breakdown(
        subtotal_minor=subtotal_minor,
        delivery_fee_minor=order.delivery_fee_minor,
        service_fee_minor=service_fee_minor,
        tax_minor=order.tax_minor,
        included_tax_minor=included_tax(subtotal_minor, order.tax_bp),
        tip_minor=order.tip_minor,
        discount_minor=discount_minor,
        total_minor=total_minor + order.tip_minor - discount_minor,
    )


def service_fee(subtotal_minor: int) -> int:
    """4 % of the subtotal, within bounds."""
    return min(max(share_bp(subtotal_minor, SERVICE_FEE_BP), SERVICE_FEE_MIN_MINOR), SERVICE_FEE_MAX_MINOR)


def commission(subtotal_minor: int, commission_bp: int) -> int:
    """What the platform keeps of the food."""
    return share_bp(subtotal_minor, commission_bp)


def payout(*, distance_m: int, tip_minor: int) -> int:
    """What the driver earns for a delivery: base, distance from restaurant to customer, and the whole tip."""
    return PAYOUT_BASE_MINOR + (distance_m * PAYOUT_PER_KM_MINOR + 500) // 1_000 + tip_minor
