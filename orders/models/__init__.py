"""Tables of the orders: customers, the order with its lines and history, who is to be told what."""

from orders.models.amendment import Amendment
from orders.models.notification import Audience, Kind, NotificationRequest
from orders.models.order import (
    Address,
    Customer,
    Order,
    OrderFailure,
    OrderLine,
    OrderStatusChange,
    RecentCart,
)

__all__ = [
    "Address",
    "Amendment",
    "Audience",
    "Customer",
    "Kind",
    "NotificationRequest",
    "Order",
    "OrderFailure",
    "OrderLine",
    "OrderStatusChange",
    "RecentCart",
]
