"""Ask a worker to look at a row now, not at the next sweep. A nudge may be lost: the row is the truth."""

import redis.exceptions
import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from deliveryapp.redis import client, key

log = structlog.get_logger(__name__)
WINDOW_S = 30  # longer than a backlog, or equal nudges would pile up; the sweep covers a lost one
BROKER_ERRORS = (redis.exceptions.RedisError, OperationalError, OSError)


def nudge(task: str, **ids: str | int) -> None:
    """At most one equal nudge waits: the worker lifts its mark before it looks."""
    try:
        if client().set(_mark(task, **ids), 1, nx=True, ex=WINDOW_S):
            current_app.send_task(task, kwargs=ids, ignore_result=True)
    except BROKER_ERRORS as error:
        log.warning("nudge_lost", task=task, error=str(error))


def tell(task: str, **arguments: object) -> None:
    """A nudge that is its own: nobody sends an equal one."""
    try:
        current_app.send_task(task, kwargs=arguments, ignore_result=True)
    except BROKER_ERRORS as error:
        log.warning("nudge_lost", task=task, error=str(error))


def lift(task: str, **ids: str | int) -> None:
    """Called by the worker first of all, so that a change committed from now on nudges again."""
    try:
        client().delete(_mark(task, **ids))
    except redis.exceptions.RedisError as error:
        log.warning("nudge_mark_kept", task=task, error=str(error))


def _mark(task: str, **ids: str | int) -> str:
    return key(f"nudge:{task}:{':'.join(str(value) for value in ids.values())}")
