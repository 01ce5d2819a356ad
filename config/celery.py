"""Queues, time limits and the schedule. Celery only executes: what must happen is a row in PostgreSQL."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")

from django.conf import settings

from config.settings.env import celery_broker

VISIBILITY_S = (
    120  # lease 60 s < visibility: a task of a killed worker comes back after its row's lease ended
)

app = Celery("deliveryapp")
app.conf.update(
    broker_url=celery_broker(settings.REDIS_URL),
    broker_transport_options={
        "visibility_timeout": VISIBILITY_S,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "global_keyprefix": f"{settings.REDIS_PREFIX}celery:",
        "socket_timeout": 30,
        "socket_connect_timeout": 2,
    },
    broker_connection_retry_on_startup=True,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    task_default_queue="events",
    task_routes={
        # What finds what was dropped must not wait behind what was not: it expires before a backlog ends.
        "saga.sweep": "sweeps",
        "payments.sweep": "sweeps",
        "events.retry": "sweeps",
        "events.*": "events",
        "idempotency.*": "events",
        "orders.*": "events",
        "saga.*": "saga",
        "payments.*": "payments",
        "drivers.*": "dispatch",
        "tracking.*": "tracking",
    },
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.05, "interval_max": 0.1},
    timezone="UTC",
    beat_schedule_filename=os.environ.get("BEAT_SCHEDULE", "celerybeat-schedule"),
    beat_schedule={
        "events.retry": {
            "task": "events.retry",
            "schedule": 2.0,
            "options": {"expires": 5},
        },
        "events.purge": {
            "task": "events.purge",
            "schedule": crontab(minute="27"),
            "options": {"expires": 1800},
        },
        "saga.sweep": {"task": "saga.sweep", "schedule": 1.0, "options": {"expires": 5}},
        "payments.sweep": {
            "task": "payments.sweep",
            "schedule": 5.0,
            "options": {"expires": 10},
        },
        "payments.watch_holds": {
            "task": "payments.watch_holds",
            "schedule": crontab(minute="*/10"),
            "options": {"expires": 300},
        },
        "payments.reconcile_day": {
            "task": "payments.reconcile",
            "schedule": crontab(minute="7"),
            "kwargs": {"hours": 24},
            "options": {"expires": 1800},
        },
        "payments.reconcile_week": {
            "task": "payments.reconcile",
            "schedule": crontab(hour="3", minute="37"),
            "kwargs": {"hours": 168},
            "options": {"expires": 7200},
        },
        "drivers.dispatch": {
            "task": "drivers.dispatch_all",
            "schedule": 1.0,
            "options": {"expires": 3},
        },
        "drivers.save_positions": {
            "task": "drivers.save_positions",
            "schedule": 30.0,
            "options": {"expires": 30},
        },
        "drivers.watch_silence": {
            "task": "drivers.watch_silence",
            "schedule": 15.0,
            "options": {"expires": 15},
        },
        "idempotency.forget": {
            "task": "idempotency.forget",
            "schedule": crontab(minute="17"),
        },
        "orders.time_out_swaps": {
            "task": "orders.time_out_swaps",
            "schedule": 2.0,
            "options": {"expires": 4},
        },
        "orders.forget_carts": {
            "task": "orders.forget_carts",
            "schedule": crontab(minute="47"),
        },
        "orders.forget_slots": {
            "task": "orders.forget_slots",
            "schedule": crontab(minute="37"),
        },
    },
)
app.autodiscover_tasks(["deliveryapp", "payments", "drivers", "tracking", "orders"])
