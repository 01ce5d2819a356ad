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
