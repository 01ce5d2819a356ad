"""An order that no screen of the kitchen has shown: louder and louder, by a ladder, until somebody sees it.

    louder on the board > every member of staff > the restaurant's telephone > support > (5 min) cancelled

Climbed by the order saga's `await_confirmation`, whose row is the timer. Each rung is a row and an event,
once; the screen's acknowledgement, kept with the ticket, or any answer ends it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings

from deliveryapp.clock import scaled
from deliveryapp.transactions import durable
from orders.models import Audience, Kind, NotificationRequest, Order
from orders.selectors.documents import CONFIRM_AT_LEAST, CONFIRM_WITHIN
from orders.services.moving import lock_order
from orders.services.notifying import Recipient, ask_to_tell
from restaurants import facade as restaurants

log = structlog.get_logger(__name__)
Channel = NotificationRequest.Channel


@dataclass(frozen=True, slots=True)
class Rung:
    """`setting` names after how many seconds of the city's time it is reached; `tell` whom it concerns."""

    name: str
    setting: str
    tell: Callable[[Order], list[Recipient]]

    @property
    def after(self) -> timedelta:
        duration = timedelta(seconds=getattr(settings, self.setting))
        return scaled(duration, floor=duration * (CONFIRM_AT_LEAST / CONFIRM_WITHIN))


def _board(order: Order) -> list[Recipient]:
    return [Recipient(Audience.RESTAURANT, order.restaurant_id)]


def _staff(order: Order) -> list[Recipient]:
    people = restaurants.staff_ids(restaurant_id=order.restaurant_id)
    return [Recipient(Audience.STAFF, user_id, Channel.PUSH) for user_id in people]


def _telephone(order: Order) -> list[Recipient]:
    return [
        Recipient(Audience.RESTAURANT, order.restaurant_id, channel)
        for channel in (Channel.SMS, Channel.CALL)
    ]


def _support(order: Order) -> list[Recipient]:
    log.warning("order_unseen", order_id=str(order.pk), restaurant_id=str(order.restaurant_id))
    return [Recipient(Audience.SUPPORT, order.restaurant_id)]


LADDER = (
    Rung("louder", "UNSEEN_LOUDER_S", _board),
    Rung("staff", "UNSEEN_STAFF_S", _staff),
    Rung("call", "UNSEEN_CALL_S", _telephone),
    Rung("support", "UNSEEN_SUPPORT_S", _support),
)


def escalate_unseen(*, order_id: UUID, now: datetime) -> datetime | None:
    """Climb every rung that is due; when the next one is, or None when it was seen or answered."""
    order = Order.objects.get(pk=order_id)
    if not is_unseen(order):
        return None
    since = order.opens_at or order.placed_at
    assert since is not None
    due = [rung for rung in LADDER if since + rung.after <= now]
    if due:
        _climb(order_id, due, now)
    return min((since + rung.after for rung in LADDER if rung not in due), default=None)


def is_unseen(order: Order) -> bool:
    """It waits for its kitchen, and no screen there has shown it."""
    if order.status != Order.Status.PLACED:
        return False
    ticket = restaurants.tickets(order_ids=[order.pk]).get(order.pk)
    return ticket is None or ticket.acknowledged_at is None


def _climb(order_id: UUID, due: list[Rung], now: datetime) -> None:
    with durable():
        order = lock_order(order_id)
        if not is_unseen(order):
            return
        for rung in due:
            for to in rung.tell(order):
                _ask(order, rung, to, now)


def _ask(order: Order, rung: Rung, to: Recipient, now: datetime) -> None:
    occurrence = str(to.id) if to.audience == Audience.STAFF else rung.name
    ask_to_tell(order, Kind.TICKET_UNSEEN, now=now, occurrence=occurrence, to=to)
