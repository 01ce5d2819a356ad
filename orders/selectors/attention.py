"""What goes wrong with an order at this moment, as far as its customer should know."""

from drivers import facade as drivers
from orders.models import Kind, Order

ATTENTION = (Kind.ORDER_LATE, Kind.SEARCH_TAKES_LONGER, Kind.DRIVER_CHANGED, Kind.DRIVER_SILENT)


def attention(order: Order) -> list[str]:
    """Of ATTENTION, what the customer was told and what is still so; the order of the list is fixed."""
    if order.status in Order.FINAL:
        return []
    told = set(order.notifications.filter(kind__in=ATTENTION).values_list("kind", flat=True))
    return [kind.value for kind in ATTENTION if kind in told and kind in _still(order)] if told else []


def _still(order: Order) -> set[Kind]:
    rider = drivers.assignment_of(order_id=order.pk)
    cooking = order.status in (Order.Status.CONFIRMED, Order.Status.PREPARING)
    holds = {
        Kind.ORDER_LATE: cooking,
        Kind.SEARCH_TAKES_LONGER: drivers.is_escalated(order_id=order.pk),
        Kind.DRIVER_CHANGED: rider is None and order.status in Order.IN_KITCHEN,
        Kind.DRIVER_SILENT: rider is not None and rider.silent_since is not None,
    }
    return {kind for kind, is_so in holds.items() if is_so}
