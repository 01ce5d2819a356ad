"""Drivers who ride for us and are not heard of any more (R7).

Heard is who sent a position or did something about his delivery. Silence is counted from the last sign of
life, but never from before we began to listen: a store of positions that was empty, unreadable or not looked
at says nothing about the drivers. And when many fall silent at once it is more likely us than them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from deliveryapp import positions
from deliveryapp.positions import PositionsUnavailable
from deliveryapp.transactions import durable
from drivers import selectors
from drivers.errors import AssignmentChanged, AssignmentNotFound, AssignmentState
from drivers.events import DriverHeard, DriverSilent
from drivers.models import Assignment, Delivery, ReleaseReason
from drivers.services.assignments import release
from drivers.services.facts import tell
from drivers.services.online import take_off_shift
from drivers.services.timing import silent_after

log = structlog.get_logger(__name__)

SUSPICIOUS_FROM = 3  # drivers silent at once; fewer are believed
SUSPICIOUS_SHARE = 0.2  # of those who ride


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What a look came to: drivers released before pick-up, reported after it, and heard again. `unknown`:
    nothing could be said, or too much at once.
    """

    released: int = 0
    reported: int = 0
    heard: int = 0
    unknown: bool = False


def watch_silence(*, region: str, now: datetime) -> Silence:
    """One look at everybody who rides in the region."""
    riding = selectors.riding_in(region=region)
    try:
        heard_at = _heard_at(region, riding, now)
    except PositionsUnavailable as error:
        log.warning("silence_unknown", region=region, error=str(error))
        return Silence(unknown=True)
    heard = sum(
        _resolve(row, now) for row in riding if row.silent_since and heard_at[row.pk] > row.silent_since
    )
    silent = [row for row in riding if now - heard_at[row.pk] > silent_after()]
    if _is_suspicious(silent, riding):
        log.error("drivers_silent_en_masse", region=region, silent=len(silent), riding=len(riding))
        return Silence(heard=heard, unknown=True)
    released = sum(_release(row, now) for row in silent if row.status in Assignment.BEFORE_PICK_UP)
    reported = sum(_report(row, now) for row in silent if row.status == Assignment.Status.PICKED_UP)
    return Silence(released=released, reported=reported, heard=heard)


def _heard_at(region: str, riding: Sequence[Assignment], now: datetime) -> dict[UUID, datetime]:
    """Per assignment the driver's last sign of life, or the moment since which we listen."""
    since = positions.heard_without_gap_since(region=region, now=now)
    live = positions.get_many(region=region, driver_ids={row.driver_id for row in riding})
    seen = {driver_id: position.seen_at for driver_id, position in live.items()}
    return {
        row.pk: max(
            at
            for at in (since, row.last_act_at(), row.driver.last_seen_at, seen.get(row.driver_id))
            if at is not None
        )
        for row in riding
    }


def _is_suspicious(silent: Sequence[Assignment], riding: Sequence[Assignment]) -> bool:
    lost, all_of_them = {row.driver_id for row in silent}, {row.driver_id for row in riding}
    return len(lost) >= SUSPICIOUS_FROM and len(lost) > SUSPICIOUS_SHARE * len(all_of_them)


def _release(seen: Assignment, now: datetime) -> bool:
    """Exactly the assignment that was looked at; whoever moved it meanwhile is not silent."""
    try:
        release(assignment_id=seen.pk, version=seen.version, reason=ReleaseReason.SILENT, now=now)
    except (AssignmentChanged, AssignmentNotFound, AssignmentState):
        return False
    take_off_shift(driver=seen.driver, now=now)
    log.warning("silent_driver_released", driver_id=str(seen.driver_id), order_id=str(seen.order_id))
    return True


def _report(seen: Assignment, now: datetime) -> bool:
    """Once, until he is heard again. He keeps the order: the food is with him."""
    return seen.silent_since is None and _mark(seen, now, silent=True)


def _resolve(seen: Assignment, now: datetime) -> bool:
    return _mark(seen, now, silent=False)


def _mark(seen: Assignment, now: datetime, *, silent: bool) -> bool:
    with durable():
        delivery = Delivery.objects.locked().get(pk=seen.delivery_id)
        assignment = Assignment.objects.get(pk=seen.pk)
        if assignment.version != seen.version or assignment.status != Assignment.Status.PICKED_UP:
            return False
        assignment.silent_since = now if silent else None
        assignment.store()
        event = DriverSilent if silent else DriverHeard
        tell(delivery, event, now=now, assignment_id=assignment.pk, driver_id=assignment.driver_id)
        delivery.save()
    if silent:
        log.error("driver_silent", driver_id=str(seen.driver_id), order_id=str(seen.order_id))
    return True
