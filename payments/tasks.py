"""Doors for the worker: each task makes one call."""

from celery import shared_task

from deliveryapp.celery_transport import lift_nudge
from payments import selectors, services


@shared_task(name="payments.sweep", queue="payments", soft_time_limit=50, time_limit=60)
def sweep() -> None:
    services.sweep()
    for event_id in selectors.unapplied_webhooks(limit=50):
        services.apply_webhook(event_id=event_id)


@shared_task(name="payments.apply_webhook", queue="payments", soft_time_limit=25, time_limit=30)
def apply_webhook(event_id: str) -> None:
    lift_nudge("payments.apply_webhook", event_id=event_id)
    services.apply_webhook(event_id=event_id)
