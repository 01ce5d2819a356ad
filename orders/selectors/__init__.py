"""Reads of the orders app, and the gates: who may see which order."""

from orders.selectors.access import (
    get_board_order,
    get_customer_order,
    get_order_for,
    orders_of_customer,
    orders_of_restaurant,
    require_board,
    require_board_order,
)
from orders.selectors.addresses import addresses_of, customer_of
from orders.selectors.documents import (
    board_documents,
    deliveries_of,
    delivery_of,
    order_document_of,
    order_documents,
)

__all__ = [
    "addresses_of",
    "board_documents",
    "customer_of",
    "deliveries_of",
    "delivery_of",
    "get_board_order",
    "get_customer_order",
    "get_order_for",
    "order_document_of",
    "order_documents",
    "orders_of_customer",
    "orders_of_restaurant",
    "require_board",
    "require_board_order",
]
