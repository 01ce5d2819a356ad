"""An order's counted dishes: taken when it is written, given back when it ends before the kitchen's yes."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from deliveryapp.batch import Batch
from orders.models import Order, OrderLine
from restaurants import facade as restaurants

UNCOOKED = (Order.Status.CREATED, Order.Status.PLACED)


def take(batch: Batch, lines: Sequence[OrderLine]) -> None:
    """In the commit that writes the order, which then raises ItemOutOfStock or takes everything."""
    restaurants.take_stock(batch, pieces=_pieces(lines))


def give_back(
    batch: Batch,
    order: Order,
    *,
    was: str,
    lines: Sequence[OrderLine] | None = None,
    proposed: Sequence[OrderLine] = (),
) -> None:
    """In the commit of the move that ends the order, so once like the move itself; `was` is its last status.

    What a kitchen has confirmed may be in the pan and stays taken; what was only `proposed` never was.
    """
    if was not in UNCOOKED:
        lines = []
    elif lines is None:
        lines = list(OrderLine.objects.filter(order=order, is_counted=True))
    put_back(batch, [*lines, *proposed])


def put_back(batch: Batch, lines: Sequence[OrderLine]) -> None:
    """The pieces of lines that will not be cooked."""
    restaurants.return_stock(batch, pieces=_pieces(lines))


def _pieces(lines: Sequence[OrderLine]) -> list[restaurants.Pieces]:
    counted = [line for line in lines if line.is_counted]
    counts = Counter[UUID]()
    for line in counted:
        counts[line.item_id] += line.quantity
    names = {line.item_id: line.name for line in counted}
    return [restaurants.Pieces(item_id, name, counts[item_id]) for item_id, name in names.items()]
