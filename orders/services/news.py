"""What the saga tells people on the way, each thing once."""

from datetime import datetime
from uuid import UUID

from deliveryapp.transactions import durable, require_transaction
from orders.models import Kind, Order
from orders.services.moving import lock_order
from orders.services.notifying import ask_to_tell


def search_takes_longer(*, order_id: UUID, now: datetime) -> None:
    """Nobody was found in time; from now on it is no fault of the customer to give up."""
    with durable():
        order = lock_order(order_id)
        if order.status in Order.IN_KITCHEN:
            ask_to_tell(order, Kind.SEARCH_TAKES_LONGER, now=now)


def driver_replaced(*, order_id: UUID, assignment_id: UUID, now: datetime) -> None:
    """Its driver fell silent before pick-up, somebody else is looked for. In the caller's transaction."""
    require_transaction()
    order = lock_order(order_id)
    if order.status in Order.IN_KITCHEN:
        ask_to_tell(order, Kind.DRIVER_CHANGED, now=now, occurrence=str(assignment_id))
        ask_to_tell(order, Kind.DRIVER_REPLACED, now=now, occurrence=str(assignment_id))


def driver_silent(*, order_id: UUID, assignment_id: UUID, now: datetime) -> None:
    """He has the food and says nothing; a person looks."""
    with durable():
        order = lock_order(order_id)
        if order.status == Order.Status.PICKED_UP:
            ask_to_tell(order, Kind.DRIVER_SILENT, now=now, occurrence=str(assignment_id))


def ticket_opened(*, order_id: UUID, now: datetime) -> None:
    """A scheduled order's time has come: the board shows it."""
    with durable():
        order = lock_order(order_id)
        if order.opens_at is not None:
            ask_to_tell(order, Kind.TICKET_OPENED, now=now)
