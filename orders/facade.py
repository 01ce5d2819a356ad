"""What other apps may ask of orders. Public."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deliveryapp.geo import Point
from orders import selectors
from orders.models import Order


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order for those who watch it. Times are None until they happened."""

    id: UUID
    number: str
    status: str
    seq: int
    region: str
    customer_id: UUID
    restaurant_id: UUID
    restaurant_name: str
    pickup: Point
    dropoff: Point
    dropoff_street: str
    prep_minutes: int | None
    busy_minutes: int
    ready_at: datetime | None
    scheduled_for: datetime | None
    opens_at: datetime | None
    placed_at: datetime | None
    confirmed_at: datetime | None
    picked_up_at: datetime | None
    delivered_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str
    updated_at: datetime

    @property
    def is_final(self) -> bool:
        return self.status in Order.FINAL

    def is_on_board(self, now: datetime) -> bool:
        """The kitchen may see it: it is not a scheduled order whose time is still to come."""
        return self.opens_at is None or self.opens_at <= now


def order_view(*, order_id: UUID) -> OrderView:
    """Raises OrderNotFound."""
    return _view(selectors.get_board_order(order_id=order_id))


def get_order_view_for(*, user_id: UUID, order_id: UUID) -> OrderView:
    """For whoever takes part in the order; raises OrderNotFound for everybody else."""
    return _view(selectors.get_order_for(user_id=user_id, order_id=order_id))


def board_order(*, order_id: UUID) -> dict[str, Any]:
    """The order as its restaurant's board shows it. Raises OrderNotFound."""
    return selectors.board_documents([selectors.get_board_order(order_id=order_id)])[0]


def board(*, restaurant_id: UUID, limit: int = 200) -> list[dict[str, Any]]:
    """Everything on the restaurant's board, oldest first."""
    orders = selectors.orders_of_restaurant(restaurant_id=restaurant_id, state="active")
    return selectors.board_documents(list(orders.order_by("placed_at")[:limit]))


def orders_in_kitchen(*, restaurant_id: UUID) -> list[OrderView]:
    """Confirmed and not picked up yet, in one query."""
    orders = selectors.orders_of_restaurant(restaurant_id=restaurant_id, state="active")
    return [_view(order) for order in orders.filter(status__in=Order.IN_KITCHEN).order_by("placed_at")]


def role_of(*, user_id: UUID) -> dict[str, Any] | None:
    customer = selectors.customer_of(user_id=user_id)
    return {"since": customer.created_at} if customer else None


def _view(order: Order) -> OrderView:
    return OrderView(
        id=order.pk,
        number=order.number,
        status=str(order.status),
        seq=order.seq,
        region=order.region,
        customer_id=order.customer_id,
        restaurant_id=order.restaurant_id,
        restaurant_name=order.restaurant_name,
        pickup=order.pickup,
        dropoff=order.dropoff,
        dropoff_street=order.street,
        prep_minutes=order.prep_minutes,
        busy_minutes=order.busy_minutes,
        ready_at=order.ready_at,
        scheduled_for=order.scheduled_for,
        opens_at=order.opens_at,
        placed_at=order.placed_at,
        confirmed_at=order.confirmed_at,
        picked_up_at=order.picked_up_at,
        delivered_at=order.delivered_at,
        cancelled_at=order.cancelled_at,
        cancel_reason=order.cancel_reason,
        updated_at=order.updated_at,
    )
