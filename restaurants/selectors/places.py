"""Restaurants as facts, and whether they take orders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import JSONField, Q, QuerySet
from django.db.models.expressions import RawSQL

from deliveryapp.geo import Point
from restaurants import pricing
from restaurants.errors import RestaurantClosed, RestaurantNotFound
from restaurants.hours import Schedule, SpecialSpan, WeeklySpan, first_instant
from restaurants.models import Restaurant, SlotLoad
from restaurants.pricing import DeliveryTerms
from restaurants.selectors.facts import ComingOpenings, RestaurantInfo

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    class _Hours(TypedDict):
        week_json: list[tuple[int, str, str]]
        specials_json: list[tuple[str, str | None, str | None, bool]]

    ScheduledRestaurant = WithAnnotations[Restaurant, _Hours]


@dataclass(frozen=True, slots=True)
class OpenState:
    """Whether orders are taken. `next_opening_at` (when they are again) only while not, `closes_at` (the
    doors) and `last_order_at` only while they are; None also when nobody knows.
    """

    is_open: bool
    next_opening_at: datetime | None
    closes_at: datetime | None
    last_order_at: datetime | None = None


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
    SELECT coalesce(
        jsonb_agg(jsonb_build_array(date, opens, closes, repeats_yearly) ORDER BY date, opens), '[]'
    )
    FROM restaurants_specialday
    WHERE restaurant_id = restaurants_restaurant.id AND (date >= %s OR repeats_yearly)
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
            SpecialSpan(date.fromisoformat(day), _time(opens), _time(closes), repeats)
            for day, opens, closes, repeats in restaurant.specials_json
        ),
        last_order=timedelta(minutes=restaurant.last_order_minutes),
    )


def _time(text: str | None) -> time | None:
    return None if text is None else time.fromisoformat(text)


def open_state(restaurant: Restaurant, schedule: Schedule, now: datetime) -> OpenState:
    """Whether an order would be taken: doors open, the last order not past, and the kitchen neither paused
    nor switched off.
    """
    if is_switched_off(restaurant):
        return OpenState(False, None, None)
    earliest = max(now, restaurant.paused_until or now)
    if earliest > now or not schedule.takes_orders(now):
        return OpenState(False, schedule.next_order(earliest), None)
    closes_at = schedule.closes_at(now)
    return OpenState(True, None, closes_at, closes_at and closes_at - schedule.last_order)


def is_switched_off(restaurant: Restaurant) -> bool:
    """No order is taken, for now or for later, until a person says so."""
    return not (restaurant.is_active and restaurant.is_accepting) or restaurant.suspended_at is not None


def coming_openings(*, restaurant_id: UUID, start: datetime, end: datetime) -> ComingOpenings:
    """When between `start` and `end` orders are taken and cooked; never while it is switched off or paused.

    Raises RestaurantNotFound.
    """
    restaurant = with_schedule(start).filter(pk=restaurant_id).first()
    if restaurant is None:
        raise RestaurantNotFound
    begin, schedule = max(start, restaurant.paused_until or start), schedule_of(restaurant)
    openings = [] if is_switched_off(restaurant) else schedule.openings(begin, end)
    spans = tuple((max(opens, begin), closes) for opens, closes in openings)
    return ComingOpenings(info_of(restaurant), spans, schedule.last_order)


def slot_loads(*, restaurant_id: UUID, first: datetime, last: datetime) -> dict[datetime, int]:
    """How many orders begin in each quarter of an hour of that time; those without any are left out."""
    rows = SlotLoad.objects.filter(restaurant=restaurant_id, starts_at__gte=first, starts_at__lte=last)
    return dict(rows.values_list("starts_at", "taken"))


def require_open(*, restaurant_id: UUID, at: datetime) -> None:
    """Raises RestaurantNotFound, and RestaurantClosed unless there is cooking at that time: what was ordered
    in time may be ready after the last order, until the doors close.
    """
    restaurant = with_schedule(at).filter(pk=restaurant_id).first()
    if restaurant is None:
        raise RestaurantNotFound
    schedule = replace(schedule_of(restaurant), last_order=timedelta(0))
    state = open_state(restaurant, schedule, at)
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
        busy_minutes=restaurant.busy_minutes,
        busy_until=restaurant.busy_until,
        slot_capacity=restaurant.slot_capacity,
        delivery_radius_m=restaurant.delivery_radius_m,
        delivery_fee_minor=restaurant.delivery_fee_minor,
        delivery_fee_per_km_minor=restaurant.delivery_fee_per_km_minor,
        minimum_order_minor=restaurant.minimum_order_minor,
        commission_bp=restaurant.commission_bp,
        tax_bp=restaurant.tax_bp,
        phone=restaurant.phone,
        delivery_area=restaurant.delivery_area,
    )


def delivery_terms(info: RestaurantInfo, point: Point, *, at: datetime) -> DeliveryTerms:
    """Reach, fee and time of a delivery to `point` that is cooked from `at`."""
    return pricing.terms_to(info, point, at=at)


def day_of(*, restaurant_id: UUID, at: datetime) -> tuple[datetime, datetime]:
    """The calendar day of the restaurant's own clock: its first instant and that of the next one.

    Raises RestaurantNotFound.
    """
    zone_name = Restaurant.objects.filter(pk=restaurant_id).values_list("timezone", flat=True).first()
    if zone_name is None:
        raise RestaurantNotFound
    zone = ZoneInfo(zone_name)
    today = at.astimezone(zone).date()
    return first_instant(today, time(0), zone), first_instant(today + timedelta(days=1), time(0), zone)
