"""Doors: an event arrives, those who watch get a frame. Push only: run outside transactions, harmless if
repeated."""

from typing import Any
from uuid import UUID

from deliveryapp.clock import utc_now
from deliveryapp.events import Envelope
from deliveryapp.realtime import push
from drivers import facade as drivers
from drivers.events import (
    DeliveryEvent,
    DriverAssigned,
    DriverOffered,
    DriverOfferExpired,
    DriverReleased,
)
from orders import facade as orders
from orders.events import NotificationRequested
from tracking.selectors import Watched, watched_order
from tracking.services import riding
from tracking.services.fanout import driver_group, order_group, restaurant_group

STATUS_AFTER = {
    "OrderCreated": "created",
    "OrderPlaced": "placed",
    "OrderConfirmed": "confirmed",
    "OrderPreparing": "preparing",
    "OrderReady": "ready",
    "OrderPickedUp": "picked_up",
    "OrderDelivered": "delivered",
    "OrderCancelled": "cancelled",
    "OrderFailed": "failed",
}
UNSEEN_BY_RESTAURANT = {"OrderCreated", "OrderFailed"}  # before the money is held it is not theirs
NEWS_FOR_DRIVER = {"OrderReady": "ready", "OrderPrepTimeChanged": "prep_time_changed"}
GONE_BECAUSE = {
    "DriverOfferDeclined": "declined",
    "DriverOfferExpired": "expired",
    "DriverOfferWithdrawn": "withdrawn",
}


def on_order_event(envelope: Envelope) -> None:
    """Customer: the new status; restaurant: the card on its board; driver: what concerns his ride."""
    order_id: UUID = envelope.subject
    watched = watched_order(order_id=order_id, now=utc_now())
    _push_status(envelope, watched)
    if envelope.type not in UNSEEN_BY_RESTAURANT and watched.order.is_on_board(utc_now()):
        _push_card(watched.order.restaurant_id, order_id, envelope.type)
    if watched.assignment is not None:
        _tell_driver(envelope, watched.assignment.driver_id, watched.assignment.region)


def on_driver_event(envelope: Envelope) -> None:
    """Driver: his offers and deliveries; customer and restaurant: who rides."""
    event = envelope.event
    assert isinstance(event, DeliveryEvent)
    if isinstance(event, DriverOffered):
        _push_offer(event)
    elif envelope.type in GONE_BECAUSE:
        _push_offer_gone(envelope)
    else:
        if isinstance(event, DriverAssigned | DriverReleased):
            _push_delivery(event)
        _push_driver(event, envelope.seq)
        _push_card(event.restaurant_id, event.order_id, envelope.type)


def on_notification(envelope: Envelope) -> None:
    """Whoever is to be told hears it at once where he looks already."""
    event = envelope.event
    assert isinstance(event, NotificationRequested)
    groups = {
        "customer": order_group(event.order_id),
        "restaurant": restaurant_group(event.recipient_id),
        "driver": driver_group(event.recipient_id),
    }
    if event.channel != "in_app" or event.audience not in groups:
        return  # nobody looks there: somebody sends it
    frame = {"type": "notice", "order_id": event.order_id, "kind": event.kind}
    push(group=groups[event.audience], frame=frame)
    if event.audience == "restaurant":
        _push_card(event.recipient_id, event.order_id, event.kind)


def _push_status(envelope: Envelope, watched: Watched) -> None:
    frame = {
        "type": "status",
        "seq": envelope.seq,
        "status": STATUS_AFTER.get(envelope.type, watched.order.status),
        "at": envelope.time,
        "eta": watched.eta_json(),
    }
    push(group=order_group(watched.order.id), frame=frame, shown_driver=str(watched.driver_id or ""))


def _push_card(restaurant_id: UUID, order_id: UUID, event: str) -> None:
    frame = {"type": "order", "order": orders.board_order(order_id=order_id), "event": event}
    push(group=restaurant_group(restaurant_id), frame=frame)


def _tell_driver(envelope: Envelope, driver_id: UUID, region: str) -> None:
    riding.remember(region=region, driver_id=driver_id, now=utc_now())
    if news := NEWS_FOR_DRIVER.get(envelope.type):
        push(group=driver_group(driver_id), frame=_delivery_frame(envelope.subject, news))


def _push_offer(event: DriverOffered) -> None:
    offer = drivers.offer(offer_id=event.offer_id)
    if offer is not None and offer.status == "pending":
        push(group=driver_group(event.driver_id), frame={"type": "offer", "offer": offer.as_json()})


def _push_offer_gone(envelope: Envelope) -> None:
    event: Any = envelope.event
    group = driver_group(event.driver_id)
    reason = GONE_BECAUSE[envelope.type]
    push(group=group, frame={"type": "offer_gone", "offer_id": event.offer_id, "reason": reason})
    if isinstance(event, DriverOfferExpired) and event.went_offline:
        push(group=group, frame={"type": "shift", "status": "offline", "reason": "missed_offers"})


def _push_delivery(event: DriverAssigned | DriverReleased) -> None:
    riding.remember(region=event.region, driver_id=event.driver_id, now=utc_now())
    news = "assigned"
    if isinstance(event, DriverReleased):
        news = "released" if event.requeued else "cancelled"
    push(group=driver_group(event.driver_id), frame=_delivery_frame(event.order_id, news))


def _push_driver(event: DeliveryEvent, seq: int) -> None:
    """What is read now is at least as new as number `seq`: whoever keeps the highest keeps the newest."""
    watched = watched_order(order_id=event.order_id, now=utc_now())
    frame = {"type": "driver", "seq": seq, "driver": watched.driver_json()}
    push(group=order_group(event.order_id), frame=frame, shown_driver=str(watched.driver_id or ""))


def _delivery_frame(order_id: UUID, event: str) -> dict[str, Any]:
    return {"type": "delivery", "order_id": order_id, "event": event}
