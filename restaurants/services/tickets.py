"""Tickets: opened once per order, numbered per restaurant without a gap.

They may run inside the caller's transaction, so that the ticket shares the fate of what opened it. The
restaurant's row is locked last: whoever holds it takes no other lock.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from restaurants.errors import RestaurantNotFound, TicketNotFound
from restaurants.models import Restaurant, Ticket
from restaurants.selectors.facts import TicketInfo
from restaurants.selectors.tickets import ticket_info


def open_ticket(*, order_id: UUID, restaurant_id: UUID, now: datetime) -> int:
    """The restaurant's number of this order's ticket, always the same. Raises RestaurantNotFound."""
    with transaction.atomic():
        restaurant = Restaurant.objects.select_for_update(no_key=True).filter(pk=restaurant_id)
        last_seq = restaurant.values_list("ticket_seq", flat=True).first()
        if last_seq is None:
            raise RestaurantNotFound
        known_seq = _tickets(order_id).values_list("seq", flat=True).first()
        if known_seq is not None:
            return known_seq
        seq = last_seq + 1
        Restaurant.objects.filter(pk=restaurant_id).update(ticket_seq=seq)
        Ticket.objects.create(order_id=order_id, restaurant_id=restaurant_id, seq=seq, opened_at=now)
        return seq


def acknowledge_ticket(*, order_id: UUID, user_id: UUID | None = None, now: datetime) -> TicketInfo:
    """The kitchen saw it, on the screen of `user_id`. The first time counts; a withdrawn one stays unseen.

    Raises TicketNotFound.
    """
    unseen = _tickets(order_id).filter(acknowledged_at=None, withdrawn_at=None)
    unseen.update(acknowledged_at=now, acknowledged_by=user_id)
    ticket = _tickets(order_id).first()
    if ticket is None:
        raise TicketNotFound
    return ticket_info(ticket)


def withdraw_ticket(*, order_id: UUID, now: datetime) -> None:
    """Take it off the board; nothing happens when it was never opened or is already gone."""
    _tickets(order_id).filter(withdrawn_at=None).update(withdrawn_at=now)


def _tickets(order_id: UUID) -> QuerySet[Ticket]:
    return Ticket.objects.filter(order_id=order_id)
