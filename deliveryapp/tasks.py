"""Doors for the worker: each task makes one call."""

from typing import Any
from uuid import UUID

from celery import shared_task

from deliveryapp import inbox, relay, saga
from deliveryapp.celery_transport import lift_nudge
from deliveryapp.idempotency import forget_old


@shared_task(name="relay.publish", queue="events", soft_time_limit=15, time_limit=20)
def publish(shard: int) -> None:
    lift_nudge("relay.publish", shard=shard)
    relay.publish_shard(shard)


@shared_task(name="relay.sweep", queue="events", soft_time_limit=15, time_limit=20)
def sweep_outbox() -> None:
    for shard in relay.waiting_shards():
        relay.publish_shard(shard)


@shared_task(name="events.handle", queue="events", soft_time_limit=25, time_limit=30)
def handle(handler: str, envelopes: list[dict[str, Any]]) -> None:
    inbox.handle(handler=handler, envelopes=envelopes)


@shared_task(name="events.retry", queue="events", soft_time_limit=25, time_limit=30)
def retry_events() -> None:
    inbox.retry_due()


@shared_task(name="saga.advance", queue="saga", soft_time_limit=40, time_limit=50)
def advance(run_id: str) -> None:
    lift_nudge("saga.advance", run_id=run_id)
    saga.advance(UUID(run_id))


@shared_task(name="saga.sweep", queue="saga", soft_time_limit=40, time_limit=50)
def sweep_sagas() -> None:
    saga.sweep()


@shared_task(name="idempotency.forget", queue="events", soft_time_limit=25, time_limit=30)
def forget_idempotency() -> None:
    forget_old()
