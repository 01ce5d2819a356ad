"""Doors for the worker: each task makes one call."""

from uuid import UUID

from celery import Task, shared_task
from django.db import InterfaceError, OperationalError

from deliveryapp import inbox, nudges, retention, saga, watchdog
from deliveryapp.celery_transport import hand_on
from deliveryapp.idempotency import forget_old
from deliveryapp.nudges import BROKER_ERRORS
from deliveryapp.transport import Wire

HANDLE_BUDGET_S = 10.0


@shared_task(
    name="events.handle",
    bind=True,
    soft_time_limit=25,
    time_limit=30,
    autoretry_for=(OperationalError, InterfaceError, *BROKER_ERRORS),
    retry_backoff=1,
    retry_backoff_max=30,  # a message waits for less than the broker's visibility timeout
    max_retries=None,
)
def handle(task: Task, handler: str, envelopes: list[Wire]) -> None:
    """The outbox counts these as delivered: what the time limit would cut off goes on as a new message.

    A message that comes again had a worker that died over it, or that the watchdog ended: a time limit of the
    task itself would have acknowledged it.
    """
    suspect = bool((task.request.delivery_info or {}).get("redelivered"))
    with watchdog.cut_off():
        rest = inbox.handle(handler=handler, envelopes=envelopes, budget_s=HANDLE_BUDGET_S, suspect=suspect)
    if rest:
        hand_on(handler, rest)


@shared_task(name="events.retry", soft_time_limit=25, time_limit=30)
def retry_events() -> None:
    inbox.retry_due()


@shared_task(name="events.purge", soft_time_limit=110, time_limit=120)
def purge_events() -> None:
    retention.purge()


@shared_task(name="saga.advance", soft_time_limit=40, time_limit=50)
def advance(run_id: str) -> None:
    nudges.lift("saga.advance", run_id=run_id)
    saga.advance(UUID(run_id))


@shared_task(name="saga.advance_all", soft_time_limit=40, time_limit=50)
def advance_all(run_ids: list[str]) -> None:
    for run_id in run_ids:
        saga.advance(UUID(run_id))


@shared_task(name="saga.sweep", soft_time_limit=40, time_limit=50)
def sweep_sagas() -> None:
    saga.sweep()


@shared_task(name="idempotency.forget", soft_time_limit=25, time_limit=30)
def forget_idempotency() -> None:
    forget_old()
