"""Restaurants as facts, and whether they take orders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import JSONField, Q, QuerySet
from django.db.models.expressions import RawSQL

from deliveryapp.geo import Point
from restaurants import pricing
from restaurants.errors import RestaurantClosed, RestaurantNotFound
from restaurants.hours import Schedule, SpecialSpan, WeeklySpan
from restaurants.models import Restaurant
from restaurants.pricing import DeliveryTerms
from restaurants.selectors.facts import RestaurantInfo

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _Hours(TypedDict):
        week_json: list[tuple[int, str, str]]
        specials_json: list[tuple[str, str | None, str | None]]

    ScheduledRestaurant = WithAnnotations[Restaurant, _Hours]


@dataclass(frozen=True, slots=True)
class OpenState:
    """`next_opening_at` only while closed, `closes_at` only while open; None also when nobody knows."""

    is_open: bool
    next_opening_at: datetime | None
    closes_at: datetime | None


def get_restaurant(*, restaurant_id: UUID) -> RestaurantInfo:
    """Raises RestaurantNotFound. Also finds those that left the platform: their orders remain."""
    restaurant = Restaurant.objects.defer("picture_svg").filter(pk=restaurant_id).first()
    if restaurant is None:
        raise RestaurantNotFound
    return info_of(restaurant)


def answers_no_more(*, restaurant_id: UUID, ordered_at: datetime) -> bool:
    """The unconfirmed order of that time will not be answered: the kitchen closed on it, or is suspended."""
    closed = Q(suspended_at__isnull=False) | Q(closed_out_at__gte=ordered_at)
    return Restaurant.objects.filter(closed, pk=restaurant_id).exists()


def get_restaurants(*, ids: Iterable[UUID]) -> dict[UUID, RestaurantInfo]:
    """Those of `ids` that exist, in one query."""
    rows = Restaurant.objects.defer("picture_svg").filter(pk__in=set(ids))
    return {row.pk: info_of(row) for row in rows}


# Written out, since the ORM needs a millisecond of CPU to compile it and every order asks it.
_WEEK = """(
    SELECT coalesce(jsonb_agg(jsonb_build_array(weekday, opens, closes) ORDER BY weekday, opens), '[]')
    FROM restaurants_openinghours WHERE restaurant_id = restaurants_restaurant.id
)"""
_SPECIALS = """(
    SELECT coalesce(jsonb_agg(jsonb_build_array(date, opens, closes) ORDER BY date, opens), '[]')
    FROM restaurants_specialday WHERE restaurant_id = restaurants_restaurant.id AND date >= %s
)"""


def with_schedule(now: datetime) -> QuerySet[ScheduledRestaurant]:
    """Active restaurants, each with its hours and coming special days in the same row: see `schedule_of`."""
    first_day = now.date() - timedelta(days=2)  # a night may still be on, in a zone behind UTC
    return (
        Restaurant.objects.filter(is_active=True)
        .defer("picture_svg")
        .annotate(
            week_json=RawSQL(_WEEK, (), output_field=JSONField()),  # noqa: S611 - constant text
            specials_json=RawSQL(_SPECIALS, (first_day,), output_field=JSONField()),  # noqa: S611
        )
    )


def schedule_of(restaurant: ScheduledRestaurant) -> Schedule:
    """The schedule of a row read by `with_schedule`."""
    return Schedule(
        zone=ZoneInfo(restaurant.timezone),
        week=tuple(
            WeeklySpan(weekday, time.fromisoformat(opens), time.fromisoformat(closes))
            for weekday, opens, closes in restaurant.week_json
        ),
        specials=tuple(
            SpecialSpan(date.fromisoformat(day), _time(opens), _time(closes))
            for day, opens, closes in restaurant.specials_json
        ),
    )


def _time(text: str | None) -> time | None:
    return None if text is None else time.fromisoformat(text)


def open_state(restaurant: Restaurant, schedule: Schedule, now: datetime) -> OpenState:
    """Whether an order would be taken: doors open, and the kitchen neither paused nor switched off."""
    if not (restaurant.is_active and restaurant.is_accepting) or restaurant.suspended_at is not None:
        return OpenState(False, None, None)
    earliest = max(now, restaurant.paused_until or now)
    if earliest > now or not schedule.open_at(now):
        return OpenState(False, schedule.next_opening(earliest), None)
    return OpenState(True, None, schedule.closes_at(now))


def require_open(*, restaurant_id: UUID, at: datetime) -> None:
    """Raises RestaurantNotFound, and RestaurantClosed unless an order would be taken at that time."""
    restaurant = with_schedule(at).filter(pk=restaurant_id).first()
    if restaurant is None:
        raise RestaurantNotFound
    state = open_state(restaurant, schedule_of(restaurant), at)
    if not state.is_open:
        raise RestaurantClosed(next_opening_at=state.next_opening_at)


def info_of(restaurant: Restaurant) -> RestaurantInfo:
    return RestaurantInfo(
        id=restaurant.pk,
        slug=restaurant.slug,
        name=restaurant.name,
        location=Point(restaurant.lat, restaurant.lng),
        street=restaurant.street,
        city=restaurant.city,
        region=restaurant.region,
        timezone=restaurant.timezone,
        currency=restaurant.currency,
        prep_minutes=restaurant.prep_minutes,
        delivery_radius_m=restaurant.delivery_radius_m,
        delivery_fee_minor=restaurant.delivery_fee_minor,
        delivery_fee_per_km_minor=restaurant.delivery_fee_per_km_minor,
        minimum_order_minor=restaurant.minimum_order_minor,
        commission_bp=restaurant.commission_bp,
        tax_bp=restaurant.tax_bp,
        phone=restaurant.phone,
        delivery_area=restaurant.delivery_area,
    )


def delivery_terms(info: RestaurantInfo, point: Point) -> DeliveryTerms:
    """Reach, fee and time of a delivery to `point`."""
    return pricing.terms_to(info, point)
