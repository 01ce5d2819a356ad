"""Places in a kitchen's quarters of an hour, where it limits how many orders it begins in one (ADR 18).

A place is taken in the commit that writes the order and given back in the commit that ends it, so that each
is given back once. It is taken with rows that nobody else can hold yet, and given back under the order's
lock.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from deliveryapp.batch import Batch
from deliveryapp.purging import delete_in_batches
from restaurants.models import SlotLoad

KEPT_FOR = timedelta(days=2)


def take_place(batch: Batch, *, restaurant_id: UUID, slot_at: datetime, capacity: int) -> None:
    """Add one place to the batch, which raises NoneLeft when all `capacity` are taken."""
    row = SlotLoad(restaurant_id=restaurant_id, starts_at=slot_at, taken=1)
    batch.count_up(row, key=("restaurant", "starts_at"), counter="taken", limit=capacity)


def free_place(batch: Batch, *, restaurant_id: UUID, slot_at: datetime) -> None:
    """Add to the batch: give one place back; nothing happens when the slot is long forgotten."""
    rows = SlotLoad.objects.filter(restaurant=restaurant_id, starts_at=slot_at, taken__gt=0)
    batch.update(rows, expect=None, taken=F("taken") - 1)


def forget_slots(*, now: datetime) -> int:
    """Delete the counters of slots that are over."""
    return delete_in_batches(SlotLoad.objects.filter(starts_at__lt=now - KEPT_FOR))
