"""What other apps may ask about restaurants: ids and values in, frozen facts out."""

from typing import TypedDict
from uuid import UUID

from restaurants.pricing import DeliveryTariff, DeliveryTerms, EtaMinutes, delivery_fee_minor, ride_time
from restaurants.selectors.alternatives import alternatives
from restaurants.selectors.cart import MAX_LINES, MAX_QUANTITY, price_cart
from restaurants.selectors.facts import (
    Alternative,
    CartLine,
    Membership,
    Pieces,
    PricedCart,
    PricedLine,
    PricedOption,
    RestaurantInfo,
    TicketInfo,
)
from restaurants.selectors.places import (
    answers_no_more,
    delivery_terms,
    get_restaurant,
    get_restaurants,
    require_open,
)
from restaurants.selectors.staff import require_staff, restaurants_of
from restaurants.selectors.tickets import tickets
from restaurants.services.closing import close_out, lift_suspension, suspend
from restaurants.services.stock import return_stock, take_stock
from restaurants.services.tickets import acknowledge_ticket, open_ticket, withdraw_ticket

__all__ = [
    "MAX_LINES",
    "MAX_QUANTITY",
    "Alternative",
    "CartLine",
    "DeliveryTariff",
    "DeliveryTerms",
    "EtaMinutes",
    "Membership",
    "Pieces",
    "PricedCart",
    "PricedLine",
    "PricedOption",
    "RestaurantInfo",
    "TicketInfo",
    "acknowledge_ticket",
    "alternatives",
    "answers_no_more",
    "close_out",
    "delivery_fee_minor",
    "delivery_terms",
    "get_restaurant",
    "get_restaurants",
    "lift_suspension",
    "open_ticket",
    "price_cart",
    "require_open",
    "require_staff",
    "restaurants_of",
    "return_stock",
    "ride_time",
    "role_of",
    "suspend",
    "take_stock",
    "tickets",
    "withdraw_ticket",
]


class RestaurantRole(TypedDict):
    id: UUID
    slug: str
    name: str
    role: str


def role_of(*, user_id: UUID) -> list[RestaurantRole] | None:
    """Where somebody works and as what; None for who works nowhere."""
    places = restaurants_of(user_id=user_id)
    roles = [
        RestaurantRole(id=place.restaurant_id, slug=place.slug, name=place.name, role=place.role)
        for place in places
    ]
    return roles or None
