"""Doors for the worker: each task makes one call."""

from datetime import datetime

from celery import shared_task

from deliveryapp import nudges
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
    nudges.lift("payments.apply_webhook", event_id=event_id)
    services.apply_webhook(event_id=event_id)


@shared_task(name="payments.watch_holds", soft_time_limit=100, time_limit=110)
def watch_holds() -> None:
    services.watch_holds(now=utc_now())


@shared_task(name="payments.reconcile", soft_time_limit=25, time_limit=30)
def reconcile(hours: int) -> None:
    """The last so many hours, in several tasks: the broker takes a long one for lost."""
    services.spread_reconciliation(hours=hours, now=utc_now())


@shared_task(name="payments.reconcile_period", soft_time_limit=100, time_limit=110)
def reconcile_period(gateway: str, since: str, until: str) -> None:
    nudges.lift("payments.reconcile_period", gateway=gateway, since=since, until=until)
    period = services.Period(datetime.fromisoformat(since), datetime.fromisoformat(until))
    services.reconcile(gateway_name=gateway, period=period, now=utc_now())
