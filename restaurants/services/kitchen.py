"""What people in a kitchen switch: taking orders or not, and being busy."""

from datetime import datetime, timedelta
from uuid import UUID

from deliveryapp.clock import scaled
from restaurants.errors import RestaurantSuspended
from restaurants.models import Restaurant
from restaurants.selectors.staff import Kitchen, kitchen, require_staff


def pause(
    *,
    user_id: UUID,
    restaurant_id: UUID,
    minutes: int | None = None,
    until: datetime | None = None,
    now: datetime,
) -> Kitchen:
    """Take no orders until a moment, for some minutes of the city's time, or without either until resumed.

    Staff only.
    """
    paused_until = _end(minutes, until, now)
    _switch(user_id, restaurant_id, is_accepting=paused_until is not None, paused_until=paused_until)
    return kitchen(user_id=user_id, restaurant_id=restaurant_id, now=now)


def set_busy(
    *,
    user_id: UUID,
    restaurant_id: UUID,
    extra_minutes: int,
    minutes: int | None = None,
    until: datetime | None = None,
    now: datetime,
) -> Kitchen:
    """Promise so many minutes more of cooking, until it ends by itself; 0 ends it now. Staff only."""
    require_staff(user_id=user_id, restaurant_id=restaurant_id)
    busy_until = _end(minutes, until, now) if extra_minutes else None
    rows = Restaurant.objects.filter(pk=restaurant_id)
    rows.update(busy_minutes=extra_minutes, busy_until=busy_until)
    return kitchen(user_id=user_id, restaurant_id=restaurant_id, now=now)


def _end(minutes: int | None, until: datetime | None, now: datetime) -> datetime | None:
    return until if minutes is None else now + scaled(timedelta(minutes=minutes))


def resume(*, user_id: UUID, restaurant_id: UUID, now: datetime) -> Kitchen:
    """Take orders again, within the opening hours. Staff only. Raises RestaurantSuspended."""
    require_staff(user_id=user_id, restaurant_id=restaurant_id)
    if Restaurant.objects.filter(pk=restaurant_id, suspended_at__isnull=False).exists():
        raise RestaurantSuspended
    _switch(user_id, restaurant_id, is_accepting=True, paused_until=None)
    return kitchen(user_id=user_id, restaurant_id=restaurant_id, now=now)


def _switch(user_id: UUID, restaurant_id: UUID, *, is_accepting: bool, paused_until: datetime | None) -> None:
    require_staff(user_id=user_id, restaurant_id=restaurant_id)
    Restaurant.objects.filter(pk=restaurant_id).update(is_accepting=is_accepting, paused_until=paused_until)
