"""Facts as JSON values, in the shapes that `serializers` describes."""

from datetime import datetime, time
from typing import Any

from django.urls import reverse
from rest_framework.request import Request

from deliveryapp.money import Money
from restaurants.api.menus import sections_body
from restaurants.api.paging import link
from restaurants.models import Restaurant
from restaurants.offers import Offer
from restaurants.pricing import busy_minutes
from restaurants.selectors.browsing import Card, Page
from restaurants.selectors.menu import Detail
from restaurants.selectors.places import OpenState
from restaurants.selectors.searching import Dish
from restaurants.selectors.staff import Kitchen

Body = dict[str, Any]


def card_body(card: Card) -> Body:
    place = card.restaurant
    return {
        "id": place.pk,
        "slug": place.slug,
        "name": place.name,
        "kind": place.kind,
        "cuisines": place.cuisines,
        "street": place.street,
        "lat": place.lat,
        "lng": place.lng,
        "price_level": place.price_level,
        "rating": place.rating_tenths / 10 if place.rating_count else None,
        "rating_count": place.rating_count,
        **_terms_body(card),
        "minimum_order": _money(place.minimum_order_minor, place.currency),
        **_state_body(card.state),
        "picture_url": reverse("restaurant-picture", args=[place.slug]),
        "promotions": [_offer_body(offer, place.currency) for offer in card.offers],
        "dish": _dish_body(card.dish, place.currency),
    }


def page_body(page: Page, request: Request) -> Body:
    return {
        "results": [card_body(card) for card in page.cards],
        "next": link(request, page.next),
        "previous": link(request, page.previous),
        "count": page.count,
        "cuisines": [{"name": name, "count": count} for name, count in page.cuisines],
    }


def favourite_body(place: Restaurant) -> Body:
    return {
        "restaurant_id": place.pk,
        "slug": place.slug,
        "name": place.name,
        "picture_url": reverse("restaurant-picture", args=[place.slug]),
        "active": place.is_active,
    }


def area_body(ring: list[list[float]] | None) -> Body | None:
    return None if ring is None else {"type": "Polygon", "coordinates": [ring]}


def _offer_body(offer: Offer, currency: str) -> Body:
    def money(amount_minor: int | None) -> Body | None:
        return None if amount_minor is None else _money(amount_minor, currency)

    return {
        "id": offer.id,
        "title": offer.title,
        "kind": offer.kind.value,
        "percent_bp": offer.percent_bp,
        "amount": money(offer.amount_minor),
        "maximum": money(offer.maximum_minor),
        "minimum": _money(offer.minimum_minor, currency),
        "ends_at": offer.ends_at,
    }


def _dish_body(dish: Dish | None, currency: str) -> Body | None:
    if dish is None:
        return None
    return {"id": dish.id, "name": dish.name, "price": _money(dish.price_minor, currency)}


def detail_body(detail: Detail, now: datetime) -> Body:
    place, terms = detail.card.restaurant, detail.card.terms
    return card_body(detail.card) | {
        "description": place.description,
        "city": place.city,
        "postcode": place.postcode,
        "phone": place.phone,
        "timezone": place.timezone,
        "currency": place.currency,
        "delivers_here": terms.is_within_reach if terms else None,
        "hours": [
            {"weekday": span.weekday, "opens": _clock(span.opens), "closes": _clock(span.closes)}
            for span in detail.schedule.week
        ],
        "special_days": [
            {
                "date": span.date,
                "opens": _clock(span.opens),
                "closes": _clock(span.closes),
                "repeats_yearly": span.repeats_yearly,
            }
            for span in detail.schedule.specials
        ],
        "delivery_area": area_body(place.delivery_area),
        "menu": {"sections": sections_body(detail.sections, place, now)},
    }


def kitchen_body(kitchen: Kitchen, now: datetime) -> Body:
    place = kitchen.restaurant
    extra_minutes = busy_minutes(place, at=now)
    return {
        "id": place.pk,
        "slug": place.slug,
        "name": place.name,
        "role": kitchen.role,
        "accepting": place.is_accepting,
        "paused_until": place.paused_until,
        "prep_minutes": place.prep_minutes,
        "busy": None if extra_minutes == 0 else {"extra_minutes": extra_minutes, "until": place.busy_until},
        **_state_body(kitchen.state),
    }


def _terms_body(card: Card) -> Body:
    if card.terms is None:
        return {"distance_m": None, "delivery_fee": None, "eta_minutes": None}
    earliest, latest = card.terms.eta_minutes
    return {
        "distance_m": card.terms.distance_m,
        "delivery_fee": _money(card.terms.fee_minor, card.restaurant.currency),
        "eta_minutes": {"from": earliest, "to": latest},
    }


def _state_body(state: OpenState) -> Body:
    return {
        "open": state.is_open,
        "next_opening_at": state.next_opening_at,
        "closes_at": state.closes_at,
        "last_order_at": state.last_order_at,
    }


def _money(amount_minor: int, currency: str) -> Body:
    return Money(amount_minor, currency).as_json()


def _clock(wall: time | None) -> str | None:
    return f"{wall:%H:%M}" if wall else None
