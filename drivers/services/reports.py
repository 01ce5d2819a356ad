"""What a driver says about a step: whether he can be where he says (R7) and when it can have been."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from deliveryapp import positions
from deliveryapp.clock import scaled
from deliveryapp.geo import Point, haversine_m
from deliveryapp.positions import PositionsUnavailable
from deliveryapp.transactions import durable, require_no_transaction
from drivers import selectors
from drivers.errors import ActionInFuture, ActionTooEarly, TooFarAway
from drivers.models import Assignment, Driver, PlaceAlert, Step

log = structlog.get_logger(__name__)

FAR_M = 500
CLOCK_SKEW = timedelta(seconds=10)
DUE = {
    Step.AT_RESTAURANT: (Assignment.Status.ASSIGNED,),
    Step.PICKED_UP: Assignment.BEFORE_PICK_UP,
    Step.AT_CUSTOMER: (Assignment.Status.PICKED_UP,),
    Step.DELIVERED: (Assignment.Status.PICKED_UP,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """When (device clock) and where, None for now and for wherever he is seen; `override_reason` says why he
    insists although he seems to be far away.
    """

    happened_at: datetime | None = None
    point: Point | None = None
    override_reason: str = ""


HERE_AND_NOW = Report()


def require_near(*, user_id: UUID, order_id: UUID, step: Step, report: Report, now: datetime) -> None:
    """Record an alert for a step reported from more than 500 m away; raises TooFarAway unless he insists.

    Silent about what the step itself will refuse, and where nobody knows his position.
    """
    require_no_transaction()
    assignment = selectors.find_live_assignment(user_id=user_id, order_id=order_id)
    if assignment is None or not _is_due(assignment, step):
        return
    point = _seen(assignment.driver, now) if _is_fresh(report, now) else None
    point = point or report.point
    if point is None:
        return
    distance_m = round(haversine_m(point, _place_of(assignment, step)))
    if distance_m <= FAR_M:
        return
    _alert(assignment, step, distance_m, report.override_reason, now)
    if not report.override_reason:
        raise TooFarAway(distance_m=distance_m, limit_m=FAR_M)


def true_time(report: Report, *, since: datetime, now: datetime) -> datetime:
    """When the step happened, after the previous one and before now; a clock may be seconds off.

    Raises ActionInFuture, ActionTooEarly.
    """
    at = report.happened_at or now
    if at > now + CLOCK_SKEW:
        raise ActionInFuture
    if report.happened_at is not None and at < since - CLOCK_SKEW:
        raise ActionTooEarly(previous_at=since)
    return min(max(at, since), now) if report.happened_at else now


def _is_due(assignment: Assignment, step: Step) -> bool:
    said_before = step == Step.AT_CUSTOMER and assignment.at_customer_at is not None
    return assignment.status in DUE[step] and not said_before


def _place_of(assignment: Assignment, step: Step) -> Point:
    delivery = assignment.delivery
    return delivery.pickup if step in (Step.AT_RESTAURANT, Step.PICKED_UP) else delivery.dropoff


def _is_fresh(report: Report, now: datetime) -> bool:
    """What is reported late says where he was; where he is seen now says nothing about that."""
    return report.happened_at is None or report.happened_at >= now - _good_for()


def _good_for() -> timedelta:
    """In so long a car gets not much further than what is tolerated."""
    return scaled(timedelta(seconds=30), floor=timedelta(seconds=2))


def _seen(driver: Driver, now: datetime) -> Point | None:
    try:
        found = positions.get_many(region=driver.region, driver_ids=[driver.id]).get(driver.id)
    except PositionsUnavailable as error:
        log.warning("place_not_checked", driver_id=str(driver.id), error=str(error))
        return None
    if found is None or found.seen_at is None or found.seen_at < now - _good_for():
        return None
    return found.point


def _alert(assignment: Assignment, step: Step, distance_m: int, reason: str, now: datetime) -> None:
    """Repeating it without a reason keeps the reason that he gave."""
    said = {"override_reason": reason} if reason else {}
    with durable():
        PlaceAlert.objects.update_or_create(
            assignment=assignment,
            step=step,
            defaults={"distance_m": distance_m, "reported_at": now} | said,
        )
    log.warning(
        "driver_far_away",
        order_id=str(assignment.order_id),
        driver_id=str(assignment.driver_id),
        step=step.value,
        distance_m=distance_m,
        override_reason=reason,
    )
