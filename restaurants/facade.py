"""What other apps may ask about restaurants: ids and values in, frozen facts out."""

from typing import TypedDict
from uuid import UUID

from restaurants.errors import (
    ItemNotFound,
    ItemNotServed,
    ItemOutOfStock,
    ItemUnavailable,
    OptionInvalid,
    PromotionExpired,
    PromotionFirstOrderOnly,
    PromotionMinimum,
    PromotionNotYet,
    PromotionRefused,
    PromotionUnknown,
    PromotionUsedUp,
    SlotFull,
)
from restaurants.offers import Bearer, Offer, Standing
from restaurants.pricing import (
    DeliveryTariff,
    DeliveryTerms,
    EtaMinutes,
    busy_minutes,
    delivery_fee_minor,
    ride_time,
)
from restaurants.selectors.again import on_todays_menu
from restaurants.selectors.alternatives import alternatives
from restaurants.selectors.cart import MAX_LINES, MAX_QUANTITY, lines_today, price_cart, price_line
from restaurants.selectors.facts import (
    Alternative,
    Buyer,
    CartLine,
    ComingOpenings,
    Membership,
    PastLine,
    Pieces,
    PricedCart,
    PricedLine,
    PricedOption,
    RestaurantInfo,
    TicketInfo,
    TodaysMenu,
)
from restaurants.selectors.menu import allergens_of
from restaurants.selectors.places import (
    answers_no_more,
    coming_openings,
    day_of,
    delivery_terms,
    get_restaurant,
    get_restaurants,
    require_open,
    slot_loads,
)
from restaurants.selectors.staff import require_staff, restaurants_of, staff_ids
from restaurants.selectors.tickets import tickets
from restaurants.services.availability import end_for_today
from restaurants.services.closing import close_out, lift_suspension, suspend
from restaurants.services.promotions import return_use, take_use
from restaurants.services.slots import forget_slots, free_place, take_place
from restaurants.services.stock import return_stock, take_stock
from restaurants.services.tickets import acknowledge_ticket, open_ticket, withdraw_ticket

__all__ = [
    "MAX_LINES",
    "MAX_QUANTITY",
    "Alternative",
    "Bearer",
    "Buyer",
    "CartLine",
    "ComingOpenings",
    "DeliveryTariff",
    "DeliveryTerms",
    "EtaMinutes",
    "ItemNotFound",
    "ItemNotServed",
    "ItemOutOfStock",
    "ItemUnavailable",
    "Membership",
    "Offer",
    "OptionInvalid",
    "PastLine",
    "Pieces",
    "PricedCart",
    "PricedLine",
    "PricedOption",
    "PromotionExpired",
    "PromotionFirstOrderOnly",
    "PromotionMinimum",
    "PromotionNotYet",
    "PromotionRefused",
    "PromotionUnknown",
    "PromotionUsedUp",
    "RestaurantInfo",
    "SlotFull",
    "Standing",
    "TicketInfo",
    "TodaysMenu",
    "acknowledge_ticket",
    "allergens_of",
    "alternatives",
    "answers_no_more",
    "busy_minutes",
    "close_out",
    "coming_openings",
    "day_of",
    "delivery_fee_minor",
    "delivery_terms",
    "end_for_today",
    "forget_slots",
    "free_place",
    "get_restaurant",
    "get_restaurants",
    "lift_suspension",
    "lines_today",
    "on_todays_menu",
    "open_ticket",
    "price_cart",
    "price_line",
    "require_open",
    "require_staff",
    "restaurants_of",
    "return_stock",
    "return_use",
    "ride_time",
    "role_of",
    "slot_loads",
    "staff_ids",
    "suspend",
    "take_place",
    "take_stock",
    "take_use",
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
