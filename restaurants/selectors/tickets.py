"""Tickets as facts."""

from collections.abc import Iterable
from uuid import UUID

from restaurants.models import Ticket
from restaurants.selectors.facts import TicketInfo


def tickets(*, order_ids: Iterable[UUID]) -> dict[UUID, TicketInfo]:
    """The tickets of those orders that have one, in one query."""
    rows = Ticket.objects.filter(order_id__in=set(order_ids))
    return {row.order_id: ticket_info(row) for row in rows}


def ticket_info(ticket: Ticket) -> TicketInfo:
    return TicketInfo(ticket.seq, ticket.opened_at, ticket.acknowledged_at, ticket.withdrawn_at)
