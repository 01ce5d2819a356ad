"""Asking for a driver, changing the plan, calling it off. All may run inside the caller's transaction."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from deliveryapp.geo import Point
from drivers.events import DriverSearchEnded, DriverSearchStarted
from drivers.models import Assignment, Delivery, Offer, ReleaseReason
from drivers.services.assignments import end
from drivers.services.facts import nudge_dispatch, tell
from drivers.services.offers import withdraw
from drivers.services.timing import search_deadline


def request_delivery(
    *,
    order_id: UUID,
    restaurant_id: UUID,
    region: str,
    pickup: Point,
    pickup_name: str,
    pickup_street: str,
    dropoff: Point,
    ready_at: datetime,
    payout_minor: int,
    currency: str,
    now: datetime,
) -> Delivery:
    """Look for a driver for this order; asking twice is once."""
    with transaction.atomic():
        delivery, created = Delivery.objects.get_or_create(
            order_id=order_id,
            defaults={
                "restaurant_id": restaurant_id,
                "region": region,
                "pickup_lat": pickup.lat,
                "pickup_lng": pickup.lng,
                "pickup_name": pickup_name[:120],
                "pickup_street": pickup_street[:160],
                "dropoff_lat": dropoff.lat,
                "dropoff_lng": dropoff.lng,
                "ready_at": ready_at,
                "payout_minor": payout_minor,
                "currency": currency,
                "next_search_at": now,
                "deadline_at": now + search_deadline(),
                "created_at": now,
            },
        )
        if created:
            tell(delivery, DriverSearchStarted, now=now)
            delivery.save(update_fields=["seq"])
            nudge_dispatch(region)
    return delivery


def set_ready_at(*, order_id: UUID, ready_at: datetime, now: datetime) -> None:
    """The kitchen changed its mind; silent when nobody looks for a driver yet."""
    Delivery.objects.filter(order_id=order_id, created_at__lte=now).update(ready_at=ready_at)


def change_payout(*, order_id: UUID, payout_minor: int) -> None:
    """The customer changed the tip; silent when nobody looks for a driver yet."""
    Delivery.objects.filter(order_id=order_id).update(payout_minor=payout_minor)


def cancel_delivery(*, order_id: UUID, reason: str, now: datetime) -> None:
    """Nobody needs to ride: withdraw the question, release the driver. Silent when it is over already."""
    with transaction.atomic():
        delivery = Delivery.objects.locked().filter(order_id=order_id).first()
        if delivery is None or delivery.status in Delivery.FINAL:
            return
        delivery.cancel()
        offer = Offer.objects.pending().filter(delivery=delivery).first()
        if offer is not None:
            withdraw(offer, delivery, reason=reason, now=now)
        assignment = Assignment.objects.live().filter(delivery=delivery).first()
        if assignment is not None:
            end(assignment, delivery, reason=ReleaseReason.ORDER_CANCELLED, requeued=False, now=now)
        else:
            tell(delivery, DriverSearchEnded, now=now, reason=reason)
        delivery.save()
