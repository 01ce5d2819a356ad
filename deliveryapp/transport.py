"""What carries events from the relay to the handlers, and nudges to the workers."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string


class TransportDown(Exception):
    """The broker did not take the messages; they stay in the outbox."""


class Transport(Protocol):
    def send(self, deliveries: "Mapping[str, Sequence[dict[str, Any]]]") -> None:
        """Hand each handler's envelopes (CloudEvents JSON, oldest first) over; returns once they are
        accepted.

        Raises TransportDown; the caller then sends the same again later.
        """

    def nudge(self, task: str, **ids: str | int) -> None:
        """Ask a worker to look at a row now instead of at the next sweep; may be lost."""


_TRANSPORTS = {"celery": "deliveryapp.celery_transport.CeleryTransport"}


@cache
def transport() -> Transport:
    """The transport named by EVENT_TRANSPORT."""
    made: Transport = import_string(_TRANSPORTS[settings.EVENT_TRANSPORT])()
    return made
