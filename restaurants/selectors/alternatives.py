"""Where else to order when a restaurant fell through."""

from datetime import datetime
from uuid import UUID

from deliveryapp.geo import Point
from restaurants.models import Restaurant
from restaurants.selectors.browsing import Card, reachable_cards
from restaurants.selectors.facts import Alternative
from restaurants.selectors.reach import Search


def alternatives(*, restaurant_id: UUID, point: Point, limit: int, now: datetime) -> list[Alternative]:
    """Open restaurants that deliver to `point`: those that share a cuisine first, then the nearest."""
    wanted = Restaurant.objects.filter(pk=restaurant_id).values_list("cuisines", flat=True).first() or []
    cards = reachable_cards(search=Search(point=point, open_now=True), now=now)
    others = [card for card in cards if card.restaurant.pk != restaurant_id]
    others.sort(
        key=lambda card: not set(wanted) & set(card.restaurant.cuisines)
    )  # stable: by distance within
    return [_alternative(card) for card in others[:limit]]


def _alternative(card: Card) -> Alternative:
    place, terms = card.restaurant, card.terms
    assert terms is not None
    return Alternative(
        id=place.pk,
        slug=place.slug,
        name=place.name,
        cuisines=tuple(place.cuisines),
        rating=place.rating_tenths / 10 if place.rating_count else None,
        distance_m=terms.distance_m,
        delivery_fee_minor=terms.fee_minor,
        currency=place.currency,
        eta_minutes=terms.eta_minutes,
    )
