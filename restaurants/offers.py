"""What a promotion takes off an order, and whether it may: pure rules over facts, in minor units."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from deliveryapp.money import share_bp

NO_LIMIT = 2_000_000_000  # uses by one customer


class OfferKind(StrEnum):
    PERCENT = "percent"
    AMOUNT = "amount"
    FREE_DELIVERY = "free_delivery"


KINDS = [kind.value for kind in OfferKind]


class Bearer(StrEnum):
    """Who pays for what the customer does not."""

    PLATFORM = "platform"
    RESTAURANT = "restaurant"


class Standing(StrEnum):
    """Whether a promotion may be used; the first that is true."""

    NOT_YET = "not_yet"
    EXPIRED = "expired"
    USED_UP = "used_up"
    USED_BY_CUSTOMER = "used_by_customer"
    MINIMUM = "minimum"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Offer:
    """A promotion as it stands for one customer, or for anybody: then `used_by_customer` is 0.

    `code` is empty where nobody has to type one. `maximum_minor` is the most it takes off, `minimum_minor` of
    food it asks for. `left` is how many uses there are in total, None where nobody counts them.
    """

    id: UUID
    restaurant_id: UUID | None
    title: str
    code: str
    kind: OfferKind
    percent_bp: int | None
    amount_minor: int | None
    maximum_minor: int | None
    minimum_minor: int
    borne_by: Bearer
    is_first_order_only: bool
    starts_at: datetime
    ends_at: datetime | None
    left: int | None
    max_uses_per_customer: int | None
    used_by_customer: int = 0

    @property
    def most_per_customer(self) -> int:
        return 1 if self.is_first_order_only else self.max_uses_per_customer or NO_LIMIT

    @property
    def is_on_food(self) -> bool:
        return self.kind != OfferKind.FREE_DELIVERY

    def standing(self, *, subtotal_minor: int, now: datetime) -> Standing:
        """For a cart of so much food; a first order is for others to know."""
        if now < self.starts_at:
            return Standing.NOT_YET
        if self.ends_at is not None and now >= self.ends_at:
            return Standing.EXPIRED
        if self.left is not None and self.left <= 0:
            return Standing.USED_UP
        if self.used_by_customer >= self.most_per_customer:
            return Standing.USED_BY_CUSTOMER
        return Standing.MINIMUM if subtotal_minor < self.minimum_minor else Standing.ON

    def takes_off(self, *, subtotal_minor: int, delivery_fee_minor: int, commission_bp: int) -> int:
        """Never more than what it is taken off, nor, where the restaurant pays, than what it gets for the
        food: nobody else pays for its promotion.
        """
        wanted_minor = self._wanted(subtotal_minor, delivery_fee_minor)
        most_minor = subtotal_minor if self.is_on_food else delivery_fee_minor
        if not self.is_on_food and self.borne_by == Bearer.RESTAURANT:
            most_minor = min(most_minor, subtotal_minor - share_bp(subtotal_minor, commission_bp))
        if self.maximum_minor is not None:
            most_minor = min(most_minor, self.maximum_minor)
        return min(wanted_minor, most_minor)

    def _wanted(self, subtotal_minor: int, delivery_fee_minor: int) -> int:
        if self.kind == OfferKind.PERCENT:
            return share_bp(subtotal_minor, self.percent_bp or 0)
        if self.kind == OfferKind.AMOUNT:
            return self.amount_minor or 0
        return delivery_fee_minor
