"""A kitchen's day in figures, as its board shows them."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Avg, Count, F, Q, Sum

from deliveryapp.clock import unscaled
from deliveryapp.money import Money
from orders.models import Order
from orders.selectors.documents import Document
from restaurants import facade as restaurants

COOKED = (Order.Status.READY, Order.Status.PICKED_UP, Order.Status.DELIVERED)
REFUSALS = {"rejected": "rejected_by_restaurant", "missed": "restaurant_timeout"}
MINUTE = timedelta(minutes=1)


def today_document(*, restaurant_id: UUID, now: datetime) -> Document:
    """Of the restaurant's own calendar day so far; one statement over its orders. A scheduled order counts on
    the day on which the kitchen sees it. Revenue is the food of what was confirmed and not given up, and
    preparation is from the yes to the end of cooking, in the city's minutes.
    """
    begins_at, ends_at = restaurants.day_of(restaurant_id=restaurant_id, at=now)
    rows = Order.objects.filter(
        Q(opens_at__isnull=True, placed_at__gte=begins_at, placed_at__lt=ends_at)
        | Q(opens_at__gte=begins_at, opens_at__lt=min(ends_at, now)),
        restaurant_id=restaurant_id,
        placed_at__isnull=False,
    )
    kept = Q(confirmed_at__isnull=False) & ~Q(status=Order.Status.CANCELLED)
    figures = rows.aggregate(
        orders=Count("pk"),
        open=Count("pk", filter=~Q(status__in=Order.FINAL)),
        delivered=Count("pk", filter=Q(status=Order.Status.DELIVERED)),
        cancelled=Count("pk", filter=Q(status=Order.Status.CANCELLED)),
        revenue_minor=Sum("subtotal_minor", filter=kept),
        prepared_in=Avg(F("ready_at") - F("confirmed_at"), filter=Q(status__in=COOKED)),
        **{name: Count("pk", filter=Q(cancel_reason=reason)) for name, reason in REFUSALS.items()},
    )
    currency = restaurants.get_restaurant(restaurant_id=restaurant_id).currency
    prepared_in = figures.pop("prepared_in")
    return {
        "begins_at": begins_at,
        "ends_at": ends_at,
        "revenue": Money(figures.pop("revenue_minor") or 0, currency).as_json(),
        "average_prep_minutes": None if prepared_in is None else round(unscaled(prepared_in) / MINUTE),
        **figures,
    }
