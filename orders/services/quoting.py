"""What an order would cost, checked as strictly as if it were placed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deliveryapp.geo import Point, haversine_m
from orders import pricing, scheduling
from orders.errors import (
    AddressNotFound,
    AddressOutOfRange,
    MinimumNotMet,
    PriceChanged,
    ScheduleInvalid,
    TotalTooLarge,
)
from orders.models import Address
from orders.selectors.slots import has_place, next_free_at
from orders.services.discounting import Promised, best_promotion
from restaurants import facade as restaurants
from restaurants.facade import Buyer, CartLine, DeliveryTerms, PricedCart


@dataclass(frozen=True, slots=True)
class DeliveryInput:
    """Where to: a saved address of the customer, or a place given in full."""

    address_id: UUID | None = None
    street: str = ""
    city: str = ""
    postcode: str = ""
    lat: float | None = None
    lng: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    restaurant_id: UUID
    lines: Sequence[CartLine]
    delivery: DeliveryInput
    tip_minor: int = 0
    note: str = ""
    payment_method: str = ""
    payment_gateway: str = ""
    use_credit: bool = False
    expected_total_minor: int | None = None
    allow_duplicate: bool = False
    scheduled_for: datetime | None = None
    promotion_code: str = ""
    quote_token: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    cart: PricedCart
    delivery: DeliveryInput
    terms: DeliveryTerms
    price: pricing.Breakdown
    starts_at: datetime
    slot: scheduling.Slot | None = None
    promised: Promised | None = None

    @property
    def slot_at(self) -> datetime | None:
        """The kitchen's quarter of an hour in which it needs a place; None where nobody counts."""
        is_counted = self.cart.restaurant.slot_capacity is not None
        return scheduling.kitchen_slot(self.starts_at) if is_counted else None

    @property
    def busy_minutes(self) -> int:
        """What of the promise is due to the kitchen being busy."""
        return restaurants.busy_minutes(self.cart.restaurant, at=self.starts_at)

    @property
    def dropoff(self) -> Point:
        return _point(self.delivery)


def quote_with_place(*, user_id: UUID, request: OrderRequest, now: datetime) -> Quote:
    """`quote`, and a look whether the kitchen still has a place; placing takes one, which says it for sure.

    Raises what `quote` raises, and SlotFull.
    """
    quoted = quote(user_id=user_id, request=request, now=now)
    if not has_place(quoted.cart.restaurant, quoted.starts_at):
        raise slot_full(quoted, now)
    return quoted


def slot_full(quoted: Quote, now: datetime) -> restaurants.SlotFull:
    """What to tell who came too late for this time."""
    place, after = quoted.cart.restaurant, quoted.slot.scheduled_for if quoted.slot else now
    free_at = next_free_at(restaurant_id=place.id, door=quoted.dropoff, after=after, now=now)
    return restaurants.SlotFull(
        f"{place.name} can take no more orders for that time.", timezone=place.timezone, next_free_at=free_at
    )


def quote(*, user_id: UUID, request: OrderRequest, now: datetime) -> Quote:
    """Validate and price a cart without any effect.

    Raises what `restaurants.facade.price_cart` raises, AddressNotFound, AddressOutOfRange, MinimumNotMet,
    TotalTooLarge, ScheduleInvalid, a refusal of the promotion's code, and PriceChanged when an expected total
    was given and is not met.
    """
    delivery = _resolve(user_id, request.delivery)
    slot = _slot(request.restaurant_id, _point(delivery), request.scheduled_for, now)
    cooked_at = slot.starts_at if slot else now
    buyer = Buyer(customer_id=user_id, at=now, code=request.promotion_code)
    cart = restaurants.price_cart(
        restaurant_id=request.restaurant_id, lines=request.lines, now=cooked_at, buyer=buyer
    )
    terms = restaurants.delivery_terms(cart.restaurant, _point(delivery), at=cooked_at)
    if not terms.is_within_reach:
        raise AddressOutOfRange(
            distance_m=terms.distance_m, delivery_radius_m=cart.restaurant.delivery_radius_m
        )
    subtotal_minor = sum(line.total_minor for line in cart.lines)
    if subtotal_minor < cart.restaurant.minimum_order_minor:
        raise MinimumNotMet(
            minimum_minor=cart.restaurant.minimum_order_minor, currency=cart.restaurant.currency
        )
    promised = best_promotion(
        cart=cart,
        code=request.promotion_code,
        subtotal_minor=subtotal_minor,
        delivery_fee_minor=terms.fee_minor,
        customer_id=user_id,
        now=now,
    )
    price = pricing.price(
        subtotal_minor=subtotal_minor,
        delivery_fee_minor=terms.fee_minor,
        tax_bp=cart.restaurant.tax_bp,
        tip_minor=request.tip_minor,
        discount=promised.discount if promised else pricing.NO_DISCOUNT,
    )
    if price.total_minor > pricing.MAX_TOTAL_MINOR:
        raise TotalTooLarge(maximum_minor=pricing.MAX_TOTAL_MINOR)
    if request.expected_total_minor not in (None, price.total_minor):
        raise PriceChanged(total_minor=price.total_minor, expected_total_minor=request.expected_total_minor)
    return Quote(
        cart=cart,
        delivery=delivery,
        terms=terms,
        price=price,
        starts_at=cooked_at,
        slot=slot,
        promised=promised,
    )


def _slot(
    restaurant_id: UUID, door: Point, scheduled_for: datetime | None, now: datetime
) -> scheduling.Slot | None:
    """When to cook for a time chosen by the customer; the kitchen must be open from the first to the last
    move.
    """
    if scheduled_for is None:
        return None
    restaurant = restaurants.get_restaurant(restaurant_id=restaurant_id)
    ride = restaurants.ride_time(haversine_m(restaurant.location, door))
    slot = scheduling.slot_of(restaurant, scheduled_for, travel=ride)
    earliest_at, latest_at = now + (scheduled_for - slot.starts_at), now + scheduling.FURTHEST
    if not (scheduling.is_on_the_clock(scheduled_for) and earliest_at <= scheduled_for <= latest_at):
        raise ScheduleInvalid(earliest_at=earliest_at, latest_at=latest_at)
    restaurants.require_open(restaurant_id=restaurant_id, at=slot.ready_at)
    return slot


def _resolve(user_id: UUID, delivery: DeliveryInput) -> DeliveryInput:
    if delivery.address_id is None:
        return delivery
    address = Address.objects.filter(pk=delivery.address_id, customer_id=user_id).first()
    if address is None:
        raise AddressNotFound
    return DeliveryInput(
        address_id=address.pk,
        street=address.street,
        city=address.city,
        postcode=address.postcode,
        lat=address.lat,
        lng=address.lng,
        note=delivery.note or address.note,
    )


def _point(delivery: DeliveryInput) -> Point:
    assert delivery.lat is not None
    assert delivery.lng is not None
    return Point(delivery.lat, delivery.lng)
