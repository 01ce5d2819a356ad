"""What delivery costs and how long it takes before anybody rides: pure functions of facts and metres.

The distance meant here is the straight line, because the delivery radius and the price must be the same
in the list (where nobody routes) and in the quote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from deliveryapp.geo import Point, haversine_m, in_polygon
from deliveryapp.routing import DEFAULT_CIRCUITY, VEHICLES

FREE_DISTANCE_M = 1_000
MAX_CORNERS = 200  # of a delivery area
HAND_OVERS_S = 240  # pick-up at the counter and drop-off at the door
_STEP_MINUTES = 5


class DeliveryTariff(Protocol):
    """How a restaurant delivers; money in minor units of its currency."""

    @property
    def prep_minutes(self) -> int: ...
    @property
    def busy_minutes(self) -> int: ...
    @property
    def busy_until(self) -> datetime | None: ...
    @property
    def delivery_radius_m(self) -> int: ...
    @property
    def delivery_fee_minor(self) -> int: ...
    @property
    def delivery_fee_per_km_minor(self) -> int: ...


class Deliverer(DeliveryTariff, Protocol):
    """Who delivers from where, and how far."""

    @property
    def lat(self) -> float: ...
    @property
    def lng(self) -> float: ...
    @property
    def delivery_area(self) -> Sequence[Sequence[float]] | None: ...


class EtaMinutes(NamedTuple):
    """A promise in minutes from the order to the door."""

    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class DeliveryTerms:
    """What a delivery to one point would be; `distance_m` is the straight line reach and fee depend on."""

    distance_m: int
    is_within_reach: bool
    fee_minor: int
    eta_minutes: EtaMinutes


def busy_minutes(tariff: DeliveryTariff, *, at: datetime) -> int:
    """What a busy kitchen needs on top of its usual time for what it begins at `at`."""
    is_busy = tariff.busy_until is not None and at < tariff.busy_until
    return tariff.busy_minutes if is_busy else 0


def terms_to(place: Deliverer, point: Point, *, at: datetime) -> DeliveryTerms:
    """Reach, fee and time to `point` of what is cooked from `at`; the list, the quote and the order all take
    them from here.
    """
    distance_m = haversine_m(point, Point(place.lat, place.lng))
    if place.delivery_area is None:
        return delivery_terms(place, distance_m=distance_m, at=at)
    ring = [Point(lat, lng) for lng, lat in place.delivery_area]
    return delivery_terms(place, distance_m=distance_m, at=at, is_within_area=in_polygon(point, ring))


def delivery_terms(
    tariff: DeliveryTariff, *, distance_m: float, at: datetime, is_within_area: bool | None = None
) -> DeliveryTerms:
    """Over `distance_m`; `is_within_area` is None where no area is drawn and the radius decides."""
    prep_minutes = tariff.prep_minutes + busy_minutes(tariff, at=at)
    metres = round(distance_m)
    return DeliveryTerms(
        distance_m=metres,
        is_within_reach=metres <= tariff.delivery_radius_m if is_within_area is None else is_within_area,
        fee_minor=delivery_fee_minor(tariff, metres),
        eta_minutes=eta_minutes(prep_minutes=prep_minutes, distance_m=metres),
    )


def delivery_fee_minor(tariff: DeliveryTariff, distance_m: float) -> int:
    """Base fee up to the first kilometre, then pro rata by the metre, a broken minor unit rounded up."""
    extra_m = max(0, round(distance_m) - FREE_DISTANCE_M)
    return tariff.delivery_fee_minor + -(-tariff.delivery_fee_per_km_minor * extra_m // 1_000)


def ride_time(distance_m: float) -> timedelta:
    """From the kitchen's counter to the door over `distance_m` of straight line, by bicycle, with both
    hand-overs; the city's time."""
    ride_s = distance_m * DEFAULT_CIRCUITY / VEHICLES["bicycle"].speed_m_s
    return timedelta(seconds=ride_s + HAND_OVERS_S)


def eta_minutes(*, prep_minutes: int, distance_m: float) -> EtaMinutes:
    """Preparation plus a ride by bicycle over `distance_m` of straight line, as a range on five-minute marks.

    The late end leaves a quarter more, since kitchens and lights are late more often than early.
    """
    minutes = prep_minutes + ride_time(distance_m).total_seconds() / 60
    earliest = max(_STEP_MINUTES, int(minutes // _STEP_MINUTES) * _STEP_MINUTES)
    latest = -(-int(minutes * 1.25 + 1) // _STEP_MINUTES) * _STEP_MINUTES
    return EtaMinutes(earliest, max(latest, earliest + 2 * _STEP_MINUTES))
