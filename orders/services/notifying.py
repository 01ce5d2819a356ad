"""Asking that somebody be told: one row and one event per thing to say, whoever sends it and how.

No name, address or text goes along: who sends it reads the order at that moment, through its own gate.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deliveryapp.outbox import publish
from deliveryapp.transactions import require_transaction
from orders.events import NotificationRequested
from orders.models import Audience, Kind, NotificationRequest, Order


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is to be told, and how."""

    audience: Audience
    id: UUID
    channel: str = NotificationRequest.Channel.IN_APP


AUDIENCE: dict[Kind, Audience] = {
    Kind.ORDER_ENDED: Audience.CUSTOMER,
    Kind.ORDER_LATE: Audience.CUSTOMER,
    Kind.SEARCH_TAKES_LONGER: Audience.CUSTOMER,
    Kind.DRIVER_CHANGED: Audience.CUSTOMER,
    Kind.DRIVER_SILENT: Audience.CUSTOMER,
    Kind.TICKET_OPENED: Audience.RESTAURANT,
    Kind.KITCHEN_LATE: Audience.RESTAURANT,
    Kind.DRIVER_REPLACED: Audience.RESTAURANT,
    Kind.PICKUP_MOVED: Audience.DRIVER,
    Kind.SWAP_PROPOSED: Audience.CUSTOMER,
    Kind.ITEM_REMOVED: Audience.CUSTOMER,
    Kind.TICKET_UNSEEN: Audience.RESTAURANT,
}


def ask_to_tell(
    order: Order,
    kind: Kind,
    *,
    now: datetime,
    occurrence: str = "",
    driver_id: UUID | None = None,
    to: Recipient | None = None,
) -> bool:
    """Once per kind, channel and occurrence of a locked order; False when it was asked before.

    `driver_id` is needed where the driver is to be told; `to` replaces whoever usually hears of the kind.
    """
    require_transaction()
    to = to or Recipient(AUDIENCE[kind], _recipient(order, AUDIENCE[kind], driver_id))
    request = NotificationRequest(
        order=order,
        kind=kind,
        occurrence=occurrence,
        audience=to.audience,
        channel=to.channel,
        recipient_id=to.id,
        requested_at=now,
    )
    asked = order.notifications.filter(kind=kind, channel=request.channel, occurrence=occurrence)
    if asked.exists():
        return False
    request.save(force_insert=True)
    publish(_event_of(request), seq=1, now=now)
    return True


def _recipient(order: Order, audience: Audience, driver_id: UUID | None) -> UUID:
    if audience == Audience.CUSTOMER:
        customer_id: UUID = order.customer_id
        return customer_id
    if audience == Audience.RESTAURANT:
        return order.restaurant_id
    assert driver_id is not None
    return driver_id


def _event_of(request: NotificationRequest) -> NotificationRequested:
    return NotificationRequested(
        notification_id=request.pk,
        order_id=request.order_id,
        recipient_id=request.recipient_id,
        audience=request.audience,
        kind=request.kind,
        channel=request.channel,
        dedupe_key=f"{request.order_id}:{request.kind}:{request.channel}:{request.occurrence}",
    )
