"""Facts as JSON values, in the shapes that `serializers` describes."""

from datetime import datetime, time
from typing import Any

from django.urls import reverse
from rest_framework.request import Request

from deliveryapp.money import Money
from restaurants.api.paging import link
from restaurants.models import MenuItem, MenuSection, OptionGroup, Restaurant
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
            {"date": span.date, "opens": _clock(span.opens), "closes": _clock(span.closes)}
            for span in detail.schedule.specials
        ],
        "delivery_area": area_body(place.delivery_area),
        "menu": {"sections": [_section_body(section, place.currency, now) for section in detail.sections]},
    }


def item_state_body(item: MenuItem, now: datetime) -> Body:
    sold_out_until = item.sold_out_until
    return {
        "id": item.pk,
        "name": item.name,
        "available": item.is_sold(now),
        "sold_out_until": sold_out_until if sold_out_until and sold_out_until > now else None,
    }


def kitchen_body(kitchen: Kitchen) -> Body:
    place = kitchen.restaurant
    return {
        "id": place.pk,
        "slug": place.slug,
        "name": place.name,
        "role": kitchen.role,
        "accepting": place.is_accepting,
        "paused_until": place.paused_until,
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
    return {"open": state.is_open, "next_opening_at": state.next_opening_at, "closes_at": state.closes_at}


def _section_body(section: MenuSection, currency: str, now: datetime) -> Body:
    items = [_item_body(item, currency, now) for item in section.items.all()]
    return {"id": section.pk, "name": section.name, "items": items}


def _item_body(item: MenuItem, currency: str, now: datetime) -> Body:
    return item_state_body(item, now) | {
        "description": item.description,
        "price": _money(item.price_minor, currency),
        "picture": item.picture,
        "allergens": item.allergens,
        "diets": item.diets,
        "option_groups": [_group_body(group, currency) for group in item.option_groups.all()],
    }


def _group_body(group: OptionGroup, currency: str) -> Body:
    return {
        "id": group.pk,
        "name": group.name,
        "min_choices": group.min_choices,
        "max_choices": group.max_choices,
        "options": [
            {
                "id": option.pk,
                "name": option.name,
                "price_delta": _money(option.price_delta_minor, currency),
                "available": option.is_available,
            }
            for option in group.options.all()
        ],
    }


def _money(amount_minor: int, currency: str) -> Body:
    return Money(amount_minor, currency).as_json()


def _clock(wall: time | None) -> str | None:
    return f"{wall:%H:%M}" if wall else None
