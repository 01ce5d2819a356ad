"""Telling somebody who does not look at a screen: one adapter per channel, chosen by the settings.

At least once: who dies between sending and noting it sends again.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol
from uuid import UUID

import structlog
from django.conf import settings
from django.utils.module_loading import import_string

from deliveryapp.transactions import durable
from orders.models import Kind, NotificationRequest, Order
from orders.services.escalating import is_unseen
from restaurants import facade as restaurants

log = structlog.get_logger(__name__)
Channel, State = NotificationRequest.Channel, NotificationRequest.State


@dataclass(frozen=True, slots=True)
class Message:
    """`address`: a telephone number for sms and call, the user's id for push."""

    id: UUID
    channel: str
    address: str
    text: str


class Sender(Protocol):
    def send(self, message: Message) -> None:
        """Hand it over, once per `message.id` if the service behind can tell; raises when it could not."""


class LogSender:
    """Where no service is connected: says in the log that something would have been sent, not to whom."""

    def send(self, message: Message) -> None:
        log.info("notification_sent", id=str(message.id), channel=message.channel)


def send_request(*, notification_id: UUID, now: datetime) -> None:
    """Send what was asked for, unless it is shown in the app anyway, was sent before, or is needed no more.

    Raises what the channel's sender raises; the event is then delivered again.
    """
    request = NotificationRequest.objects.select_related("order").get(pk=notification_id)
    if request.channel == Channel.IN_APP or request.state != State.REQUESTED:
        return
    address = _address(request)
    if not address or not _is_needed(request):
        _settle(request, State.DROPPED, None)
        return
    message = Message(request.pk, request.channel, address, _text(request.order))
    _sender(settings.NOTIFICATION_SENDERS[request.channel]).send(message)
    _settle(request, State.SENT, now)


def _settle(request: NotificationRequest, state: str, sent_at: datetime | None) -> None:
    with durable():
        row = NotificationRequest.objects.select_for_update(no_key=True).get(pk=request.pk)
        if row.state == State.REQUESTED:
            row.state, row.sent_at = state, sent_at
            row.save(update_fields=["state", "sent_at"])


def _is_needed(request: NotificationRequest) -> bool:
    return request.kind != Kind.TICKET_UNSEEN or is_unseen(request.order)


def _address(request: NotificationRequest) -> str:
    if request.channel == Channel.PUSH:
        return str(request.recipient_id)
    return restaurants.get_restaurant(restaurant_id=request.recipient_id).phone


def _text(order: Order) -> str:
    return f"Order {order.number} waits for an answer of {order.restaurant_name}."


@cache
def _sender(path: str) -> Sender:
    sender: Sender = import_string(path)()
    return sender
