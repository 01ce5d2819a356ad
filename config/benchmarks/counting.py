"""The handler that `manage.py bench events` drains a backlog into: one INSERT an event."""

from celery import shared_task
from django.db import connection

from deliveryapp.events import Envelope
from deliveryapp.subscriptions import Subscription
from orders.events import OrderReady

QUEUE = "bench"
TABLE = "CREATE TABLE bench_effect (event_id uuid PRIMARY KEY, at timestamptz DEFAULT clock_timestamp())"


def count(envelope: Envelope) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_effect (event_id) VALUES (%s)", [envelope.id])


@shared_task(name="bench.nothing")
def nothing() -> None:
    """What Celery itself costs."""


SUBSCRIPTIONS = (
    Subscription(name="bench.count", handler=f"{__name__}.count", events=(OrderReady,), queue=QUEUE),
)
