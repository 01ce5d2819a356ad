"""The dispatcher's tick: end overdue offers, claim what waits, plan, make offers.

Network and planning happen between two short transactions. What was planned on a stale picture is caught
when offers are written: under the locks of delivery and driver, by status, version and the one-pending-
offer rules.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import connection
from django.db.models.functions import Now

from deliveryapp.batch import Batch
from deliveryapp.failpoints import failpoint
from deliveryapp.geo import haversine_m
from deliveryapp.routing import DEFAULT_CIRCUITY
from deliveryapp.transactions import durable, require_no_transaction
from drivers.dispatch import Policy, ProposedOffer, plan
from drivers.events import DriverOffered, NoDriverFound
from drivers.models import Delivery, Driver, Offer
from drivers.services.candidates import Pool, find_pool
from drivers.services.facts import tell
from drivers.services.offers import expire_overdue
from drivers.services.timing import offer_lifetime, search_pause

log = structlog.get_logger(__name__)

BATCH = 200
CLAIM = timedelta(seconds=10)  # a planner that died is succeeded after this
LOCK_SPACE = zlib.crc32(b"drivers.dispatch") & 0x7FFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class TickResult:
    """`lost` offers met a driver or delivery that had changed since the plan; they are tried again."""

    expired: int = 0
    waiting: int = 0
    offered: int = 0
    lost: int = 0


def run_tick(*, region: str, now: datetime, policy: Policy = Policy.MATCHING) -> TickResult:
    """One round for a region; returns at once when another process claims at this moment."""
    require_no_transaction()
    expired = expire_overdue(region=region, now=now)
    claimed = _claim(region)
    if not claimed:
        return TickResult(expired=expired)
    failpoint("dispatch.after_claim")
    pool = find_pool(region=region, deliveries=claimed, now=now)
    proposals = plan(pool.waiting, pool.drivers, 0.0, pool.travel, policy=policy)
    offered = _make_offers(proposals, pool, now)
    planned = {proposal.delivery_id for proposal in proposals}
    _search_on([delivery.id for delivery in claimed if delivery.id not in planned], now)
    result = TickResult(expired=expired, waiting=len(claimed), offered=offered, lost=len(proposals) - offered)
    log.info(
        "dispatch_tick",
        region=region,
        expired=expired,
        waiting=len(claimed),
        offered=offered,
        lost=result.lost,
    )
    return result


def _claim(region: str) -> list[Delivery]:
    """What is due, put off for the length of a claim so that nobody else plans it; oldest first."""
    with durable():
        if not _sole_planner(region):
            return []
        due = Delivery.objects.due(region).locked(skip_locked=True).order_by("next_search_at", "id")
        claimed = list(due[:BATCH])
        Delivery.objects.filter(pk__in=[row.id for row in claimed]).update(next_search_at=Now() + CLAIM)
    return claimed


def _sole_planner(region: str) -> bool:
    """An advisory lock until the end of the transaction, one per region."""
    with connection.cursor() as cursor:
        key = zlib.crc32(region.encode()) & 0x7FFFFFFF
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK_SPACE, key])
        return bool(cursor.fetchone()[0])


def _make_offers(proposals: Iterable[ProposedOffer], pool: Pool, now: datetime) -> int:
    """Write those offers whose delivery and driver are still as planned; the others are searched again at
    once."""
    planned = {proposal.delivery_id: proposal for proposal in proposals}
    if not planned:
        return 0
    with durable():
        deliveries = Delivery.objects.locked().filter(pk__in=planned, status=Delivery.Status.SEARCHING)
        waiting = {delivery.id: delivery for delivery in deliveries}
        drivers = _still_free(
            [p.driver_id for p in planned.values() if p.delivery_id in waiting], pool.versions
        )
        asked = set(
            Offer.objects.pending().filter(delivery_id__in=waiting).values_list("delivery_id", flat=True)
        )
        batch, offered = Batch(), 0
        for delivery in (row for row in waiting.values() if row.id not in asked):
            driver = drivers.get(planned[delivery.id].driver_id)
            if driver is None:
                delivery.next_search_at = now
            else:
                _offer(delivery, planned[delivery.id], pool, batch, now)
                offered += 1
        batch.execute()
        Delivery.objects.bulk_update(waiting.values(), ["seq", "next_search_at"])
        failpoint("dispatch.before_commit")
    failpoint("dispatch.after_commit")
    return offered


def _still_free(driver_ids: list[UUID], versions: dict[UUID, int]) -> dict[UUID, Driver]:
    """Those who may still be asked, their rows locked: offers are only made under the driver's lock."""
    rows = Driver.objects.with_room().filter(pk__in=driver_ids).locked(skip_locked=True)
    free = {row.id: row for row in rows if row.version == versions[row.id]}
    asked = set(Offer.objects.pending().filter(driver_id__in=free).values_list("driver_id", flat=True))
    return {driver_id: row for driver_id, row in free.items() if driver_id not in asked}


def _offer(delivery: Delivery, proposal: ProposedOffer, pool: Pool, batch: Batch, now: datetime) -> None:
    to_kitchen_m = haversine_m(pool.points[proposal.driver_id], delivery.pickup)
    ride_m = to_kitchen_m + haversine_m(delivery.pickup, delivery.dropoff)
    offer = Offer(
        delivery=delivery,
        driver_id=proposal.driver_id,
        expires_at=Now() + offer_lifetime(),
        cost_s=proposal.cost_s,
        distance_m=round(ride_m * DEFAULT_CIRCUITY),
        created_at=now,
    )
    batch.insert(offer)
    tell(delivery, DriverOffered, now=now, batch=batch, offer_id=offer.id, driver_id=proposal.driver_id)


def _search_on(delivery_ids: list[UUID], now: datetime) -> None:
    """Nobody for these: a wider circle next time; past the deadline somebody is told, once."""
    if not delivery_ids:
        return
    with durable():
        rows = list(Delivery.objects.locked().filter(pk__in=delivery_ids, status=Delivery.Status.SEARCHING))
        for delivery in rows:
            delivery.widen()
            if delivery.escalated_at is None and now >= delivery.deadline_at:
                delivery.escalated_at = now
                tell(delivery, NoDriverFound, now=now)
            delivery.next_search_at = now + search_pause(escalated=delivery.escalated_at is not None)
        Delivery.objects.bulk_update(rows, ["radius_m", "escalated_at", "next_search_at", "seq"])
