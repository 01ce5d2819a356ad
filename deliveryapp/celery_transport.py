"""Events over Celery: each handler is a task on its own queue and gets its events in batches."""

from collections.abc import Mapping, Sequence
from typing import Any

import redis.exceptions
import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from deliveryapp.redis import client, key
from deliveryapp.subscriptions import subscription
from deliveryapp.transport import TransportDown

log = structlog.get_logger(__name__)
NUDGE_WINDOW_S = 30  # longer than a backlog, or equal nudges would pile up; the sweep covers a lost one
BROKER_ERRORS = (redis.exceptions.RedisError, OperationalError, OSError)


class CeleryTransport:
    def send(self, deliveries: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        try:
            with current_app.producer_or_acquire() as producer:
                for handler, envelopes in deliveries.items():
                    current_app.send_task(
                        "events.handle",
                        kwargs={"handler": handler, "envelopes": list(envelopes)},
                        queue=subscription(handler).queue,
                        producer=producer,
                    )
        except BROKER_ERRORS as error:
            raise TransportDown(str(error)) from error

    def nudge(self, task: str, **ids: str | int) -> None:
        """At most one equal nudge waits: the worker lifts the mark before it looks."""
        try:
            if client().set(nudge_mark(task, **ids), 1, nx=True, ex=NUDGE_WINDOW_S):
                current_app.send_task(task, kwargs=ids, ignore_result=True)
        except BROKER_ERRORS as error:
            log.warning("nudge_lost", task=task, error=str(error))


def nudge_mark(task: str, **ids: str | int) -> str:
    return key(f"nudge:{task}:{':'.join(str(value) for value in ids.values())}")


def lift_nudge(task: str, **ids: str | int) -> None:
    """Called by the worker first of all, so that a change committed from now on nudges again."""
    try:
        client().delete(nudge_mark(task, **ids))
    except redis.exceptions.RedisError as error:
        log.warning("nudge_mark_kept", task=task, error=str(error))
