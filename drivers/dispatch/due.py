"""Of a plan only what cannot wait; the rest may still change."""

from collections.abc import Sequence

from drivers.dispatch.board import Board
from drivers.dispatch.jobs import Job
from drivers.dispatch.picture import Decision, Departure, Handover
from drivers.dispatch.planning import Plan, Slot


def due(board: Board, jobs: Sequence[Job], plan: Plan, *, just_in_time: bool = True) -> Decision:
    """Handovers that begin, and departures without which food would wait; all departures when not
    `just_in_time`."""
    handovers, departures = [], []
    for index, slot in sorted(plan.items()):
        driver, job = board.drivers[slot.row], jobs[index]
        if not slot.first or driver.free_at_s > board.picture.now_s:
            continue
        if board.there[slot.row, board.columns[job.kitchen_id]]:
            if _begins(board, job, slot):
                handovers.append(_handover(driver.id, job, slot.pickup_s))
        elif not just_in_time or _must_leave(board, job, slot):
            departures.append(
                Departure(driver_id=driver.id, destination=job.pickup, order_ids=_order_ids(job))
            )
    planned = [
        (order.id, board.drivers[slot.row].id) for index, slot in plan.items() for order in jobs[index].orders
    ]
    return Decision(handovers=tuple(handovers), departures=tuple(departures), planned=tuple(sorted(planned)))


def _begins(board: Board, job: Job, slot: Slot) -> bool:
    """The service that precedes the pick-up begins now. On an estimate nothing is handed over."""
    begins_s = slot.pickup_s - board.picture.service.before_pickup_s
    return begins_s <= board.picture.now_s and not any(order.ready_is_estimate for order in job.orders)


def _must_leave(board: Board, job: Job, slot: Slot) -> bool:
    arrival_s = board.picture.now_s + slot.approach_s
    return arrival_s + board.picture.service.before_pickup_s >= job.ready_at_s


def _order_ids(job: Job) -> tuple[str, ...]:
    return tuple(order.id for order in job.orders)


def _handover(driver_id: str, job: Job, pickup_at_s: float) -> Handover:
    return Handover(
        driver_id=driver_id,
        order_ids=_order_ids(job),
        pickup_at_s=pickup_at_s,
        dropoffs_at_s=tuple(pickup_at_s + stamp_s for stamp_s in job.stamps_s),
    )
