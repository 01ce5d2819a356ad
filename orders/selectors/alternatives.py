"""Where else to order, as documents."""

from datetime import datetime

from deliveryapp.money import Money
from orders.models import Order
from orders.selectors.documents import Document
from restaurants import facade as restaurants
from restaurants.facade import Alternative

MOST = 5


def alternative_documents(order: Order, *, now: datetime) -> list[Document]:
    """The best first, at most MOST."""
    found = restaurants.alternatives(
        restaurant_id=order.restaurant_id, point=order.dropoff, limit=MOST, now=now
    )
    return [_alternative(place) for place in found]


def _alternative(place: Alternative) -> Document:
    earliest, latest = place.eta_minutes
    return {
        "id": place.id,
        "slug": place.slug,
        "name": place.name,
        "cuisines": place.cuisines,
        "rating": place.rating,
        "distance_m": place.distance_m,
        "delivery_fee": Money(place.delivery_fee_minor, place.currency).as_json(),
        "eta_minutes": {"from": earliest, "to": latest},
    }
