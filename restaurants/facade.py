"""What other apps may ask about restaurants: ids and values in, frozen facts out."""

from typing import TypedDict
from uuid import UUID

from restaurants.pricing import DeliveryTariff, DeliveryTerms, EtaMinutes, delivery_fee_minor, ride_time
from restaurants.selectors.again import on_todays_menu
from restaurants.selectors.alternatives import alternatives
from restaurants.selectors.cart import MAX_LINES, MAX_QUANTITY, price_cart
from restaurants.selectors.facts import (
    Alternative,
    CartLine,
    Membership,
    PastLine,
    PricedCart,
    PricedLine,
    PricedOption,
    RestaurantInfo,
    TicketInfo,
    TodaysMenu,
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
    "PastLine",
    "PricedCart",
    "PricedLine",
    "PricedOption",
    "RestaurantInfo",
    "TicketInfo",
    "TodaysMenu",
    "acknowledge_ticket",
    "alternatives",
    "answers_no_more",
    "close_out",
    "delivery_fee_minor",
    "delivery_terms",
    "get_restaurant",
    "get_restaurants",
    "lift_suspension",
    "on_todays_menu",
    "open_ticket",
    "price_cart",
    "require_open",
    "require_staff",
    "restaurants_of",
    "ride_time",
    "role_of",
    "suspend",
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
