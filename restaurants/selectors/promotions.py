"""Promotions as offers: read in the statement that reads the restaurant, so that a quote costs none more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import JSONField, Q, QuerySet
from django.db.models.expressions import RawSQL

from restaurants.errors import PromotionNotFound
from restaurants.models import Promotion, Restaurant, StaffRole
from restaurants.offers import Bearer, Offer, OfferKind
from restaurants.selectors.facts import Buyer
from restaurants.selectors.places import with_schedule
from restaurants.selectors.staff import require_staff

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    from restaurants.selectors.places import _Hours

    class _Offers(_Hours):
        offers_json: list[dict[str, Any]]

    OfferingRestaurant = WithAnnotations[Restaurant, _Offers]

MAY_PROMOTE = (StaffRole.OWNER.value, StaffRole.MANAGER.value)
# Those without a code while they last, and the one with the code that was typed, whatever its time.
_OFFERS = """(
    SELECT coalesce(
        jsonb_agg(to_jsonb(p) || jsonb_build_object('by_customer', coalesce(u.used, 0)) ORDER BY p.id), '[]')
    FROM restaurants_promotion p
    LEFT JOIN restaurants_promotionuse u ON u.promotion_id = p.id AND u.customer_id = %s
    WHERE p.archived_at IS NULL AND p.currency = restaurants_restaurant.currency
      AND (p.restaurant_id = restaurants_restaurant.id OR p.restaurant_id IS NULL)
      AND ((p.code = '' AND p.starts_at <= %s AND (p.ends_at IS NULL OR p.ends_at > %s))
           OR (p.code <> '' AND p.code = %s))
)"""


def with_offers(now: datetime, buyer: Buyer | None = None) -> QuerySet[OfferingRestaurant]:
    """`with_schedule`, with what is on offer in the same row: see `offers_of`."""
    who, code, at = (buyer.customer_id, buyer.code, buyer.at) if buyer else (None, "", now)
    offers = RawSQL(_OFFERS, (who, at, at, code), output_field=JSONField())  # noqa: S611 - constant text
    return with_schedule(now).annotate(offers_json=offers)


def offers_of(restaurant: OfferingRestaurant) -> tuple[Offer, ...]:
    """The offers of a row read by `with_offers`, the oldest first."""
    return tuple(_offer(row) for row in restaurant.offers_json)


def public_offers(restaurant: OfferingRestaurant) -> tuple[Offer, ...]:
    """What everybody gets there now, without those that are used up."""
    return tuple(offer for offer in offers_of(restaurant) if not offer.code and offer.left != 0)


def promotions_of(*, user_id: UUID, restaurant_id: UUID) -> Sequence[Promotion]:
    """Of one restaurant that are not archived, the newest first, for those who may make some.

    Raises RestaurantNotFound and RoleRequired.
    """
    require_staff(user_id=user_id, restaurant_id=restaurant_id, roles=MAY_PROMOTE)
    return list(Promotion.objects.filter(restaurant=restaurant_id, archived_at=None))


def locked_promotion(*, restaurant_id: UUID, promotion_id: UUID) -> Promotion:
    """Under its row lock. Raises PromotionNotFound."""
    wanted = Q(pk=promotion_id, restaurant=restaurant_id, archived_at=None)
    found = Promotion.objects.select_for_update(no_key=True).filter(wanted).first()
    if found is None:
        raise PromotionNotFound
    return found


def _offer(row: dict[str, Any]) -> Offer:
    ends_at, restaurant_id, max_uses = row["ends_at"], row["restaurant_id"], row["max_uses"]
    return Offer(
        id=UUID(row["id"]),
        restaurant_id=UUID(restaurant_id) if restaurant_id else None,
        title=row["title"],
        code=row["code"],
        kind=OfferKind(row["kind"]),
        percent_bp=row["percent_bp"],
        amount_minor=row["amount_minor"],
        maximum_minor=row["maximum_minor"],
        minimum_minor=row["minimum_minor"],
        borne_by=Bearer(row["borne_by"]),
        is_first_order_only=row["is_first_order_only"],
        starts_at=datetime.fromisoformat(row["starts_at"]),
        ends_at=datetime.fromisoformat(ends_at) if ends_at else None,
        left=None if max_uses is None else max(0, max_uses - row["used"]),
        max_uses_per_customer=row["max_uses_per_customer"],
        used_by_customer=row["by_customer"],
    )
