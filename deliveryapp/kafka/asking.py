"""Questions to the brokers: one client, patient with a slow broker, hasty when this process is to end."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from concurrent.futures import Future, wait
from functools import cache
from typing import TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deliveryapp.kafka.names import client_config
from deliveryapp.transport import TransportDown, stopping

ANSWER_WITHIN_S = 5.0
LOOK_UP_S = 0.1
Answer = TypeVar("Answer")
library_log = logging.getLogger("librdkafka")


@cache
def admin() -> AdminClient:
    return AdminClient(client_config(), logger=library_log)


def answers(asked: Iterable[Future[Answer]]) -> list[Answer]:
    """In the order of the questions. Raises TransportDown, at once when `stopping` is set."""
    futures, deadline_s = list(asked), time.monotonic() + ANSWER_WITHIN_S
    while wait(futures, timeout=LOOK_UP_S).not_done:
        if stopping.is_set() or time.monotonic() > deadline_s:
            raise TransportDown("the broker does not answer")
    try:
        return [future.result() for future in futures]
    except KafkaException as error:
        raise TransportDown(error.args[0].str()) from error
