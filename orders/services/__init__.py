"""Writes of the orders app: placing, the kitchen's and the driver's progress, cancelling, customers."""

from orders.services.cancelling import (
    cancel_as_support,
    cancel_once,
    fail_order,
    time_out_restaurant,
)
from orders.services.customers import AddressInput, add_address, register_customers
from orders.services.kitchen import acknowledge, confirm, mark_ready, reject, start_preparing
from orders.services.placing import place_authorized, place_once
from orders.services.quoting import DeliveryInput, OrderRequest, Quote, quote
from orders.services.refunding import LineRefund, RefundWish, refund_order
from orders.services.riding import deliver, pick_up
from orders.services.tipping import change_tip

__all__ = [
    "AddressInput",
    "DeliveryInput",
    "LineRefund",
    "OrderRequest",
    "Quote",
    "RefundWish",
    "acknowledge",
    "add_address",
    "cancel_as_support",
    "cancel_once",
    "change_tip",
    "confirm",
    "deliver",
    "fail_order",
    "mark_ready",
    "pick_up",
    "place_authorized",
    "place_once",
    "quote",
    "refund_order",
    "register_customers",
    "reject",
    "start_preparing",
    "time_out_restaurant",
]
