"""What restaurant staff do with an order. The gate (staff of this restaurant) is in the selector the door
uses.
"""

from datetime import datetime, timedelta
from uuid import UUID

from deliveryapp import saga
from deliveryapp.clock import scaled, unscaled
from deliveryapp.failpoints import failpoint
from deliveryapp.transactions import durable
from drivers import facade as drivers
from orders import scheduling
from orders.errors import IllegalMove, LineInQuestion, ReasonNotValid
from orders.events import OrderConfirmed, OrderPreparing, OrderPrepTimeChanged, OrderReady
from orders.models import Order
from orders.reject_reasons import reasons_for
from orders.services.cancelling import cancel_locked
from orders.services.lateness import PROMISED_ANEW
from orders.services.moving import SAGA, Actor, lock_order, move
from orders.services.swaps import open_swaps
from restaurants import facade as restaurants


def acknowledge(*, order_id: UUID, user_id: UUID, now: datetime) -> None:
    """A screen in the kitchen has shown the order, which ends the escalation; it may be quicker than the saga
    that opens the ticket.
    """
    with durable():
        order = lock_order(order_id)
        if order.status in Order.ON_BOARD:
            restaurants.open_ticket(order_id=order_id, restaurant_id=order.restaurant_id, now=now)
            restaurants.acknowledge_ticket(order_id=order_id, user_id=user_id, now=now)


def confirm(*, order_id: UUID, user_id: UUID, prep_minutes: int, now: datetime) -> Order:
    """Raises IllegalMove when the order was cancelled, rejected or timed out first."""
    with durable():
        order = lock_order(order_id)
        ready_at = scheduling.ready_at(order, cooked_at=now + scaled(timedelta(minutes=prep_minutes)))
        move(
            order,
            order.confirm,
            OrderConfirmed,
            actor=Actor("restaurant", user_id),
            now=now,
            fields={"prep_minutes": prep_minutes, "ready_at": ready_at, "now": now},
            facts={"ready_at": ready_at},
        )
        saga.wake(saga=SAGA, subject_id=order_id)
        failpoint("confirm.before_commit")
    failpoint("confirm.after_commit")
    return order


def reject(*, order_id: UUID, user_id: UUID, reason: str, detail: str, now: datetime) -> Order:
    """Only while unconfirmed; the hold is released. Raises IllegalMove and ReasonNotValid."""
    with durable():
        order = lock_order(order_id)
        if order.status != Order.Status.PLACED:
            raise IllegalMove(f"The order is {order.status}.", order_status=order.status)
        _require_reason(order, reason)
        actor = Actor("restaurant", user_id)
        said = f"{reason} {detail}".strip()
        cancel_locked(order, code="rejected_by_restaurant", actor=actor, detail=said, now=now)
    return order


def cancel_confirmed(*, order_id: UUID, user_id: UUID, reason: str, detail: str, now: datetime) -> Order:
    """The kitchen gives up what it had confirmed, until pick-up; it is not paid. Raises IllegalMove and
    ReasonNotValid.
    """
    with durable():
        order = lock_order(order_id)
        if order.status not in Order.IN_KITCHEN:
            raise IllegalMove(f"The order is {order.status}.", order_status=order.status)
        _require_reason(order, reason)
        said = f"{reason} {detail}".strip()
        actor = Actor("restaurant", user_id)
        cancel_locked(order, code="cancelled_by_restaurant", actor=actor, detail=said, now=now)
    return order


def change_prep_time(*, order_id: UUID, user_id: UUID, minutes: int, now: datetime) -> Order:
    """Ready in so many minutes from now: a new promise. Raises IllegalMove once cooked or before the yes."""
    with durable():
        order = lock_order(order_id)
        ready_at, actor = now + scaled(timedelta(minutes=minutes)), Actor("restaurant", user_id)
        since = order.confirmed_at or now
        whole = round(unscaled(ready_at - since) / timedelta(minutes=1))
        move(
            order,
            order.promise_anew,
            OrderPrepTimeChanged,
            actor=actor,
            now=now,
            reason=f"{PROMISED_ANEW} {minutes} minutes",
            fields={"prep_minutes": whole, "ready_at": ready_at},
            facts={"ready_at": ready_at, "actor": actor.kind},
        )
        drivers.set_ready_at(order_id=order_id, ready_at=ready_at, now=now)
        saga.wake(saga=SAGA, subject_id=order_id)
    return order


def start_preparing(*, order_id: UUID, user_id: UUID, now: datetime) -> Order:
    with durable():
        order = lock_order(order_id)
        _start(order, Actor("restaurant", user_id), now)
    return order


def mark_ready(*, order_id: UUID, user_id: UUID, now: datetime) -> Order:
    """A kitchen that forgot to press "start" presses only "ready": both moves are recorded.

    Raises IllegalMove, and LineInQuestion while a swap waits for the customer's answer.
    """
    with durable():
        order = lock_order(order_id)
        actor = Actor("restaurant", user_id)
        if open_swaps(order):
            raise LineInQuestion
        if order.status == Order.Status.CONFIRMED:
            _start(order, actor, now)
        move(order, order.mark_ready, OrderReady, actor=actor, now=now, fields={"now": now})
        drivers.set_ready_at(order_id=order_id, ready_at=now, now=now)
        saga.wake(saga=SAGA, subject_id=order_id)  # it may wait for a late kitchen
    return order


def _require_reason(order: Order, reason: str) -> None:
    valid = reasons_for(order.status)
    if reason not in valid:
        raise ReasonNotValid(f"The order is {order.status}.", reasons=list(valid))


def _start(order: Order, actor: Actor, now: datetime) -> None:
    move(order, order.start_preparing, OrderPreparing, actor=actor, now=now)
