"""Reads of the orders app, and the gates: who may see which order."""

from orders.selectors.access import (
    get_board_order,
    get_customer_order,
    get_order_for,
    get_own_order,
    orders_of_customer,
    orders_of_restaurant,
    require_board,
    require_board_order,
)
from orders.selectors.addresses import addresses_of, customer_of
from orders.selectors.again import again_document
from orders.selectors.alternatives import alternative_documents
from orders.selectors.documents import (
    board_documents,
    deliveries_of,
    delivery_of,
    order_document_of,
    order_documents,
)
from orders.selectors.money import (
    credit_documents,
    current_tip_minor,
    driver_earnings,
    receipt,
    refund_decision,
    refund_document,
    refund_documents,
    require_manager,
    require_support,
    restaurant_earnings,
)
from orders.selectors.slots import FreeSlot, FreeSlots, free_slots
from orders.selectors.tickets import PaperTicket, paper_ticket
from orders.selectors.today import today_document

__all__ = [
    "FreeSlot",
    "FreeSlots",
    "PaperTicket",
    "addresses_of",
    "again_document",
    "alternative_documents",
    "board_documents",
    "credit_documents",
    "current_tip_minor",
    "customer_of",
    "deliveries_of",
    "delivery_of",
    "driver_earnings",
    "free_slots",
    "get_board_order",
    "get_customer_order",
    "get_order_for",
    "get_own_order",
    "order_document_of",
    "order_documents",
    "orders_of_customer",
    "orders_of_restaurant",
    "paper_ticket",
    "receipt",
    "refund_decision",
    "refund_document",
    "refund_documents",
    "require_board",
    "require_board_order",
    "require_manager",
    "require_support",
    "restaurant_earnings",
    "today_document",
]
