"""From the accepted offer to the door, and back when the driver cannot."""

from datetime import datetime
from uuid import UUID

from deliveryapp.transactions import durable, require_transaction
from drivers import selectors
from drivers.errors import AssignmentChanged, AssignmentNotFound, AssignmentState
from drivers.events import DeliveryEvent, DriverArrived, DriverDelivered, DriverPickedUp, DriverReleased
from drivers.models import Assignment, Delivery, Driver, Step
from drivers.services.facts import nudge_dispatch, tell
from drivers.services.reports import HERE_AND_NOW, Report, require_near, true_time
from drivers.services.timing import search_deadline

RESTAURANT, CUSTOMER = "restaurant", "customer"


def arrive(
    *, user_id: UUID, order_id: UUID, at: str, now: datetime, report: Report = HERE_AND_NOW
) -> Assignment:
    """The driver stands at the kitchen or at the door; saying so twice is once.

    Raises AssignmentNotFound, AssignmentState, TooFarAway, ActionInFuture, ActionTooEarly.
    """
    step, mark = (
        (Step.AT_RESTAURANT, _at_restaurant) if at == RESTAURANT else (Step.AT_CUSTOMER, _at_customer)
    )
    require_near(user_id=user_id, order_id=order_id, step=step, report=report, now=now)
    with durable():
        assignment = _locked(user_id=user_id, order_id=order_id)
        if mark(assignment, report, now):
            assignment.store()
            delivery = assignment.delivery
            tell(
                delivery,
                DriverArrived,
                now=now,
                assignment_id=assignment.id,
                driver_id=assignment.driver_id,
                at=at,
            )
            delivery.save()
    return assignment


def give_back(*, user_id: UUID, order_id: UUID, reason: str, now: datetime) -> Assignment:
    """The driver cannot ride it after all, before pick-up. Raises AssignmentNotFound, AssignmentState."""
    seen = selectors.live_assignment_for(user_id=user_id, order_id=order_id)
    return release(assignment_id=seen.id, version=seen.version, reason=reason, now=now)


def release(*, assignment_id: UUID, version: int, reason: str, now: datetime) -> Assignment:
    """Free the driver of exactly this assignment, as the caller saw it, and look for somebody else.

    Raises AssignmentNotFound, AssignmentChanged when it is not that version any more, AssignmentState once
    the food is on the way.
    """
    with durable():
        assignment = _lock(Assignment.objects.filter(pk=assignment_id).first())
        if assignment.version != version:
            raise AssignmentChanged
        if assignment.status not in Assignment.BEFORE_PICK_UP:
            raise AssignmentState(assignment_status=str(assignment.status))
        delivery = assignment.delivery
        delivery.search_again(now=now, deadline_at=now + search_deadline())
        end(assignment, delivery, reason=reason, requeued=True, now=now)
        nudge_dispatch(delivery.region)
    return assignment


def end(assignment: Assignment, delivery: Delivery, *, reason: str, requeued: bool, now: datetime) -> None:
    """Release a live assignment of a locked delivery."""
    require_transaction()
    assignment.release(reason=reason, now=now)
    assignment.store()
    Driver.objects.free_slot(assignment.driver_id)
    tell(
        delivery,
        DriverReleased,
        now=now,
        assignment_id=assignment.id,
        driver_id=assignment.driver_id,
        reason=reason,
        requeued=requeued,
    )
    delivery.save()


def record_pick_up(
    *, order_id: UUID, user_id: UUID, now: datetime, report: Report = HERE_AND_NOW
) -> Assignment:
    """In the caller's transaction: the driver has the food. Once is enough; twice changes nothing.

    Raises AssignmentNotFound, AssignmentState, ActionInFuture, ActionTooEarly.
    """
    require_transaction()
    assignment = _locked(user_id=user_id, order_id=order_id)
    if assignment.status == Assignment.Status.PICKED_UP:
        return assignment
    if assignment.status not in Assignment.BEFORE_PICK_UP:
        raise AssignmentState(assignment_status=str(assignment.status))
    assignment.pick_up(now=true_time(report, since=assignment.last_act_at(), now=now))
    assignment.store()
    assignment.delivery.pick_up()
    _tell(assignment, DriverPickedUp, now)
    return assignment


def record_delivery(
    *, order_id: UUID, user_id: UUID, now: datetime, report: Report = HERE_AND_NOW
) -> Assignment:
    """In the caller's transaction: the customer has the food, the driver has room again.

    Raises AssignmentNotFound, AssignmentState, ActionInFuture, ActionTooEarly.
    """
    require_transaction()
    assignment = _locked(user_id=user_id, order_id=order_id)
    if assignment.status == Assignment.Status.DELIVERED:
        return assignment
    if assignment.status != Assignment.Status.PICKED_UP:
        raise AssignmentState(assignment_status=str(assignment.status))
    assignment.deliver(now=true_time(report, since=assignment.last_act_at(), now=now))
    assignment.store()
    assignment.delivery.deliver()
    _tell(assignment, DriverDelivered, now)
    Driver.objects.free_slot(assignment.driver_id)
    return assignment


def _tell(assignment: Assignment, event: type[DeliveryEvent], now: datetime) -> None:
    """The move of an assignment and its locked delivery, which is saved."""
    delivery, driver_id = assignment.delivery, assignment.driver_id
    tell(delivery, event, now=now, assignment_id=assignment.id, driver_id=driver_id)
    delivery.save()


def _locked(*, user_id: UUID, order_id: UUID) -> Assignment:
    """The asker's live or delivered assignment of the order, its delivery locked. Raises
    AssignmentNotFound."""
    rows = Assignment.objects.filter(order_id=order_id, driver__user_id=user_id)
    return _lock(rows.exclude(status=Assignment.Status.RELEASED).first())


def _lock(seen: Assignment | None) -> Assignment:
    """Lock the delivery, then read the assignment again; it may have been released meanwhile."""
    if seen is None:
        raise AssignmentNotFound
    delivery = Delivery.objects.locked().get(pk=seen.delivery_id)
    assignment = Assignment.objects.select_related("driver").get(pk=seen.pk)
    if assignment.status == Assignment.Status.RELEASED:
        raise AssignmentChanged
    assignment.delivery = delivery
    return assignment


def _at_restaurant(assignment: Assignment, report: Report, now: datetime) -> bool:
    if assignment.status == Assignment.Status.ARRIVED:
        return False
    if assignment.status != Assignment.Status.ASSIGNED:
        raise AssignmentState(assignment_status=str(assignment.status))
    assignment.arrive(now=true_time(report, since=assignment.last_act_at(), now=now))
    return True


def _at_customer(assignment: Assignment, report: Report, now: datetime) -> bool:
    if assignment.status != Assignment.Status.PICKED_UP:
        raise AssignmentState(assignment_status=str(assignment.status))
    if assignment.at_customer_at is not None:
        return False
    assignment.at_customer_at = true_time(report, since=assignment.last_act_at(), now=now)
    return True
