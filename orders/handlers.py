"""Doors for events: each makes one call."""

from collections.abc import Sequence
from typing import Protocol, cast
from uuid import UUID

from deliveryapp import saga
from deliveryapp.events import Envelope


class _AboutAnOrder(Protocol):
    order_id: UUID


def wake_sagas(envelopes: Sequence[Envelope]) -> None:
    """Something happened to the orders' money or drivers: their sagas look again."""
    order_ids = {cast(_AboutAnOrder, envelope.event).order_id for envelope in envelopes}
    saga.wake_all(saga="order", subject_ids=order_ids)
