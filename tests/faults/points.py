"""Every failpoint of the source and the life of an order that comes by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.tales import CANCELLED, DELIVERED, RECALLED, REFUNDED, REJECTED


@dataclass(frozen=True)
class Point:
    """`after` is where somebody must have died first, so that this point is passed at all; `quick` ones are
    tried by `make test`.
    """

    name: str
    tale: str = DELIVERED
    after: str = ""
    quick: bool = False
    broker_forgets: bool = False


# A request that died leaves the hold to the saga.
UNASKED, UNTOLD = "placing.before_send", "placing.after_answer"

POINTS = (
    # Placing: two commits and a question between them.
    Point("placing.before_first_commit"),
    Point("placing.before_send"),
    Point("placing.after_answer", quick=True),
    Point("placing.before_second_commit"),
    Point("placing.after_second_commit", quick=True),
    # Behind a key.
    Point("once.before_commit", CANCELLED),
    Point("once.after_commit", CANCELLED),
    # What people do.
    Point("confirm.before_commit"),
    Point("confirm.after_commit"),
    Point("offer.accept.before_commit"),
    Point("offer.accept.after_commit", quick=True),
    Point("pick_up.before_commit"),
    Point("pick_up.after_commit"),
    Point("deliver.before_commit"),
    Point("deliver.after_commit"),
    # Positions.
    Point("positions.before_write"),
    Point("positions.after_write"),
    # Dispatch.
    Point("dispatch.after_claim"),
    Point("dispatch.before_commit"),
    Point("dispatch.after_commit"),
    # The way of an event.
    Point("relay.after_claim"),
    Point("relay.after_read"),
    Point("relay.after_send", quick=True),
    Point("relay.after_mark"),
    Point("inbox.before_effect"),
    Point("inbox.before_commit", quick=True),
    Point("inbox.after_commit", quick=True),
    Point("inbox.retried"),
    Point("redelivery.start_over", broker_forgets=True, quick=True),
    Point("redelivery.overdue"),
    # The saga, forwards and backwards.
    Point("saga.recorded"),
    Point("saga.authorize_payment.do.before", after=UNASKED),
    Point("saga.authorize_payment.do.after", after=UNTOLD),
    Point("saga.notify_restaurant.do.before"),
    Point("saga.notify_restaurant.do.after"),
    Point("saga.await_confirmation.do.before"),
    Point("saga.await_confirmation.do.after"),
    Point("saga.assign_driver.do.before"),
    Point("saga.assign_driver.do.after"),
    Point("saga.await_pickup.do.before"),
    Point("saga.await_pickup.do.after"),
    Point("saga.capture_payment.do.before"),
    Point("saga.capture_payment.do.after", quick=True),
    Point("saga.await_delivery.do.before"),
    Point("saga.await_delivery.do.after"),
    Point("saga.assign_driver.undo.before", CANCELLED),
    Point("saga.assign_driver.undo.after", CANCELLED),
    Point("saga.await_confirmation.undo.before", CANCELLED),
    Point("saga.await_confirmation.undo.after", CANCELLED),
    Point("saga.notify_restaurant.undo.before", REJECTED),
    Point("saga.notify_restaurant.undo.after", REJECTED),
    Point("saga.authorize_payment.undo.before", CANCELLED),
    Point("saga.authorize_payment.undo.after", CANCELLED, quick=True),
    # Money: each question to the provider.
    Point("payments.authorize.before_send", after=UNASKED),
    Point("payments.authorize.after_answer", after=UNASKED),
    Point("payments.authorize.recorded", after=UNASKED),
    Point("payments.capture.before_send"),
    Point("payments.capture.after_answer", quick=True),
    Point("payments.capture.recorded"),
    Point("payments.void.before_send", CANCELLED),
    Point("payments.void.after_answer", REJECTED),
    Point("payments.void.recorded", CANCELLED),
    Point("payments.refund.before_send", REFUNDED),
    Point("payments.refund.after_answer", RECALLED),
    Point("payments.refund.recorded", REFUNDED),
    Point("webhook.after_insert"),
    Point("webhook.before_apply"),
    Point("webhook.after_apply"),
)
# Kinds of questions that no life of an order above asks; tests/payments/test_matrix.py kills them.
ASKED_ELSEWHERE = ("increment", "reauthorize")


def quick_points() -> Iterator[Point]:
    return (point for point in POINTS if point.quick)
