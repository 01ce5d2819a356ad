"""Pick-up and hand-over: the driver's assignment and the order move in one commit."""

from datetime import datetime
from uuid import UUID

from deliveryapp import saga
from deliveryapp.failpoints import failpoint
from deliveryapp.transactions import durable
from drivers import facade as drivers
from drivers.facade import Report
from orders.errors import OrderNotFound, OrderNotReady
from orders.events import OrderDelivered, OrderPickedUp
from orders.models import Order
from orders.services.moving import SAGA, Actor, lock_order, move


def pick_up(*, order_id: UUID, user_id: UUID, now: datetime, report: Report = drivers.HERE_AND_NOW) -> Order:
    """Repeating it changes nothing. Raises AssignmentNotFound for anyone but the order's driver,
    OrderNotReady, TooFarAway, ActionInFuture, ActionTooEarly.
    """
    step = drivers.Step.PICKED_UP
    drivers.require_near(user_id=user_id, order_id=order_id, step=step, report=report, now=now)
    with durable():
        order = _lock(order_id)
        ride = drivers.record_pick_up(order_id=order_id, user_id=user_id, now=now, report=report)
        if order.status == Order.Status.PICKED_UP:
            return order
        if order.status in (Order.Status.CONFIRMED, Order.Status.PREPARING):
            raise OrderNotReady(order_status=order.status, ready_at=order.ready_at)
        actor = Actor("driver", user_id)
        move(order, order.pick_up, OrderPickedUp, actor=actor, now=now, fields={"now": ride.picked_up_at})
        saga.wake(saga=SAGA, subject_id=order_id)
        failpoint("pick_up.before_commit")
    failpoint("pick_up.after_commit")
    return order


def deliver(*, order_id: UUID, user_id: UUID, now: datetime, report: Report = drivers.HERE_AND_NOW) -> Order:
    """Repeating it changes nothing. Raises AssignmentNotFound, IllegalMove, TooFarAway, ActionInFuture,
    ActionTooEarly.
    """
    step = drivers.Step.DELIVERED
    drivers.require_near(user_id=user_id, order_id=order_id, step=step, report=report, now=now)
    with durable():
        order = _lock(order_id)
        ride = drivers.record_delivery(order_id=order_id, user_id=user_id, now=now, report=report)
        if order.status == Order.Status.DELIVERED:
            return order
        actor = Actor("driver", user_id)
        move(order, order.deliver, OrderDelivered, actor=actor, now=now, fields={"now": ride.delivered_at})
        saga.wake(saga=SAGA, subject_id=order_id)
        failpoint("deliver.before_commit")
    failpoint("deliver.after_commit")
    return order


def _lock(order_id: UUID) -> Order:
    """An order that does not exist looks to a driver like one that is not his."""
    try:
        return lock_order(order_id)
    except OrderNotFound:
        raise drivers.AssignmentNotFound from None
