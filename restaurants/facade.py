"""What other apps may ask about restaurants: ids and values in, frozen facts out."""

from typing import TypedDict
from uuid import UUID

from restaurants.pricing import DeliveryTariff, DeliveryTerms, EtaMinutes, delivery_fee_minor
from restaurants.selectors.cart import MAX_LINES, MAX_QUANTITY, price_cart
from restaurants.selectors.facts import (
    CartLine,
    Membership,
    PricedCart,
    PricedLine,
    PricedOption,
    RestaurantInfo,
    TicketInfo,
)
from restaurants.selectors.places import delivery_terms, get_restaurant, get_restaurants
from restaurants.selectors.staff import require_staff, restaurants_of
from restaurants.selectors.tickets import tickets
from restaurants.services.tickets import acknowledge_ticket, open_ticket, withdraw_ticket

__all__ = [
    "MAX_LINES",
    "MAX_QUANTITY",
    "CartLine",
    "DeliveryTariff",
    "DeliveryTerms",
    "EtaMinutes",
    "Membership",
    "PricedCart",
    "PricedLine",
    "PricedOption",
    "RestaurantInfo",
    "TicketInfo",
    "acknowledge_ticket",
    "delivery_fee_minor",
    "delivery_terms",
    "get_restaurant",
    "get_restaurants",
    "open_ticket",
    "price_cart",
    "require_staff",
    "restaurants_of",
    "role_of",
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
