"""Reads. `driver_for` and `offer_for` are the gates to what belongs to a driver."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now

from drivers.errors import AssignmentNotFound, NotADriver, OfferNotFound
from drivers.models import Assignment, Delivery, Driver, Offer

LAST_POSITION_GOOD_FOR = timedelta(minutes=15)


def driver_for(*, user_id: UUID) -> Driver:
    """The asker's own driver's row. Raises NotADriver."""
    driver = find_driver(user_id=user_id)
    if driver is None:
        raise NotADriver
    return driver


def find_driver(*, user_id: UUID) -> Driver | None:
    return Driver.objects.filter(user_id=user_id).first()


def offer_for(*, user_id: UUID, offer_id: UUID) -> Offer:
    """An offer made to the asker, in any state. Raises OfferNotFound."""
    offer = Offer.objects.filter(pk=offer_id, driver__user_id=user_id).first()
    if offer is None:
        raise OfferNotFound
    return offer


def pending_offers(*, driver_id: UUID) -> QuerySet[Offer]:
    """What he may answer now."""
    return (
        Offer.objects.pending()
        .filter(driver_id=driver_id, expires_at__gt=Now())
        .select_related("delivery")
        .order_by("expires_at")
    )


def find_offer(*, offer_id: UUID) -> Offer | None:
    return Offer.objects.filter(pk=offer_id).select_related("delivery").first()


def live_assignment_for(*, user_id: UUID, order_id: UUID) -> Assignment:
    """The asker's live assignment of this order. Raises AssignmentNotFound."""
    found = Assignment.objects.live().filter(order_id=order_id, driver__user_id=user_id).first()
    if found is None:
        raise AssignmentNotFound
    return found


def find_live_assignment(*, user_id: UUID, order_id: UUID) -> Assignment | None:
    return live_assignments(user_id=user_id).filter(order_id=order_id).first()


def is_escalated(*, order_id: UUID) -> bool:
    """The search went past its deadline and still goes on."""
    searching = Delivery.objects.filter(order_id=order_id, status=Delivery.Status.SEARCHING)
    return searching.filter(escalated_at__isnull=False).exists()


def current_assignments(*, order_ids: Collection[UUID]) -> dict[UUID, Assignment]:
    """Per order the live or delivered assignment; orders nobody rides are absent."""
    rows = Assignment.objects.filter(order_id__in=order_ids).exclude(status=Assignment.Status.RELEASED)
    return {row.order_id: row for row in rows.with_people()}


def live_assignments(*, user_id: UUID) -> QuerySet[Assignment]:
    return Assignment.objects.live().filter(driver__user_id=user_id).with_people().order_by("assigned_at")


def live_of_drivers(*, driver_ids: Collection[UUID]) -> QuerySet[Assignment]:
    return Assignment.objects.live().filter(driver_id__in=driver_ids).with_people().order_by("assigned_at")


def riding_in(*, region: str) -> list[Assignment]:
    rows = Assignment.objects.live().filter(delivery__region=region)
    return list(rows.with_people().order_by("assigned_at"))


def regions_with_riders() -> list[str]:
    rows = Assignment.objects.live().values_list("delivery__region", flat=True)
    return list(rows.order_by("delivery__region").distinct())


def regions_with_work() -> list[str]:
    """Regions where a search is due or an offer is overdue."""
    due = Q(next_search_at__lte=Now()) | Q(offers__status="pending", offers__expires_at__lte=Now())
    rows = Delivery.objects.filter(due, status=Delivery.Status.SEARCHING)
    return list(rows.values_list("region", flat=True).order_by("region").distinct())


def askable_drivers(*, region: str) -> QuerySet[Driver]:
    """On shift, with room, and not being asked something else: the database's truth."""
    return Driver.objects.with_room().filter(region=region).exclude(offers__status="pending")


def askable_with_last_position(*, region: str, now: datetime) -> QuerySet[Driver]:
    """For when live positions are gone: those whose last stored position is not too old."""
    return askable_drivers(region=region).filter(
        last_seen_at__gte=now - LAST_POSITION_GOOD_FOR, last_lat__isnull=False, last_lng__isnull=False
    )


def on_shift_ids() -> dict[str, list[UUID]]:
    """Per region everybody on shift."""
    found: defaultdict[str, list[UUID]] = defaultdict(list)
    for region, driver_id in Driver.objects.exclude(status=Driver.Status.OFFLINE).values_list("region", "id"):
        found[region].append(driver_id)
    return dict(found)


@dataclass(frozen=True, slots=True)
class Refusal:
    delivery_id: UUID
    driver_id: UUID
    at: datetime


def refusals(*, delivery_ids: Collection[UUID]) -> list[Refusal]:
    """Who said no to which delivery, by declining, by silence or by giving it back, and when last."""
    said_no = Offer.objects.filter(
        delivery_id__in=delivery_ids, status__in=[Offer.Status.DECLINED, Offer.Status.EXPIRED]
    )
    gave_back = Assignment.objects.filter(delivery_id__in=delivery_ids, status=Assignment.Status.RELEASED)
    pairs = said_no.values_list("delivery_id", "driver_id").annotate(at=Max("answered_at"))
    released = gave_back.values_list("delivery_id", "driver_id").annotate(at=Max("released_at"))
    return [Refusal(*row) for row in (*pairs, *released)]
