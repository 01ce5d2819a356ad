"""How an order moves: lock, transition, history row and event in one commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django_fsm import TransitionNotAllowed

from deliveryapp.batch import Batch
from deliveryapp.outbox import publish
from deliveryapp.transactions import require_transaction
from orders.errors import IllegalMove, OrderNotFound
from orders.events import _OrderEvent
from orders.models import Order, OrderStatusChange
from orders.services import discounting
from restaurants import facade as restaurants

SAGA = "order"
COMES_TO_NOTHING = (Order.Status.CANCELLED, Order.Status.FAILED)
MOVED_FIELDS = (
    "status",
    "seq",
    "promotion_is_spent",
    "prep_minutes",
    "ready_at",
    "promised_ready_at",
    "cancel_reason",
    "placed_at",
    "confirmed_at",
    "picked_up_at",
    "delivered_at",
    "cancelled_at",
    "updated_at",
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who moved an order. `kind`: customer, restaurant, driver, support or system."""

    kind: str
    id: UUID | None = None


SYSTEM = Actor("system")


def lock_order(order_id: UUID) -> Order:
    """The order under its row lock, first in the lock order. Raises OrderNotFound."""
    require_transaction()
    order = Order.objects.select_for_update(no_key=True).filter(pk=order_id).first()
    if order is None:
        raise OrderNotFound
    return order


def move(
    order: Order,
    transition: Callable[..., None],
    event: type[_OrderEvent],
    *,
    actor: Actor,
    now: datetime,
    reason: str = "",
    batch: Batch | None = None,
    fields: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
    also: Sequence[str] = (),
) -> None:
    """Carry out one transition of a locked order. `fields` go to the transition, `facts` into the event;
    `also` names further fields of the order that changed.

    Without a batch it writes at once; with one it adds its rows, conditional on the order being unchanged.
    Raises IllegalMove.
    """
    was = (order.status, order.seq)
    try:
        transition(**(fields or {}))
    except TransitionNotAllowed:
        raise IllegalMove(f"The order is {was[0]}.", order_status=was[0]) from None
    order.seq, order.updated_at = was[1] + 1, now
    rows = batch or Batch()
    if order.status in COMES_TO_NOTHING:
        _give_back(rows, order, was=was[0], actor=actor)
    rows.update(
        Order.objects.filter(pk=order.pk, status=was[0], seq=was[1]),
        **{name: getattr(order, name) for name in (*MOVED_FIELDS, *also)},
    )
    rows.insert(history_row(order, from_status=was[0], actor=actor, reason=reason, now=now))
    publish(event_of(order, event, **(facts or {})), seq=order.seq, now=now, batch=rows)
    if batch is None:
        rows.execute()


def _give_back(rows: Batch, order: Order, *, was: str, actor: Actor) -> None:
    """In the order in which placing takes them: dishes (before the move), promotion, place."""
    discounting.give_back(rows, order, was=was, by=actor.kind)
    if order.slot_at is not None:
        restaurants.free_place(rows, restaurant_id=order.restaurant_id, slot_at=order.slot_at)


def history_row(
    order: Order, *, from_status: str, actor: Actor, now: datetime, reason: str = ""
) -> OrderStatusChange:
    return OrderStatusChange(
        order=order,
        seq=order.seq,
        from_status=from_status,
        to_status=order.status,
        actor=actor.kind,
        actor_id=actor.id,
        reason=reason[:200],
        at=now,
    )


def event_of(order: Order, event: type[_OrderEvent], **facts: Any) -> _OrderEvent:
    return event(order_id=order.pk, restaurant_id=order.restaurant_id, region=order.region, **facts)
