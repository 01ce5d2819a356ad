"""What a driver's app did while it had no signal: carried out in the order of its clock, answered one by one.

Each action may be repeated at will (a step that was taken is taken), so its answer is kept in a commit of its
own, under the client's id. A refused one leaves its id unused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deliveryapp import idempotency
from deliveryapp.errors import AppError
from deliveryapp.idempotency import Answer
from drivers import facade as drivers
from drivers.facade import Report
from orders.services.riding import deliver, pick_up

KINDS = ("accept", "decline", "arrived", "picked_up", "delivered")


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverAction:
    """`subject_id` is the offer's id for accept and decline, otherwise the order's; `word` the reason of a
    decline or the place of an arrival; `device_at` the device's clock.
    """

    id: UUID
    kind: str
    subject_id: UUID
    word: str
    device_at: datetime
    report: Report


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """`refusal` is why not, None when it is done; `replayed` when it had been done before."""

    id: UUID
    refusal: AppError | None = None
    replayed: bool = False


def carry_out(*, user_id: UUID, actions: Sequence[DriverAction], now: datetime) -> list[ActionAnswer]:
    """In the order of the device's clock; what is refused does not hold up the others. Raises NotADriver."""
    if drivers.driver_of(user_id=user_id) is None:
        raise drivers.NotADriver
    in_order = sorted(actions, key=lambda action: action.device_at)
    return [_answer(user_id, action, now) for action in in_order]


def _answer(user_id: UUID, action: DriverAction, now: datetime) -> ActionAnswer:
    key = f"driver-action {action.id}"
    asked = [action.kind, action.subject_id, action.word, action.device_at]
    request_hash = idempotency.fingerprint("driver_action", asked)
    try:
        if idempotency.find(user_id=user_id, key=key, request_hash=request_hash):
            return ActionAnswer(action.id, replayed=True)
        _carry_out(user_id, action, now)
    except AppError as refusal:
        return ActionAnswer(action.id, refusal)
    idempotency.remember(user_id=user_id, key=key, request_hash=request_hash, answer=Answer(200, {}), now=now)
    return ActionAnswer(action.id)


def _carry_out(user_id: UUID, action: DriverAction, now: datetime) -> None:
    subject_id, word, report = action.subject_id, action.word, action.report
    match action.kind:
        case "accept":
            at = drivers.time_of_answer(user_id=user_id, offer_id=subject_id, report=report, now=now)
            drivers.accept_offer(user_id=user_id, offer_id=subject_id, now=at)
        case "decline":
            at = drivers.time_of_answer(user_id=user_id, offer_id=subject_id, report=report, now=now)
            drivers.decline_offer(user_id=user_id, offer_id=subject_id, reason=word, now=at)
        case "arrived":
            drivers.arrive(user_id=user_id, order_id=subject_id, at=word, report=report, now=now)
        case "picked_up":
            pick_up(order_id=subject_id, user_id=user_id, report=report, now=now)
        case "delivered":
            deliver(order_id=subject_id, user_id=user_id, report=report, now=now)
