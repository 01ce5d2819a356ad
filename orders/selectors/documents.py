"""Orders as the documents that REST answers, sockets send and the idempotency store keeps."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from deliveryapp.clock import scaled
from deliveryapp.money import Money
from drivers import facade as drivers
from drivers.facade import AssignmentInfo
from orders import goodwill
from orders.errors import OrderNotFound
from orders.models import Order, OrderFailure, OrderLine, OrderStatusChange
from orders.refund_policy import By, refundable_minor
from orders.reject_reasons import reasons_for
from orders.selectors.amendments import amendment_documents, amendments_of
from orders.selectors.attention import attention
from payments import facade as payments
from payments.facade import PaymentInfo
from restaurants import facade as restaurants

CONFIRM_WITHIN = timedelta(minutes=5)
CONFIRM_AT_LEAST = timedelta(seconds=45)  # when the city's time runs fast, machines still need theirs
Document = dict[str, Any]


def respond_by(order: Order) -> datetime | None:
    """When the kitchen must have answered; a scheduled order is answered when its time has come."""
    if order.placed_at is None:
        return None
    return (order.opens_at or order.placed_at) + scaled(CONFIRM_WITHIN, floor=CONFIRM_AT_LEAST)


def order_document(
    order: Order,
    *,
    lines: Sequence[OrderLine],
    payment: PaymentInfo | None,
    history: Sequence[OrderStatusChange],
    failure: OrderFailure | None,
) -> Document:
    return {
        "id": order.pk,
        "number": order.number,
        "status": order.status,
        "seq": order.seq,
        "restaurant": {
            "id": order.restaurant_id,
            "name": order.restaurant_name,
            "street": order.pickup_street,
            "lat": order.pickup_lat,
            "lng": order.pickup_lng,
        },
        "lines": [_line(line, order.currency) for line in lines],
        **amounts(order),
        "promotion": _promotion(order),
        "delivery": {
            "street": order.street,
            "city": order.city,
            "postcode": order.postcode,
            "lat": order.lat,
            "lng": order.lng,
            "note": order.delivery_note,
        },
        "note": order.note,
        "payment": _payment(payment, order.currency),
        "prep_minutes": order.prep_minutes,
        "ready_at": order.ready_at,
        "scheduled_for": order.scheduled_for,
        "cancellable": order.status in (Order.Status.CREATED, *Order.ON_BOARD),
        "cancel_refund": _money(refundable_minor(order, by=By.CUSTOMER, status=order.status), order.currency),
        "cancel_reason": order.cancel_reason,
        "failure": failure and {"code": failure.code, "detail": failure.detail},
        "created_at": order.created_at,
        "placed_at": order.placed_at,
        "respond_by": respond_by(order),
        "confirmed_at": order.confirmed_at,
        "picked_up_at": order.picked_up_at,
        "delivered_at": order.delivered_at,
        "cancelled_at": order.cancelled_at,
        "history": [_change(change) for change in history],
    }


def amounts(order: Order) -> Document:
    names = ("subtotal", "delivery_fee", "service_fee", "tax", "included_tax", "tip", "discount", "total")
    return {name: _money(getattr(order, f"{name}_minor"), order.currency) for name in names}


def _promotion(order: Order) -> Document | None:
    if order.promotion_id is None:
        return None
    amount = _money(order.discount_minor, order.currency)
    return {
        "id": order.promotion_id,
        "title": order.promotion_title,
        "on": str(order.discount_on),
        "amount": amount,
    }


def _money(amount_minor: int, currency: str) -> Document:
    return Money(amount_minor, currency).as_json()


def _line(line: OrderLine, currency: str) -> Document:
    return {
        "id": line.pk,
        "item_id": line.item_id,
        "name": line.name,
        "quantity": line.quantity,
        "unit_price": _money(line.unit_price_minor, currency),
        "options": [
            {
                "group": option["group"],
                "name": option["name"],
                "price_delta": _money(option["price_delta_minor"], currency),
            }
            for option in line.options
        ],
        "note": line.note,
        "total": _money(line.total_minor, currency),
    }


def _payment(payment: PaymentInfo | None, currency: str) -> Document:
    if payment is None:
        return {
            "status": "pending",
            "by_credit": _money(0, currency),
            "next_action_url": None,
            "decline_code": "",
        }
    return {
        "status": payment.status,
        "by_credit": _money(payment.credit_minor, currency),
        "next_action_url": payment.next_action_url or None,
        "decline_code": payment.decline_code,
    }


def _change(change: OrderStatusChange) -> Document:
    return {
        "seq": change.seq,
        "from": change.from_status,
        "to": change.to_status,
        "actor": change.actor,
        "reason": change.reason,
        "at": change.at,
    }


NOT_PLACED = {
    "payment_declined": (
        402,
        "The payment was declined",
        "Your bank refused the payment. Nothing was charged; choose another card.",
    ),
    "payment_timeout": (402, "The payment was not completed", "Nothing was charged; order again."),
    "cancelled_by_customer": (409, "The order was cancelled", "It was cancelled before it was paid."),
}


def not_placed(order: Order, code: str, decline_code: str) -> Document:
    """The problem document of an order that failed; `code` is its failure's."""
    status, title, detail = NOT_PLACED[code]
    return {
        "type": f"urn:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "decline_code": decline_code,
        "order_id": str(order.pk),
    }


