"""Doors for events: each makes one call."""

from collections.abc import Sequence
from typing import Protocol, cast
from uuid import UUID

from deliveryapp import saga
from deliveryapp.clock import utc_now
from deliveryapp.events import Envelope
from drivers.events import DriverReleased
from orders import services
from orders.events import NotificationRequested


class _AboutAnOrder(Protocol):
    order_id: UUID


def wake_sagas(envelopes: Sequence[Envelope]) -> None:
    """Something happened to the orders' money or drivers: their sagas look again."""
    order_ids = {cast(_AboutAnOrder, envelope.event).order_id for envelope in envelopes}
    saga.wake_all(saga="order", subject_ids=order_ids)


def tell_of_silent_driver(envelope: Envelope) -> None:
    """Its driver was released for his silence: customer and kitchen hear of it."""
    event = cast(DriverReleased, envelope.event)
    if event.reason == "silent":
        services.driver_replaced(order_id=event.order_id, assignment_id=event.assignment_id, now=utc_now())


def send_notification(envelope: Envelope) -> None:
    """Somebody is to be told who does not look at a screen."""
    services.send_request(
        notification_id=cast(NotificationRequested, envelope.event).notification_id, now=utc_now()
    )
