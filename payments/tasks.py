"""Doors for the worker: each task makes one call."""

from celery import shared_task

from deliveryapp.celery_transport import lift_nudge
from deliveryapp.clock import utc_now
from payments import services


@shared_task(name="payments.sweep", soft_time_limit=50, time_limit=60)
def sweep() -> None:
    services.sweep()
    services.drop_waiting_tips(now=utc_now())
    services.probe_circuits()
    services.apply_waiting_webhooks()
    services.detach_retired()


@shared_task(name="payments.apply_webhook", soft_time_limit=25, time_limit=30)
def apply_webhook(event_id: str) -> None:
    lift_nudge("payments.apply_webhook", event_id=event_id)
    services.apply_webhook(event_id=event_id)