def order_documents(orders: Sequence[Order], *, with_history: bool = False) -> list[Document]:
    """A constant number of queries for any number of orders."""
    ids = [order.pk for order in orders]
    lines = _lines_of(ids)
    paid = payments.payments_of(order_ids=ids)
    failures = {row.pk: row for row in OrderFailure.objects.filter(pk__in=ids)}
    history: defaultdict[UUID, list[OrderStatusChange]] = defaultdict(list)
    if with_history:
        for change in OrderStatusChange.objects.filter(order_id__in=ids).order_by("seq"):
            history[change.order_id].append(change)
    places = restaurants.get_restaurants(ids={o.restaurant_id for o in orders})
    documents = [
        order_document(
            order,
            lines=lines[order.pk],
            payment=paid.get(order.pk),
            history=history[order.pk],
            failure=failures.get(order.pk),
        )
        for order in orders
    ]
    for order, document in zip(orders, documents, strict=True):
        place = places[order.restaurant_id]
        document["restaurant"] |= {"slug": place.slug, "timezone": place.timezone}
    return documents


def order_document_of(order: Order) -> Document:
    """With its history, what the customer should know of now, and what it gets for a kitchen's fault."""
    goodwill_minor = (
        payments.goodwill_of(order_id=order.pk) if goodwill.is_restaurants_fault(order.cancel_reason) else 0
    )
    return order_documents([order], with_history=True)[0] | {
        "attention": attention(order),
        "goodwill": _money(goodwill_minor, order.currency) if goodwill_minor else None,
        "amendments": amendment_documents(order, amendments_of([order.pk])[order.pk]),
    }


def _lines_of(ids: Iterable[UUID]) -> defaultdict[UUID, list[OrderLine]]:
    lines: defaultdict[UUID, list[OrderLine]] = defaultdict(list)
    for line in OrderLine.objects.filter(order_id__in=list(ids)).order_by("position"):
        lines[line.order_id].append(line)
    return lines


def board_documents(orders: Sequence[Order]) -> list[Document]:
    """Orders as the kitchen sees them: what to cook, until when, who comes for it."""
    ids = [order.pk for order in orders]
    lines, tickets = _lines_of(ids), restaurants.tickets(order_ids=ids)
    riders, amendments = drivers.assignments_of(order_ids=ids), amendments_of(ids)
    return [
        _board(order, lines[order.pk], tickets.get(order.pk), riders.get(order.pk))
        | {"amendments": amendment_documents(order, amendments[order.pk])}
        for order in orders
    ]


def _board(
    order: Order, lines: Sequence[OrderLine], ticket: Any, assignment: AssignmentInfo | None
) -> Document:
    return {
        "id": order.pk,
        "number": order.number,
        "status": order.status,
        "seq": order.seq,
        "placed_at": order.placed_at,
        "respond_by": respond_by(order),
        "prep_minutes": order.prep_minutes,
        "ready_at": order.ready_at,
        "scheduled_for": order.scheduled_for,
        "lines": [
            {
                "id": line.pk,
                "name": line.name,
                "quantity": line.quantity,
                "options": [f"{option['group']}: {option['name']}" for option in line.options],
                "note": line.note,
            }
            for line in lines
        ],
        "note": order.note,
        "total": _money(order.total_minor, order.currency),
        "ticket_seq": ticket and ticket.seq,
        "acknowledged_at": ticket and ticket.acknowledged_at,
        "cancel_reason": order.cancel_reason,
        "reject_reasons": list(reasons_for(order.status)),
        "driver": assignment
        and {"name": assignment.driver_name, "vehicle": assignment.vehicle, "status": assignment.status},
        "customer_first_name": order.customer_first_name,
    }


def deliveries_of(*, user_id: UUID) -> list[Document]:
    """What a driver needs for each of his live deliveries; empty for everybody else."""
    assignments = drivers.active_assignments(user_id=user_id)
    orders = Order.objects.in_bulk([assignment.order_id for assignment in assignments])
    return [_delivery(assignment, orders[assignment.order_id]) for assignment in assignments]


def delivery_of(*, order_id: UUID, user_id: UUID) -> Document:
    """One delivery of this driver, also just after it ended. Raises OrderNotFound."""
    assignment = drivers.assignment_of(order_id=order_id)
    if assignment is None or assignment.driver_user_id != user_id:
        raise OrderNotFound
    return _delivery(assignment, Order.objects.get(pk=order_id))


def _delivery(assignment: AssignmentInfo, order: Order) -> Document:
    return {
        "order_id": order.pk,
        "number": order.number,
        "status": assignment.status,
        "order_status": order.status,
        "pickup": {
            "name": order.restaurant_name,
            "street": order.pickup_street,
            "lat": order.pickup_lat,
            "lng": order.pickup_lng,
        },
        "dropoff": {
            "street": order.street,
            "city": order.city,
            "lat": order.lat,
            "lng": order.lng,
            "note": order.delivery_note,
        },
        "customer_first_name": order.customer_first_name,
        "ready_at": order.ready_at,
        "scheduled_for": order.scheduled_for,
        "payout": _money(order.payout_minor, order.currency),
    }
