"""People become drivers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deliveryapp.geo import Point
from drivers.models import Driver, Vehicle


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDriver:
    """`point` is where he lives or waits; `rating_tenths` 0..50."""

    user_id: UUID
    name: str
    region: str
    vehicle: str = Vehicle.BICYCLE
    capacity: int = 1
    rating_tenths: int = 50
    point: Point | None = None


def register_drivers(*, rows: Sequence[NewDriver], now: datetime) -> int:
    """Add drivers, off shift; users who are drivers already stay as they are. Returns how many were new."""
    known = set(
        Driver.objects.filter(user_id__in=[row.user_id for row in rows]).values_list("user_id", flat=True)
    )
    fresh = [_driver(row, now) for row in rows if row.user_id not in known]
    Driver.objects.bulk_create(fresh, batch_size=1000, ignore_conflicts=True)
    return len(fresh)


def _driver(row: NewDriver, now: datetime) -> Driver:
    return Driver(
        user_id=row.user_id,
        name=row.name,
        region=row.region,
        vehicle=row.vehicle,
        capacity=row.capacity,
        rating_tenths=row.rating_tenths,
        last_lat=row.point.lat if row.point else None,
        last_lng=row.point.lng if row.point else None,
        last_seen_at=now if row.point else None,
    )
