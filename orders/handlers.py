"""Doors for events: each makes one call."""

from typing import Protocol, cast
from uuid import UUID

from deliveryapp import saga
from deliveryapp.events import Envelope


class _AboutAnOrder(Protocol):
    order_id: UUID


def wake_saga(envelope: Envelope) -> None:
    """Something happened to the order's money or driver: its saga looks again."""
    saga.wake(saga="order", subject_id=cast(_AboutAnOrder, envelope.event).order_id)
