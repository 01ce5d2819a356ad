"""Ends before the door: each decides under the order's lock; the saga then undoes what was done."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F

from deliveryapp import saga
from deliveryapp.batch import Batch
from deliveryapp.idempotency import Answer, once
from deliveryapp.models import User
from deliveryapp.transactions import durable, require_transaction
from orders.errors import NotCancellable
from orders.events import OrderCancelled, OrderFailed
from orders.models import Amendment, Customer, Kind, Order, OrderFailure, OrderLine
from orders.selectors import documents
from orders.services import stock, swaps
from orders.services.moving import SAGA, SYSTEM, Actor, lock_order, move

EXCUSES = (Kind.ORDER_LATE, Kind.SEARCH_TAKES_LONGER, Kind.DRIVER_CHANGED, Kind.DRIVER_SILENT)


def cancel_once(*, order_id: UUID, user: User, reason: str, key: str | None, now: datetime) -> Answer:
    """`cancel_order` behind the client's key: a retried cancel gets the first answer again."""

    def cancel() -> Answer:
        order = cancel_order(order_id=order_id, user=user, reason=reason, now=now)
        return Answer(status=200, body=documents.order_document_of(order))

    return once(
        user_id=user.pk,
        key=key,
        operation="cancel_order",
        asked=[order_id, reason],
        effect=cancel,
        now=now,
    )


def cancel_order(*, order_id: UUID, user: User, reason: str, now: datetime) -> Order:
    """By its customer, or by support on somebody's behalf; inside the caller's transaction."""
    own = Order.objects.filter(pk=order_id, customer_id=user.pk).exists()
    cancel = cancel_as_customer if own or not user.is_support else cancel_as_support
    return cancel(order_id=order_id, user_id=user.pk, reason=reason, now=now)


def cancel_as_customer(*, order_id: UUID, user_id: UUID, reason: str, now: datetime) -> Order:
    """Until the door; what goes back is for `refund_policy` to say (R9). Raises NotCancellable."""
    require_transaction()
    order, actor = lock_order(order_id), Actor("customer", user_id)
    if order.status == Order.Status.CREATED:
        fail_locked(order, code="cancelled_by_customer", actor=actor, detail=reason, now=now)
        return order
    if order.status not in Order.ON_BOARD:
        raise NotCancellable(f"The order is {order.status}.", order_status=order.status)
    cancel_locked(order, code="cancelled_by_customer", actor=actor, detail=reason, now=now)
    if not _is_excused(order, now):
        Customer.objects.filter(pk=order.customer_id).update(cancelled_count=F("cancelled_count") + 1)
    return order


def _is_excused(order: Order, now: datetime) -> bool:
    """It was not whim: we had told of a delay, the kitchen had not even seen the scheduled order, or did not
    have what was ordered.
    """
    unseen = order.opens_at is not None and order.opens_at > now
    refused = Amendment.State.REFUSED
    return (
        unseen
        or order.notifications.filter(kind__in=EXCUSES).exists()
        or order.amendments.filter(state=refused).exists()
    )


def cancel_as_support(*, order_id: UUID, user_id: UUID, reason: str, now: datetime) -> Order:
    """At any time before the end; what was captured is refunded. Raises NotCancellable."""
    require_transaction()
    order = lock_order(order_id)
    if order.status in (*Order.FINAL, Order.Status.CREATED):
        raise NotCancellable(f"The order is {order.status}.", order_status=order.status)
    cancel_locked(order, code="cancelled_by_support", actor=Actor("support", user_id), detail=reason, now=now)
    return order


def time_out_restaurant(*, order_id: UUID, now: datetime) -> None:
    """Nobody in the kitchen answered in time; no effect when somebody just did."""
    with durable():
        order = lock_order(order_id)
        if order.status == Order.Status.PLACED:
            cancel_locked(order, code="restaurant_timeout", actor=SYSTEM, now=now)


def fail_order(*, order_id: UUID, code: str, detail: str = "", now: datetime) -> None:
    """The payment came to nothing; no effect once the order is placed."""
    with durable():
        order = lock_order(order_id)
        if order.status == Order.Status.CREATED:
            fail_locked(order, code=code, actor=SYSTEM, detail=detail, now=now)


def cancel_locked(order: Order, *, code: str, actor: Actor, now: datetime, detail: str = "") -> None:
    """`code` is the stable reason; `detail` what the person said."""
    batch, was = Batch(), order.status
    proposed = swaps.end_with_order(order, actor=actor, now=now)
    stock.give_back(batch, order, was=was, proposed=proposed)
    move(
        order,
        order.cancel,
        OrderCancelled,
        actor=actor,
        now=now,
        batch=batch,
        reason=f"{code}: {detail}" if detail else code,
        fields={"reason": code, "now": now},
        facts={"reason": code, "actor": actor.kind},
    )
    batch.execute()
    saga.compensate(saga=SAGA, subject_id=order.pk, reason=code)


def fail_locked(order: Order, *, code: str, actor: Actor, detail: str, now: datetime) -> None:
    batch = Batch()
    add_failure(batch, order, code=code, actor=actor, detail=detail, now=now)
    batch.execute()
    saga.compensate(saga=SAGA, subject_id=order.pk, reason=code)


def add_failure(
    batch: Batch,
    order: Order,
    *,
    code: str,
    detail: str,
    now: datetime,
    actor: Actor = SYSTEM,
    lines: Sequence[OrderLine] | None = None,
) -> None:
    """Add the move to `failed` and its reason to the batch; `lines` are the order's, if they are at hand."""
    stock.give_back(batch, order, was=order.status, lines=lines)
    move(
        order,
        order.fail,
        OrderFailed,
        actor=actor,
        now=now,
        reason=code,
        batch=batch,
        fields={"now": now},
        facts={"code": code},
    )
    batch.insert(OrderFailure(order=order, code=code, detail=detail[:200], at=now))
