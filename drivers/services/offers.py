"""A driver's answer to an offer, and the end of offers nobody answered."""

from datetime import datetime
from uuid import UUID

from django.db.models.functions import Now

from deliveryapp.failpoints import failpoint
from deliveryapp.transactions import durable, require_transaction
from drivers import selectors
from drivers.errors import DriverNotAvailable, OfferAnswered, OfferExpired, OfferWithdrawn
from drivers.events import DriverAssigned, DriverOfferDeclined, DriverOfferExpired, DriverOfferWithdrawn
from drivers.models import Assignment, Delivery, Driver, Offer
from drivers.services.facts import nudge_dispatch, tell
from drivers.services.timing import MISSES_THAT_END_A_SHIFT

BATCH = 200


def accept(*, user_id: UUID, offer_id: UUID, now: datetime) -> Assignment:
    """Bind the driver to the order; the same assignment again when repeated.

    Raises OfferNotFound, OfferExpired, OfferWithdrawn, OfferAnswered, DriverNotAvailable.
    """
    asked = selectors.offer_for(user_id=user_id, offer_id=offer_id)
    with durable():
        delivery = Delivery.objects.locked().get(pk=asked.delivery_id)
        offer = Offer.objects.get(pk=offer_id)
        if offer.status == Offer.Status.ACCEPTED:
            return Assignment.objects.filter(delivery=delivery, driver_id=offer.driver_id).latest(
                "assigned_at"
            )
        _require_open(offer, delivery)
        if not Driver.objects.take_slot(offer.driver_id):
            raise DriverNotAvailable
        assignment = _bind(offer, delivery, now)
        failpoint("offer.accept.before_commit")
    failpoint("offer.accept.after_commit")
    return assignment


def decline(*, user_id: UUID, offer_id: UUID, reason: str, now: datetime) -> Offer:
    """Pass the delivery on to the next driver; saying no twice is once.

    Raises OfferNotFound, OfferExpired, OfferWithdrawn, OfferAnswered.
    """
    asked = selectors.offer_for(user_id=user_id, offer_id=offer_id)
    with durable():
        delivery = Delivery.objects.locked().get(pk=asked.delivery_id)
        offer = Offer.objects.get(pk=offer_id)
        if offer.status == Offer.Status.DECLINED:
            return offer
        _require_open(offer, delivery)
        offer.decline(reason=reason, now=now)
        offer.save()
        Driver.objects.filter(pk=offer.driver_id).update(missed_offers=0)
        delivery.next_search_at = now
        tell(
            delivery,
            DriverOfferDeclined,
            now=now,
            offer_id=offer.id,
            driver_id=offer.driver_id,
            reason=reason,
        )
        delivery.save()
        nudge_dispatch(delivery.region)
    return offer


def expire_overdue(*, region: str, now: datetime) -> int:
    """End the offers whose time is over by the database's clock; returns how many.

    A driver who let several in a row pass is taken off shift: his app is probably not with him.
    """
    with durable():
        overdue = Delivery.objects.with_overdue_offer(region).locked(skip_locked=True)[:BATCH]
        deliveries = {delivery.id: delivery for delivery in overdue}
        offers = list(Offer.objects.pending().overdue().filter(delivery_id__in=deliveries))
        gone = _count_misses([offer.driver_id for offer in offers])
        for offer in offers:
            _expire(offer, deliveries[offer.delivery_id], went_offline=offer.driver_id in gone, now=now)
    return len(offers)


def withdraw(offer: Offer, delivery: Delivery, *, reason: str, now: datetime) -> None:
    """Take back a pending offer of a locked delivery, which the caller saves."""
    require_transaction()
    offer.withdraw(now=now)
    offer.save()
    tell(delivery, DriverOfferWithdrawn, now=now, offer_id=offer.id, driver_id=offer.driver_id, reason=reason)


def _require_open(offer: Offer, delivery: Delivery) -> None:
    """Judged under the delivery's lock, by the database's clock."""
    match offer.status:
        case Offer.Status.WITHDRAWN:
            raise OfferWithdrawn
        case Offer.Status.EXPIRED:
            raise OfferExpired
        case Offer.Status.ACCEPTED | Offer.Status.DECLINED:
            raise OfferAnswered
    if delivery.status != Delivery.Status.SEARCHING:
        raise OfferWithdrawn
    if Offer.objects.filter(pk=offer.pk, expires_at__lte=Now()).exists():
        raise OfferExpired


def _bind(offer: Offer, delivery: Delivery, now: datetime) -> Assignment:
    assignment = Assignment.objects.create(
        delivery=delivery, driver_id=offer.driver_id, order_id=delivery.order_id, assigned_at=now
    )
    offer.accept(now=now)
    offer.save()
    delivery.assign()
    tell(delivery, DriverAssigned, now=now, assignment_id=assignment.id, driver_id=offer.driver_id)
    delivery.save()
    return assignment


def _count_misses(driver_ids: list[UUID]) -> set[UUID]:
    """One miss more for each; returns those whose shift ended by it."""
    gone = set()
    for driver in Driver.objects.locked().filter(pk__in=driver_ids):
        driver.missed_offers += 1
        if driver.missed_offers >= MISSES_THAT_END_A_SHIFT and Driver.objects.end_shift(driver.id):
            gone.add(driver.id)
        else:
            driver.save(update_fields=["missed_offers"])
    return gone


def _expire(offer: Offer, delivery: Delivery, *, went_offline: bool, now: datetime) -> None:
    offer.expire(now=now)
    offer.save()
    delivery.next_search_at = now
    tell(
        delivery,
        DriverOfferExpired,
        now=now,
        offer_id=offer.id,
        driver_id=offer.driver_id,
        went_offline=went_offline,
    )
    delivery.save()
