"""A restaurant that closes, or is suspended, on orders it has not confirmed (R8).

Decided in one place: the order saga's `await_confirmation` asks the restaurant whether the order will still
be answered. Here the restaurant's state is changed first and the sagas are woken after, so that an order that
is placed in between finds the new state by itself.
"""

from datetime import datetime
from uuid import UUID

import structlog
from django.db.models.functions import Now

from deliveryapp import saga
from deliveryapp.transactions import durable
from orders.models import Order
from orders.services.cancelling import cancel_locked
from orders.services.moving import SAGA, SYSTEM, lock_order
from restaurants import facade as restaurants

log = structlog.get_logger(__name__)


def close_restaurant(*, user_id: UUID, restaurant_id: UUID, now: datetime) -> int:
    """Closed until resumed, and what is unconfirmed is cancelled; how many orders that concerns.

    Raises RestaurantNotFound, RoleRequired.
    """
    restaurants.close_out(user_id=user_id, restaurant_id=restaurant_id, now=now)
    return _wake_unconfirmed(restaurant_id)


def suspend_restaurant(*, restaurant_id: UUID, user_id: UUID, reason: str, now: datetime) -> int:
    """As `close_restaurant`, by support and until support lifts it. Raises RestaurantNotFound."""
    restaurants.suspend(restaurant_id=restaurant_id, reason=reason, now=now)
    log.warning(
        "restaurant_suspended",
        restaurant_id=str(restaurant_id),
        by=str(user_id),
        confirmed=_open(restaurant_id),
    )
    return _wake_unconfirmed(restaurant_id)


def lift_suspension(*, restaurant_id: UUID, user_id: UUID) -> None:
    """Raises RestaurantNotFound."""
    restaurants.lift_suspension(restaurant_id=restaurant_id)
    log.warning("restaurant_suspension_lifted", restaurant_id=str(restaurant_id), by=str(user_id))


def reject_if_closed(*, order_id: UUID, now: datetime) -> bool:
    """Cancel an order that its restaurant will not answer any more; False when it still may."""
    order = Order.objects.get(pk=order_id)
    meant_for = order.opens_at or order.created_at
    if not restaurants.answers_no_more(restaurant_id=order.restaurant_id, ordered_at=meant_for):
        return False
    with durable():
        order = lock_order(order_id)
        if order.status == Order.Status.PLACED:
            cancel_locked(order, code="restaurant_closed", actor=SYSTEM, now=now)
    return True


def _open(restaurant_id: UUID) -> int:
    """Confirmed orders that the kitchen must finish or cancel; support finds them by the restaurant."""
    return Order.objects.filter(restaurant_id=restaurant_id, status__in=Order.IN_KITCHEN).count()


def _wake_unconfirmed(restaurant_id: UUID) -> int:
    """A scheduled order whose time is still to come is decided on then."""
    waiting = Order.objects.filter(restaurant_id=restaurant_id, status=Order.Status.PLACED)
    waiting = waiting.exclude(opens_at__gt=Now())
    order_ids = list(waiting.order_by("placed_at").values_list("pk", flat=True))
    with durable():
        saga.wake_all(saga=SAGA, subject_ids=order_ids)
    return len(order_ids)
