"""Doors for the worker: each task makes one call."""

from celery import shared_task

from orders.services import repeating


@shared_task(name="orders.forget_carts", soft_time_limit=25, time_limit=30)
def forget_carts() -> None:
    repeating.forget_carts()
