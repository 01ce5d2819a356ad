"""Taking no orders any more, and answering none of the open ones. What that means for orders is for whoever
conducts them.
"""

from datetime import datetime
from uuid import UUID

from deliveryapp.transactions import durable
from restaurants.errors import RestaurantNotFound
from restaurants.models import Restaurant
from restaurants.selectors.staff import require_staff

MAY_CLOSE = ("owner", "manager")


def close_out(*, user_id: UUID, restaurant_id: UUID, now: datetime) -> None:
    """Closed until resumed; what is not confirmed by now is rejected. For owners and managers.

    Raises RestaurantNotFound for a stranger and RoleRequired.
    """
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_CLOSE)
    _set(restaurant_id, is_accepting=False, paused_until=None, closed_out_at=now)


def suspend(*, restaurant_id: UUID, reason: str, now: datetime) -> None:
    """By support, whose right the caller has checked. Raises RestaurantNotFound."""
    _set(restaurant_id, suspended_at=now, suspended_because=reason[:120])


def lift_suspension(*, restaurant_id: UUID) -> None:
    """By support. Raises RestaurantNotFound."""
    _set(restaurant_id, suspended_at=None, suspended_because="")


def _set(restaurant_id: UUID, **fields: object) -> None:
    with durable():
        if not Restaurant.objects.filter(pk=restaurant_id).update(**fields):
            raise RestaurantNotFound
