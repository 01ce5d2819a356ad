"""Telling what happened: the delivery's next event, in the commit of the change."""

from datetime import datetime
from typing import Any

from django.db import transaction

from deliveryapp import outbox
from deliveryapp.batch import Batch
from deliveryapp.nudges import nudge
from drivers.events import DeliveryEvent
from drivers.models import Delivery


def tell(
    delivery: Delivery, event: type[DeliveryEvent], *, now: datetime, batch: Batch | None = None, **facts: Any
) -> None:
    """Publish the next event of a locked delivery; the caller saves its raised `seq`."""
    delivery.seq += 1
    fact = event(
        order_id=delivery.order_id,
        delivery_id=delivery.id,
        restaurant_id=delivery.restaurant_id,
        region=delivery.region,
        **facts,
    )
    outbox.publish(fact, seq=delivery.seq, now=now, batch=batch)


def nudge_dispatch(region: str) -> None:
    """After the commit, look for a driver at once; a lost nudge costs a second until the next tick."""
    transaction.on_commit(lambda: nudge("drivers.dispatch", region=region), robust=True)
