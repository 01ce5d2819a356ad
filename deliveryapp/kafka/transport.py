"""Events over Kafka: one message per event, keyed by its aggregate; done when the broker has told so."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from django.conf import settings

from deliveryapp.events import registered
from deliveryapp.kafka.lag import all_lags
from deliveryapp.kafka.messages import headers_of, value_of
from deliveryapp.kafka.names import producer_config, topic_of
from deliveryapp.kafka.topics import broker_identity
from deliveryapp.transport import Lags, TransportDown, Wire, stopping

POLL_S = 0.1
LAST_WAIT_S = 2.0  # for reports when this process is to end
# What the broker says of a message that it will never take; all else may pass with time.
PERMANENT = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD}
library_log = logging.getLogger("librdkafka")


class KafkaTransport:
    """One producer per process, made at the first send, after any fork; used by one thread at a time."""

    def __init__(self) -> None:
        self._producer: Producer | None = None

    def send(self, envelopes: Sequence[Wire]) -> Mapping[str, str]:
        """Returns once the broker has reported each message; the answer names those it refuses for good.

        Raises TransportDown if KAFKA_SEND_TIMEOUT_S did not suffice; some may be there all the same.
        """
        refused = self._send(envelopes)
        if len(envelopes) == 1:
            return refused
        # The broker refuses messages in the batches they travelled in: alone it shows which is to blame.
        alone = [self._send([wire]) for wire in envelopes if wire["id"] in refused]
        return {event_id: why for answer in alone for event_id, why in answer.items()}

    def identity(self) -> str:
        """Of the cluster and of each topic: none survives that what was in it is lost. Raises
        TransportDown."""
        return broker_identity()

    def lags(self) -> Lags:
        return all_lags()

    def _send(self, envelopes: Sequence[Wire]) -> dict[str, str]:
        handover = _Handover(self._connected())
        try:
            for wire in envelopes:
                handover.give(wire)
            handover.finish()
        except (KafkaException, TransportDown) as error:
            self._forget_producer()
            raise TransportDown(str(error)) from error
        return handover.refused

    def _connected(self) -> Producer:
        if self._producer is None:
            self._producer = Producer(producer_config(), logger=library_log)
        return self._producer

    def _forget_producer(self) -> None:
        """What it still holds will be sent again by a new one, and must not come after that."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()
            producer.poll(0)


class _Handover:
    """One try to hand envelopes over: each is given, then each must be reported before the deadline."""

    def __init__(self, producer: Producer) -> None:
        self.refused: dict[str, str] = {}
        self._producer = producer
        self._unreported = 0
        self._failure: KafkaError | None = None
        self._deadline_s = time.monotonic() + settings.KAFKA_SEND_TIMEOUT_S

    def give(self, wire: Wire) -> None:
        """Raises TransportDown when the local queue stays full, KafkaException when the client is broken."""
        event_id: str = wire["id"]

        def reported(error: KafkaError | None, _message: Message) -> None:
            self._unreported -= 1
            self._note(event_id, error)

        while True:
            try:
                self._producer.produce(
                    topic_of(registered()[wire["type"]]),
                    value_of(wire),
                    key=wire["key"],
                    headers=headers_of(wire),
                    on_delivery=reported,
                )
            except BufferError:
                self._wait("the local queue is full")
            except KafkaException as error:
                if error.args[0].code() not in PERMANENT:
                    raise
                self._note(event_id, error.args[0])
                return
            else:
                self._unreported += 1
                return

    def finish(self) -> None:
        """Wait for every report. Raises TransportDown when one is missing, or tells of a failure."""
        while self._unreported:
            self._wait(f"{self._unreported} messages without a delivery report")
        if self._failure is not None:
            raise TransportDown(self._failure.str())

    def _note(self, event_id: str, error: KafkaError | None) -> None:
        if error is None:
            return
        if error.code() in PERMANENT:
            self.refused[event_id] = error.str()
        else:
            self._failure = error

    def _wait(self, why: str) -> None:
        if stopping.is_set():
            self._deadline_s = min(self._deadline_s, time.monotonic() + LAST_WAIT_S)
        if time.monotonic() > self._deadline_s:
            raise TransportDown(f"{why} after {settings.KAFKA_SEND_TIMEOUT_S:g} s")
        self._producer.poll(POLL_S)
