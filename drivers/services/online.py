"""A driver's shift, and the database's copy of where he was last."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog
from django.db import connection

from deliveryapp import positions
from deliveryapp.geo import Point
from deliveryapp.positions import Position, PositionsUnavailable
from deliveryapp.transactions import durable
from drivers import selectors
from drivers.errors import ActiveDelivery
from drivers.models import Delivery, Driver, Offer
from drivers.services.facts import nudge_dispatch
from drivers.services.offers import withdraw

log = structlog.get_logger(__name__)

STORE_BATCH = 1_000
STORE_LAST = """
WITH news AS (
  SELECT * FROM unnest(%s::uuid[], %s::float8[], %s::float8[], %s::timestamptz[]) AS n(id, lat, lng, at)
), mine AS (
  SELECT d.id FROM drivers_driver d JOIN news USING (id) ORDER BY d.id FOR NO KEY UPDATE OF d SKIP LOCKED
)
UPDATE drivers_driver d SET last_lat = news.lat, last_lng = news.lng, last_seen_at = news.at
FROM news JOIN mine USING (id) WHERE d.id = news.id
"""


def go_online(*, user_id: UUID, point: Point, now: datetime) -> Driver:
    """Start the shift here, or confirm it. Raises NotADriver."""
    driver = selectors.driver_for(user_id=user_id)
    with durable():
        Driver.objects.start_shift(driver.id)
        Driver.objects.filter(pk=driver.id).update(last_lat=point.lat, last_lng=point.lng, last_seen_at=now)
        nudge_dispatch(driver.region)
    _show(driver, point, now)
    return selectors.driver_for(user_id=user_id)


def go_offline(*, user_id: UUID, now: datetime) -> Driver:
    """End the shift; what he was offered goes to somebody else. Raises NotADriver, ActiveDelivery."""
    driver = selectors.driver_for(user_id=user_id)
    with durable():
        locked = Driver.objects.locked().get(pk=driver.id)
        if locked.active_count:
            raise ActiveDelivery
        Driver.objects.end_shift(driver.id)
    # From here on nobody offers him anything; what is pending needs the delivery's lock, which comes first.
    _withdraw_offers(driver.id, now)
    _hide(driver)
    return selectors.driver_for(user_id=user_id)


def take_off_shift(*, driver: Driver, now: datetime) -> None:
    """His phone says nothing: nobody asks him until he goes online again. While he still carries something
    else the shift goes on, and only his place on the map is forgotten.
    """
    with durable():
        ended = Driver.objects.end_shift(driver.pk)
    if ended:
        _withdraw_offers(driver.pk, now)
    _hide(driver)


def save_positions() -> int:
    """Copy the live positions of all on shift into the database, for the day Redis is gone.

    Rows that are locked at the moment wait for the next round. Returns how many were stored. Raises
    PositionsUnavailable.
    """
    found = [
        position
        for region, driver_ids in selectors.on_shift_ids().items()
        for position in positions.get_many(region=region, driver_ids=driver_ids).values()
    ]
    return sum(_store(found[first : first + STORE_BATCH]) for first in range(0, len(found), STORE_BATCH))


def _store(rows: Sequence[Position]) -> int:
    with durable(), connection.cursor() as cursor:
        cursor.execute(
            STORE_LAST,
            [
                [row.driver_id for row in rows],
                [row.point.lat for row in rows],
                [row.point.lng for row in rows],
                [row.seen_at for row in rows],
            ],
        )
        return int(cursor.rowcount)


def _withdraw_offers(driver_id: UUID, now: datetime) -> None:
    with durable():
        asked = Offer.objects.pending().filter(driver_id=driver_id).values("delivery_id")
        for delivery in Delivery.objects.locked().filter(pk__in=asked):
            offer = Offer.objects.pending().filter(delivery=delivery, driver_id=driver_id).first()
            if offer is not None:
                withdraw(offer, delivery, reason="driver_offline", now=now)
                delivery.next_search_at = now
                delivery.save()
                nudge_dispatch(delivery.region)


def _show(driver: Driver, point: Point, now: datetime) -> None:
    position = Position(driver_id=driver.id, point=point, at=now)
    try:
        positions.write_many(region=driver.region, rows=[position])
    except PositionsUnavailable as error:
        log.warning("position_not_live", driver_id=str(driver.id), error=str(error))


def _hide(driver: Driver) -> None:
    try:
        positions.forget(region=driver.region, driver_id=driver.id)
    except PositionsUnavailable as error:
        log.warning("position_still_live", driver_id=str(driver.id), error=str(error))
