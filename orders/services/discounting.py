"""Which promotion an order gets, and its use: one per order, the one that takes off the most."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deliveryapp.batch import Batch
from deliveryapp.errors import AppError
from orders import pricing
from orders.models import Order
from restaurants import facade as restaurants
from restaurants.facade import Bearer, Offer, PricedCart, Standing

BEFORE_COOKING = (Order.Status.CREATED, Order.Status.PLACED, Order.Status.CONFIRMED)
CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Promised:
    """A promotion and what it takes off this order."""

    offer: Offer
    discount: pricing.Discount


def best_promotion(
    *,
    cart: PricedCart,
    code: str,
    subtotal_minor: int,
    delivery_fee_minor: int,
    customer_id: UUID,
    now: datetime,
) -> Promised | None:
    """The one with the code that was typed, or one without a code that takes off more; None: there is none.

    A code that takes nothing off is not used. Raises PromotionUnknown and the other refusals of a code: what
    somebody typed is never passed over.
    """
    open_to_all = [offer for offer in cart.offers if not offer.code]
    usable = [each for each in open_to_all if _standing(each, subtotal_minor, now) == Standing.ON]
    if code:
        usable.insert(0, _with_code(cart, code, subtotal_minor, customer_id, now))
    promised = [_promised(offer, cart, subtotal_minor, delivery_fee_minor) for offer in usable]
    worth_it = [each for each in promised if each.discount.amount_minor > 0]
    return max(worth_it, key=lambda each: each.discount.amount_minor, default=None)


def order_fields(promised: Promised | None) -> dict[str, Any]:
    """What the order remembers of its promotion, whatever becomes of that."""
    if promised is None:
        return {"promotion_title": "", "discount_on": "", "discount_borne_by": ""}
    offer, on = promised.offer, Order.DiscountOn
    return {
        "promotion_id": offer.id,
        "promotion_title": offer.title,
        "discount_on": on.FOOD if offer.is_on_food else on.DELIVERY,
        "discount_borne_by": offer.borne_by,
        "promotion_is_counted": offer.left is not None,
        "promotion_is_spent": True,
    }


def take_use(batch: Batch, order: Order, promised: Promised | None) -> None:
    """In the commit that writes the order, which then raises PromotionUsedUp or takes it."""
    if promised is not None:
        restaurants.take_use(batch, offer=promised.offer, customer_id=order.customer_id)


def give_back(batch: Batch, order: Order, *, was: str, by: str) -> None:
    """In the commit of the move that ends the order, so once like the move itself.

    A use comes back before the kitchen cooks, and later unless it was the customer who did not want it.
    """
    if order.promotion_id is None or not order.promotion_is_spent:
        return
    if was not in BEFORE_COOKING and by == CUSTOMER:
        return
    order.promotion_is_spent = False
    restaurants.return_use(
        batch,
        promotion_id=order.promotion_id,
        customer_id=order.customer_id,
        is_counted=order.promotion_is_counted,
    )


def _standing(offer: Offer, subtotal_minor: int, now: datetime) -> Standing:
    return offer.standing(subtotal_minor=subtotal_minor, now=now)


def _with_code(cart: PricedCart, code: str, subtotal_minor: int, customer_id: UUID, now: datetime) -> Offer:
    """The restaurant's own comes before the platform's of the same code."""
    named = sorted(
        (offer for offer in cart.offers if offer.code), key=lambda each: each.restaurant_id is None
    )
    if not named:
        raise restaurants.PromotionUnknown
    standing = _standing(named[0], subtotal_minor, now)
    if standing != Standing.ON:
        raise _refusal(named[0], standing, cart.restaurant.currency)
    if named[0].is_first_order_only and has_ordered(customer_id):
        raise restaurants.PromotionFirstOrderOnly
    return named[0]


def has_ordered(customer_id: UUID) -> bool:
    """An order that came to nothing is not one."""
    ended = (Order.Status.FAILED, Order.Status.CANCELLED)
    return Order.objects.filter(customer_id=customer_id).exclude(status__in=ended).exists()


def _refusal(offer: Offer, standing: Standing, currency: str) -> AppError:
    if standing == Standing.NOT_YET:
        return restaurants.PromotionNotYet(starts_at=offer.starts_at)
    if standing == Standing.EXPIRED:
        return restaurants.PromotionExpired(ended_at=offer.ends_at)
    if standing == Standing.MINIMUM:
        return restaurants.PromotionMinimum(minimum_minor=offer.minimum_minor, currency=currency)
    return restaurants.PromotionUsedUp(by_customer=standing == Standing.USED_BY_CUSTOMER)


def _promised(offer: Offer, cart: PricedCart, subtotal_minor: int, delivery_fee_minor: int) -> Promised:
    amount_minor = offer.takes_off(
        subtotal_minor=subtotal_minor,
        delivery_fee_minor=delivery_fee_minor,
        commission_bp=cart.restaurant.commission_bp,
    )
    is_the_restaurants = offer.borne_by == Bearer.RESTAURANT
    return Promised(offer, pricing.Discount(amount_minor, offer.is_on_food, is_the_restaurants))
