"""The customer cancels at each stage: what the policy promises, what she gets, what the books say (R9)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest

from drivers.models import Assignment, Driver
from orders.models import Customer, Order
from payments.models import LedgerEntry, Payment
from restaurants.models import Ticket
from tests.orders.stage import TOTAL_MINOR, Stage, hurry, path_of, saga_of, told
from tests.worker import drain

pytestmark = pytest.mark.django_db
FOOD_MINOR, SERVICE_MINOR = 2_500, 100
KITCHEN_MINOR = FOOD_MINOR - 375  # less 15 % commission
HELD = ("hold", TOTAL_MINOR)
RELEASED = [HELD, ("release", TOTAL_MINOR)]
BACK_MINOR = FOOD_MINOR // 2 + SERVICE_MINOR


def cooking(stage: Stage) -> UUID:
    order_id = stage.assigned()
    stage.must(stage.board(order_id, "preparing"))
    return order_id


def cooked(stage: Stage) -> UUID:
    order_id = cooking(stage)
    stage.must(stage.board(order_id, "ready"))
    return order_id


@dataclass(frozen=True)
class Case:
    """What cancelling at a stage comes to, in minor units; `effects` at the provider."""

    reach: Callable[[Stage], UUID]
    end: str
    effects: list[tuple[str, int]]
    payment: str
    kitchen_minor: int = 0
    refund_minor: int = TOTAL_MINOR
    counted: int = 1


CASES = {
    "created": Case(
        lambda stage: stage.unsettled(payment_method="pm_card_threeDSecureRequired"),
        end="failed",
        effects=[],
        payment="voided",
        counted=0,
    ),
    "placed": Case(Stage.placed, end="cancelled", effects=RELEASED, payment="voided"),
    "confirmed": Case(Stage.assigned, end="cancelled", effects=RELEASED, payment="voided"),
    "preparing": Case(
        cooking, end="cancelled", effects=RELEASED, payment="voided", kitchen_minor=KITCHEN_MINOR
    ),
    "ready": Case(cooked, end="cancelled", effects=RELEASED, payment="voided", kitchen_minor=KITCHEN_MINOR),
    "picked_up": Case(
        Stage.on_the_road,
        end="cancelled",
        effects=[HELD, ("capture", TOTAL_MINOR), ("refund", BACK_MINOR)],
        payment="partially_refunded",
        kitchen_minor=KITCHEN_MINOR,
        refund_minor=BACK_MINOR,
    ),
}


def books(order_id: UUID) -> dict[str, int]:
    """What each account of our own is left with; what we owe somebody is negative."""
    sums: defaultdict[str, int] = defaultdict(int)
    entries = LedgerEntry.objects.filter(order_id=order_id)
    for account, minor in entries.values_list("account", "amount_minor"):
        sums[account] += minor
    return {account: minor for account, minor in sums.items() if minor}


def books_of(case: Case, order: Order, fee_minor: int) -> dict[str, int]:
    if case.payment == "partially_refunded":
        shared = TOTAL_MINOR - KITCHEN_MINOR - order.payout_minor
        return {
            "provider": TOTAL_MINOR - BACK_MINOR - fee_minor,
            "provider_fees": fee_minor,
            "restaurant": -KITCHEN_MINOR,
            "driver": -order.payout_minor,
            "platform": BACK_MINOR - shared,
        }
    if case.kitchen_minor:
        return {"restaurant": -case.kitchen_minor, "platform": case.kitchen_minor}
    return {}


@pytest.mark.parametrize("status", CASES)
def test_the_customer_cancels(stage: Stage, status: str) -> None:
    case = CASES[status]
    order_id = case.reach(stage)
    before = stage.order(order_id)
    assert (before["status"], before["cancellable"]) == (status, True)
    assert before["cancel_refund"] == {"amount_minor": case.refund_minor, "currency": "EUR"}
    stage.must(stage.cancel(order_id))
    for _ in range(2):
        hurry()
        drain()

    after, order, payment = stage.order(order_id), Order.objects.get(), Payment.objects.get()
    assert (after["status"], path_of(order_id)[-1][:2]) == (case.end, (case.end, "customer"))
    assert (after["goodwill"], after["attention"], told(order_id)) == (None, [], [])
    assert stage.sandbox.effects(order_id) == case.effects
    assert payment.state == case.payment
    assert books(order_id) == books_of(case, order, payment.fee_minor)
    assert saga_of(order_id)[0] == "compensated"
    assert not Ticket.objects.filter(withdrawn_at=None).exists()
    assert not Assignment.objects.live().exists()
    assert Driver.objects.get().active_count == 0
    assert [row.cancelled_count for row in Customer.objects.all()] == [case.counted]
    stage.assert_clean()


def test_every_stage_is_there() -> None:
    assert set(CASES) == {Order.Status.CREATED, *Order.ON_BOARD}
