"""One gate per way of looking at an order; a stranger learns nothing, not even that it exists."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from deliveryapp.errors import InvalidInput, NotFound
from deliveryapp.models import User
from drivers import facade as drivers
from orders.errors import OrderNotFound
from orders.models import Order
from restaurants import facade as restaurants


def get_customer_order(*, user: User, order_id: UUID) -> Order:
    """The customer's own order, or any for support. Raises OrderNotFound."""
    order = Order.objects.filter(pk=order_id).first()
    if order is None or not (order.customer_id == user.pk or user.is_support):
        raise OrderNotFound
    return order


def get_own_order(*, user: User, order_id: UUID) -> Order:
    """Only the customer's own. Raises OrderNotFound."""
    order = Order.objects.filter(pk=order_id, customer_id=user.pk).first()
    if order is None:
        raise OrderNotFound
    return order


def require_board_order(*, user: User, restaurant_id: UUID, order_id: UUID) -> None:
    """Raises NotFound unless the user works for this restaurant and the order was placed there."""
    restaurants.require_staff(user_id=user.pk, restaurant_id=restaurant_id)
    hidden = (Order.Status.CREATED, Order.Status.FAILED)
    theirs = Order.objects.filter(pk=order_id, restaurant_id=restaurant_id).exclude(status__in=hidden)
    if not theirs.filter(_is_open()).exists():
        raise OrderNotFound


def require_board(*, user: User, restaurant_id: UUID) -> None:
    """Raises NotFound unless the user works for this restaurant."""
    restaurants.require_staff(user_id=user.pk, restaurant_id=restaurant_id)


def get_board_order(*, order_id: UUID) -> Order:
    """Raises OrderNotFound."""
    order = Order.objects.filter(pk=order_id).first()
    if order is None:
        raise OrderNotFound
    return order


def get_order_for(*, user_id: UUID, order_id: UUID) -> Order:
    """For whoever takes part: its customer, its restaurant's staff, its driver, support. Raises
    OrderNotFound.
    """
    order = get_board_order(order_id=order_id)
    if order.customer_id == user_id or _is_driver(user_id, order_id) or _is_support(user_id):
        return order
    try:
        restaurants.require_staff(user_id=user_id, restaurant_id=order.restaurant_id)
    except NotFound:
        raise OrderNotFound from None
    return order


def _is_driver(user_id: UUID, order_id: UUID) -> bool:
    assignment = drivers.assignment_of(order_id=order_id)
    return assignment is not None and assignment.driver_user_id == user_id


def _is_support(user_id: UUID) -> bool:
    return User.objects.filter(pk=user_id, is_staff=True, is_active=True).exists()


def orders_of_customer(*, user_id: UUID, state: str | None) -> QuerySet[Order]:
    return _in_state(Order.objects.filter(customer_id=user_id), state)


def orders_of_restaurant(*, restaurant_id: UUID, state: str | None) -> QuerySet[Order]:
    """What the kitchen may see: everything from placement on; `active` is what is on the board, `scheduled`
    what will be there later.
    """
    orders = Order.objects.filter(restaurant_id=restaurant_id, placed_at__isnull=False)
    if state == "scheduled":
        return orders.filter(status=Order.Status.PLACED, opens_at__gt=Now())
    orders = orders.filter(_is_open())
    if state == "active":
        return orders.filter(status__in=Order.ON_BOARD)
    return _in_state(orders, state)


def _is_open() -> Q:
    """Not a scheduled order whose time is still to come."""
    return Q(opens_at__isnull=True) | Q(opens_at__lte=Now())


def _in_state(orders: QuerySet[Order], state: str | None) -> QuerySet[Order]:
    if state == "active":
        return orders.exclude(status__in=Order.FINAL)
    if state == "past":
        return orders.filter(status__in=Order.FINAL)
    if state:
        raise InvalidInput("state is active or past.")
    return orders
