"""Counted pieces: taken in the commit that writes an order, given back in the one that ends it uncooked."""

from collections.abc import Sequence
from operator import attrgetter

from django.db.models import F, Q

from deliveryapp.batch import Batch
from restaurants.models import MenuItem
from restaurants.selectors.cart import out_of_stock
from restaurants.selectors.facts import Pieces


def take_stock(batch: Batch, *, pieces: Sequence[Pieces]) -> None:
    """Add to the batch: take these pieces, of all items or of none. Each item is named once.

    Its `execute` raises ItemOutOfStock when somebody else was quicker. Everybody takes his locks in the order
    of the ids, so that two carts with the same items never wait for each other.
    """
    for wanted in _in_lock_order(pieces):
        enough = Q(stock__gte=wanted.count) | Q(stock=None)  # None: nobody counts it any more
        batch.update(
            MenuItem.objects.filter(enough, pk=wanted.item_id),
            refusal=out_of_stock(wanted.item_id, wanted.name),
            stock=F("stock") - wanted.count,
        )


def return_stock(batch: Batch, *, pieces: Sequence[Pieces]) -> None:
    """Add to the batch: give these pieces back; what nobody counts any more stays uncounted."""
    for returned in _in_lock_order(pieces):
        batch.update(MenuItem.objects.filter(pk=returned.item_id), stock=F("stock") + returned.count)


def _in_lock_order(pieces: Sequence[Pieces]) -> list[Pieces]:
    return sorted(pieces, key=attrgetter("item_id"))
