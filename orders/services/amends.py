"""When the restaurant let the order down: the customer is told, and gets credit, once (R8)."""

from datetime import datetime
from uuid import UUID

import structlog

from deliveryapp.transactions import durable
from orders import goodwill
from orders.models import Kind, Order
from orders.services.moving import lock_order
from orders.services.notifying import ask_to_tell
from payments import facade as payments

log = structlog.get_logger(__name__)


def make_amends(*, order_id: UUID, now: datetime) -> None:
    """Repeatable; no effect unless the restaurant is at fault."""
    with durable():
        order = lock_order(order_id)
        if order.status != Order.Status.CANCELLED or not goodwill.is_restaurants_fault(order.cancel_reason):
            return
        ask_to_tell(order, Kind.ORDER_ENDED, now=now)
        _give(order, now)


def _give(order: Order, now: datetime) -> None:
    amount_minor = goodwill.amount_minor(
        cause=order.cancel_reason, total_minor=order.total_minor, currency=order.currency
    )
    if amount_minor and payments.grant_goodwill(order_id=order.pk, amount_minor=amount_minor, now=now):
        log.info("goodwill_granted", order_id=str(order.pk), cause=order.cancel_reason, minor=amount_minor)
