"""What carries events from the relay to the handlers."""

import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

Wire = dict[str, Any]  # CloudEvents JSON of an envelope, see `Envelope.as_json`
Lags = Mapping[tuple[str, str], int]  # (consumer group, topic): messages not handled yet

# Set when this process is to end: nobody waits for an absent broker any longer than a moment.
stopping = threading.Event()


class TransportDown(Exception):
    """The broker did not take the messages; they stay in the outbox."""


class Transport(Protocol):
    def send(self, envelopes: Sequence[Wire]) -> Mapping[str, str]:
        """Hand the envelopes over, oldest first; returns once the broker has them all.

        The answer names those that the carrier refuses for good: event id -> reason, e.g. too large.
        Raises TransportDown; the caller then sends the same again later.
        """

    def identity(self) -> str:
        """Who the broker is: another answer means that it has lost what it was given. Raises
        TransportDown."""

    def lags(self) -> Lags:
        """How far consumers are behind, by the broker's own account; empty where it keeps none. Raises
        TransportDown."""


_TRANSPORTS = {
    "celery": "deliveryapp.celery_transport.CeleryTransport",
    "kafka": "deliveryapp.kafka.transport.KafkaTransport",
}


@cache
def transport() -> Transport:
    """The transport named by EVENT_TRANSPORT, or at that dotted path."""
    name = settings.EVENT_TRANSPORT
    made: Transport = import_string(_TRANSPORTS.get(name, name))()
    return made
