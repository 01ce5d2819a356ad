"""Events over Celery: each handler is a task on its own queue and gets its events in batches."""

from collections.abc import Iterator, Mapping, Sequence

from celery import current_app

from deliveryapp.ids import new_id
from deliveryapp.nudges import BROKER_ERRORS
from deliveryapp.redis import client, key
from deliveryapp.subscriptions import per_handler, subscription
from deliveryapp.transport import Lags, TransportDown, Wire

BATCH = 200  # events to a message: what a worker digests within its time


class CeleryTransport:
    def send(self, envelopes: Sequence[Wire]) -> Mapping[str, str]:
        try:
            with current_app.producer_or_acquire() as producer:
                for handler, batch in _messages(envelopes):
                    current_app.send_task(
                        "events.handle",
                        kwargs={"handler": handler, "envelopes": batch},
                        queue=subscription(handler).queue,
                        producer=producer,
                    )
        except BROKER_ERRORS as error:
            raise TransportDown(str(error)) from error
        return {}

    def identity(self) -> str:
        """A mark that we leave in the broker's memory: gone with everything else when that is lost."""
        try:
            mark = str(new_id())
            found = client().set(key("broker"), mark, nx=True, get=True)
            return found.decode() if isinstance(found, bytes) else mark
        except BROKER_ERRORS as error:
            raise TransportDown(str(error)) from error

    def lags(self) -> Lags:
        """None: the gauges of the handlers say from the database what each has not digested."""
        return {}


def _messages(envelopes: Sequence[Wire]) -> Iterator[tuple[str, list[Wire]]]:
    """Each handler's events, oldest first, BATCH to a message."""
    for handler, events in per_handler(envelopes).items():
        for start in range(0, len(events), BATCH):
            yield handler, events[start : start + BATCH]


def hand_on(handler: str, envelopes: Sequence[Wire]) -> None:
    """Put back what a worker had no time for, for this handler alone."""
    current_app.send_task(
        "events.handle",
        kwargs={"handler": handler, "envelopes": list(envelopes)},
        queue=subscription(handler).queue,
    )
