"""The same cart again within minutes: a second click or a second wish? (R5; ADR 0010)

Every order leaves its cart's fingerprint behind, in the commit that writes the order. The next order with the
same fingerprint may only overwrite it when the earlier one is long ago or came to nothing, or when the
customer says that it is meant. The row's lock lets one of any number of simultaneous submits through.
"""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from deliveryapp.batch import Batch
from deliveryapp.idempotency import fingerprint
from deliveryapp.purging import delete_in_batches
from orders.errors import DuplicateOrder
from orders.models import Order, RecentCart
from orders.services.quoting import OrderRequest, Quote

RECOGNISED_FOR = timedelta(minutes=5)  # on the wall clock: fingers do not click faster in a fast city
KEPT_FOR = timedelta(hours=1)
SAME_PLACE_DIGITS = 5  # about a metre


def cart_fingerprint(customer_id: UUID, quoted: Quote, request: OrderRequest) -> str:
    """Of the restaurant, what is ordered of it, the door it goes to and the time it is scheduled for. How the
    cart is written down makes no difference, nor do notes, tip and payment.
    """
    pieces = Counter[tuple[str, ...]]()
    for line in request.lines:
        pieces[str(line.item_id), *sorted(map(str, line.option_ids))] += line.quantity
    door, street = quoted.dropoff, " ".join(quoted.delivery.street.casefold().split())
    place = [street, round(door.lat, SAME_PLACE_DIGITS), round(door.lng, SAME_PLACE_DIGITS)]
    meal = [customer_id, request.restaurant_id, sorted(pieces.items()), place]
    return fingerprint("cart", [*meal, request.scheduled_for] if request.scheduled_for else meal)


def remember(batch: Batch, order: Order, cart: str, *, allow_duplicate: bool) -> None:
    """Add the cart to the commit of its order, which becomes stale when the cart is a repetition."""
    row = RecentCart(fingerprint=cart, order=order)
    batch.upsert(row, overwrite=["order", "ordered_at"], when=None if allow_duplicate else _is_over)


def _is_over() -> Q:
    """The earlier order is long ago or came to nothing."""
    ended = Order.objects.filter(
        pk=OuterRef("order_id"), status__in=[Order.Status.FAILED, Order.Status.CANCELLED]
    )
    return Q(ordered_at__lte=Now() - RECOGNISED_FOR) | Q(Exists(ended))


def refusal(cart: str) -> DuplicateOrder:
    """What to tell the customer about the order he already has."""
    earlier = RecentCart.objects.select_related("order").get(pk=cart).order
    return DuplicateOrder(
        f"Order {earlier.number} has the same content. Send allow_duplicate to order it again.",
        earlier_order={
            "id": earlier.pk,
            "number": earlier.number,
            "status": earlier.status,
            "created_at": earlier.created_at,
        },
    )


def forget_carts() -> int:
    """Delete carts that nobody is reminded of any more."""
    return delete_in_batches(RecentCart.objects.filter(ordered_at__lt=Now() - KEPT_FOR))
