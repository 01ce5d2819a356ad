"""Writes of the orders app: placing, the kitchen's and the driver's progress, cancelling, customers."""

from orders.services.actions import ActionAnswer, DriverAction, carry_out
from orders.services.amending import (
    ANSWERS,
    answer_swap,
    propose_swap,
    remove_pieces,
    time_out_swaps,
)
from orders.services.amends import make_amends
from orders.services.cancelling import (
    cancel_as_support,
    cancel_once,
    fail_order,
    time_out_restaurant,
)
from orders.services.closing import (
    close_restaurant,
    lift_suspension,
    reject_if_closed,
    suspend_restaurant,
)
from orders.services.customers import AddressInput, add_address, register_customers
from orders.services.escalating import escalate_unseen
from orders.services.kitchen import (
    acknowledge,
    cancel_confirmed,
    change_prep_time,
    confirm,
    mark_ready,
    reject,
    start_preparing,
)
from orders.services.lateness import follow_kitchen
from orders.services.news import driver_replaced, driver_silent, search_takes_longer, ticket_opened
from orders.services.placing import place_authorized, place_once
from orders.services.promises import SignedQuote, sign
from orders.services.quoting import DeliveryInput, OrderRequest, Quote, quote, quote_with_place
from orders.services.refunding import LineRefund, RefundWish, refund_order
from orders.services.riding import deliver, pick_up
from orders.services.sending import send_request
from orders.services.tipping import change_tip

__all__ = [
    "ANSWERS",
    "ActionAnswer",
    "AddressInput",
    "DeliveryInput",
    "DriverAction",
    "LineRefund",
    "OrderRequest",
    "Quote",
    "RefundWish",
    "SignedQuote",
    "acknowledge",
    "add_address",
    "answer_swap",
    "cancel_as_support",
    "cancel_confirmed",
    "cancel_once",
    "carry_out",
    "change_prep_time",
    "change_tip",
    "close_restaurant",
    "confirm",
    "deliver",
    "driver_replaced",
    "driver_silent",
    "escalate_unseen",
    "fail_order",
    "follow_kitchen",
    "lift_suspension",
    "make_amends",
    "mark_ready",
    "pick_up",
    "place_authorized",
    "place_once",
    "propose_swap",
    "quote",
    "quote_with_place",
    "refund_order",
    "register_customers",
    "reject",
    "reject_if_closed",
    "remove_pieces",
    "search_takes_longer",
    "send_request",
    "sign",
    "start_preparing",
    "suspend_restaurant",
    "ticket_opened",
    "time_out_restaurant",
    "time_out_swaps",
]
