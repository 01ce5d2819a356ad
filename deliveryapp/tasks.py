"""Doors for the worker: each task makes one call."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.db import InterfaceError, OperationalError

from deliveryapp import inbox, relay, saga
from deliveryapp.celery_transport import lift_nudge
from deliveryapp.idempotency import forget_old
from deliveryapp.transport import TransportDown, transport

HANDLE_BUDGET_S = 10.0


@shared_task(name="relay.publish", soft_time_limit=15, time_limit=20)
def publish(shard: int) -> None:
    lift_nudge("relay.publish", shard=shard)
    relay.publish_shard(shard)


@shared_task(name="relay.sweep", soft_time_limit=15, time_limit=20)
def sweep_outbox() -> None:
    for shard in relay.waiting_shards():
        relay.publish_shard(shard)


@shared_task(
    name="events.handle",
    soft_time_limit=25,
    time_limit=30,
    autoretry_for=(OperationalError, InterfaceError, TransportDown),
    retry_backoff=1,
    retry_backoff_max=30,  # a message waits for less than the broker's visibility timeout
    max_retries=None,
)
def handle(handler: str, envelopes: list[dict[str, Any]]) -> None:
    """The outbox counts these as delivered: what the time limit would cut off goes on as a new message."""
    rest = inbox.handle(handler=handler, envelopes=envelopes, budget_s=HANDLE_BUDGET_S)
    if rest:
        transport().send({handler: rest})


@shared_task(name="events.retry", soft_time_limit=25, time_limit=30)
def retry_events() -> None:
    inbox.retry_due()


@shared_task(name="saga.advance", soft_time_limit=40, time_limit=50)
def advance(run_id: str) -> None:
    lift_nudge("saga.advance", run_id=run_id)
    saga.advance(UUID(run_id))


@shared_task(name="saga.sweep", soft_time_limit=40, time_limit=50)
def sweep_sagas() -> None:
    saga.sweep()


@shared_task(name="idempotency.forget", soft_time_limit=25, time_limit=30)
def forget_idempotency() -> None:
    forget_old()
