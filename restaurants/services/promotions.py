"""Promotions: made by who pays for them, used by orders.

A use is taken in the commit that writes the order and given back in the one that ends it, so that each comes
back once. Only a promotion that is limited in all has a counter that all its orders wait for.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db import IntegrityError
from django.db.models import F, Q

from deliveryapp.batch import Batch
from deliveryapp.transactions import durable
from restaurants.errors import (
    PromotionCodeTaken,
    PromotionInvalid,
    PromotionOfOthers,
    PromotionsFull,
    PromotionUsedUp,
)
from restaurants.models import Promotion, PromotionUse, Restaurant
from restaurants.offers import Bearer, Offer
from restaurants.selectors.promotions import MAY_PROMOTE, locked_promotion
from restaurants.selectors.staff import require_staff

MOST = 50
UNIQUE_CODE = "promotion_code_is_unique_while_it_lives"
Fields = Mapping[str, Any]


def take_use(batch: Batch, *, offer: Offer, customer_id: UUID) -> None:
    """Add one use to the batch, which raises PromotionUsedUp when there is none left."""
    if offer.left is not None:
        some_left = Q(used__lt=F("max_uses")) | Q(max_uses=None)
        rows = Promotion.objects.filter(some_left, pk=offer.id)
        batch.update(rows, refusal=PromotionUsedUp(by_customer=False), used=F("used") + 1)
    batch.count_up(
        PromotionUse(promotion_id=offer.id, customer_id=customer_id, used=1),
        key=("promotion", "customer"),
        counter="used",
        limit=offer.most_per_customer,
        refusal=PromotionUsedUp(by_customer=True),
    )


def return_use(batch: Batch, *, promotion_id: UUID, customer_id: UUID, is_counted: bool) -> None:
    """Add to the batch: give one use back. `is_counted`: it was taken from the uses in all, too."""
    if is_counted:
        rows = Promotion.objects.filter(pk=promotion_id, used__gt=0)
        batch.update(rows, expect=None, used=F("used") - 1)
    own = PromotionUse.objects.filter(promotion=promotion_id, customer=customer_id, used__gt=0)
    batch.update(own, expect=None, used=F("used") - 1)


def add_promotion(*, user_id: UUID, restaurant_id: UUID, fields: Fields, now: datetime) -> Promotion:
    """A promotion of the restaurant, which pays for it; from now on unless `starts_at` says otherwise.

    Raises RestaurantNotFound, RoleRequired, PromotionInvalid, PromotionCodeTaken and PromotionsFull.
    """
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_PROMOTE)
    with durable():
        place = Restaurant.objects.select_for_update(no_key=True).only("currency").get(pk=restaurant_id)
        if Promotion.objects.filter(restaurant=place, archived_at=None).count() >= MOST:
            raise PromotionsFull
        row = Promotion(
            restaurant=place,
            currency=place.currency,
            borne_by=Bearer.RESTAURANT,
            created_by_id=user_id,
            **{"starts_at": now, **fields},
        )
        _save(row)
        return row


def change_promotion(*, user_id: UUID, restaurant_id: UUID, promotion_id: UUID, fields: Fields) -> Promotion:
    """Another title, period or limit; what it takes off stays. Orders placed before are not touched.

    Raises RestaurantNotFound, RoleRequired, PromotionNotFound, PromotionOfOthers and PromotionInvalid.
    """
    with durable():
        row = _own(user_id, restaurant_id, promotion_id)
        for name, value in fields.items():
            setattr(row, name, value)
        _save(row)
        return row


def end_promotion(*, user_id: UUID, restaurant_id: UUID, promotion_id: UUID, now: datetime) -> None:
    """Nobody gets it any more; orders keep theirs. Raises what `change_promotion` raises."""
    with durable():
        row = _own(user_id, restaurant_id, promotion_id)
        row.archived_at = now
        row.save(update_fields=["archived_at"])


def _own(user_id: UUID, restaurant_id: UUID, promotion_id: UUID) -> Promotion:
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_PROMOTE)
    row = locked_promotion(restaurant_id=restaurant_id, promotion_id=promotion_id)
    if row.borne_by != Bearer.RESTAURANT:
        raise PromotionOfOthers
    return row


def _save(row: Promotion) -> None:
    """The table's own constraints say what fits together."""
    try:
        row.save()
    except IntegrityError as error:
        cause = error.__cause__
        broken = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
        if broken == UNIQUE_CODE:
            raise PromotionCodeTaken from None
        if broken is not None and broken.startswith("promotion_"):
            raise PromotionInvalid(rule=broken.removeprefix("promotion_")) from None
        raise
