"""Doors for the worker: each task makes one call."""

from celery import shared_task

from deliveryapp import nudges
from deliveryapp.clock import utc_now
from drivers import selectors
from drivers.services.dispatch import run_tick
from drivers.services.online import save_positions
from drivers.services.silence import watch_silence


@shared_task(name="drivers.dispatch", soft_time_limit=20, time_limit=25)
def dispatch(region: str) -> None:
    nudges.lift("drivers.dispatch", region=region)
    run_tick(region=region, now=utc_now())


@shared_task(name="drivers.dispatch_all", soft_time_limit=20, time_limit=25)
def dispatch_all() -> None:
    """One task per region, so that a slow or failing region holds up no other."""
    for region in selectors.regions_with_work():
        dispatch.apply_async(kwargs={"region": region}, queue="dispatch")


@shared_task(name="drivers.save_positions", soft_time_limit=20, time_limit=25)
def save_driver_positions() -> None:
    save_positions()


@shared_task(name="drivers.watch_silence", soft_time_limit=25, time_limit=30)
def watch_for_silent_drivers() -> None:
    for region in selectors.regions_with_riders():
        watch_silence(region=region, now=utc_now())
