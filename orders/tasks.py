"""Doors for the worker: each task makes one call."""

from celery import shared_task

from deliveryapp.clock import utc_now
from orders.services import repeating, time_out_swaps
from restaurants import facade as restaurants


@shared_task(name="orders.forget_carts", soft_time_limit=25, time_limit=30)
def forget_carts() -> None:
    repeating.forget_carts()


@shared_task(name="orders.forget_slots", soft_time_limit=25, time_limit=30)
def forget_slots() -> None:
    restaurants.forget_slots(now=utc_now())


@shared_task(name="orders.time_out_swaps", soft_time_limit=8, time_limit=10)
def time_out_unanswered_swaps() -> None:
    time_out_swaps(now=utc_now())
