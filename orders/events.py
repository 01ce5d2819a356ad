"""What happened to orders. Public. Ids and minimal facts; no names, no addresses."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from deliveryapp.events import Event, event


@dataclass(frozen=True, slots=True, kw_only=True)
class _OrderEvent(Event):
    topic: ClassVar[str] = "orders.status"
    source: ClassVar[str] = "orders"
    subject_field: ClassVar[str] = "order_id"
    order_id: UUID
    restaurant_id: UUID
    region: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCreated(_OrderEvent):
    total_minor: int
    currency: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(_OrderEvent):
    topic: ClassVar[str] = "orders.created"
    total_minor: int
    currency: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderConfirmed(_OrderEvent):
    ready_at: datetime


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPrepTimeChanged(_OrderEvent):
    """The kitchen promised another time, or (`actor` system) is late and expected later."""

    ready_at: datetime
    actor: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAmended(_OrderEvent):
    """What is in the bag changed, or a swap waits for its customer (`change` proposed). `change` is the
    state of the amendment: proposed, accepted, removed or expired.
    """

    amendment_id: UUID
    change: str
    total_minor: int
    currency: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPreparing(_OrderEvent):
    pass


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReady(_OrderEvent):
    pass


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPickedUp(_OrderEvent):
    pass


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDelivered(_OrderEvent):
    pass


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(_OrderEvent):
    reason: str
    actor: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFailed(_OrderEvent):
    code: str


@event
@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRequested(Event):
    """Somebody is to be told: `audience` customer, restaurant, driver, staff or support, by `channel` in_app,
    push, sms or call. Who sends it looks the rest up.
    """

    topic: ClassVar[str] = "notifications.send"
    source: ClassVar[str] = "orders"
    subject_field: ClassVar[str] = "notification_id"
    key_field: ClassVar[str] = "recipient_id"
    notification_id: UUID
    order_id: UUID
    recipient_id: UUID
    audience: str
    kind: str
    channel: str
    dedupe_key: str
