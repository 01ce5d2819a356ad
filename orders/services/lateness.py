"""A kitchen that promised a time and let it pass: reminded once, expected later, then support's (R7).

Lateness is measured from what the kitchen promised last; a new promise ends it.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from deliveryapp.clock import scaled
from deliveryapp.transactions import durable
from drivers import facade as drivers
from orders.events import OrderPrepTimeChanged
from orders.models import Kind, Order
from orders.services.moving import SYSTEM, lock_order, move
from orders.services.notifying import ask_to_tell

REMINDED_AFTER = timedelta(minutes=5)
SUPPORT_AFTER = timedelta(minutes=20)
EXPECTED_AFTER_REMINDER = timedelta(minutes=10)
PROMISED_ANEW = "ready in"  # how such a move begins to say why
FLOOR = timedelta(seconds=30)  # when the city's time runs fast, machines still need theirs
COOKING = (Order.Status.CONFIRMED, Order.Status.PREPARING)


def late_by(order: Order, now: datetime) -> timedelta:
    """Zero when it is in time, cooked or not confirmed."""
    if order.status not in COOKING or order.promised_ready_at is None:
        return timedelta(0)
    return max(timedelta(0), now - order.promised_ready_at)


def is_grave(order: Order, now: datetime) -> bool:
    """So late that a person should call the kitchen."""
    return late_by(order, now) > scaled(SUPPORT_AFTER, floor=2 * FLOOR)


def follow_kitchen(*, order_id: UUID, now: datetime) -> bool:
    """Remind a late kitchen once per promise and tell the others; True when support should look."""
    order = Order.objects.get(pk=order_id)
    if late_by(order, now) > scaled(REMINDED_AFTER, floor=FLOOR):
        with durable():
            order = lock_order(order_id)
            if late_by(order, now) > scaled(REMINDED_AFTER, floor=FLOOR):
                _remind(order, now)
    return is_grave(order, now)


def _remind(order: Order, now: datetime) -> None:
    promise = f"promise {_promises(order)}"
    if not ask_to_tell(order, Kind.KITCHEN_LATE, now=now, occurrence=promise):
        return
    ask_to_tell(order, Kind.ORDER_LATE, now=now)
    rider = drivers.assignment_of(order_id=order.pk)
    if rider is not None:
        ask_to_tell(order, Kind.PICKUP_MOVED, now=now, occurrence=promise, driver_id=rider.driver_id)
    expect(order, ready_at=now + scaled(EXPECTED_AFTER_REMINDER, floor=FLOOR), now=now)


def _promises(order: Order) -> int:
    """How often the kitchen has named a time; the first was with its yes."""
    anew = order.history.filter(
        actor="restaurant", from_status=F("to_status"), reason__startswith=PROMISED_ANEW
    )
    return 1 + anew.count()


def expect(order: Order, *, ready_at: datetime, now: datetime) -> None:
    """Everybody counts with a later time now: the customer's ETA, the driver's pick-up, the dispatcher."""
    move(
        order,
        order.expect_later,
        OrderPrepTimeChanged,
        actor=SYSTEM,
        now=now,
        reason="kitchen_late",
        fields={"ready_at": ready_at},
        facts={"ready_at": ready_at, "actor": SYSTEM.kind},
    )
    drivers.set_ready_at(order_id=order.pk, ready_at=ready_at, now=now)
