"""Every operation × every fault × every place to die: exactly one effect, and books that say so (R6, F5, F11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from payments.gateways import gateway, stripe_gateway
from payments.models import Payment
from payments.services import asking
from tests.cast import cart
from tests.orders.stage import Stage
from tests.payments.cells import KINDS, Case, Kind, bring_to_rest, pass_time
from tests.payments.deaths import CLAIMING, NOWHERE, POINTS, Killed, dying_at

pytestmark = pytest.mark.django_db
FAULTS = {
    "none": None,
    "lost before the effect": {"kind": "lost_before_effect"},
    "lost after the effect": {"kind": "lost_after_effect"},
    "stall": {"kind": "stall", "seconds": 0.5},
    "reset in the middle of the answer": {"kind": "reset_mid_body"},
    "500": {"kind": "500", "stored": False},
    "500, stored under the key": {"kind": "500"},
    "500 after the effect, stored": {"kind": "500_after_effect"},
    "429": {"kind": "429"},
    "409": {"kind": "409"},
}
NEVER = "500, stored under the key"
SOON, LATER = 6, 3  # rounds of the sweep
FORGOTTEN_AFTER = timedelta(hours=25)


@pytest.fixture
def stage(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """We wait a third of a second for an answer instead of eight."""
    monkeypatch.setattr(stripe_gateway, "READ_TIMEOUT_S", 0.3)
    gateway.cache_clear()
    return stage


def points_of(name: str) -> list[str]:
    """The first hold is not claimed: placing the order has it from the start."""
    return [point for point in POINTS if not (name == "authorize" and point == CLAIMING)]


def ask_and_die(kind: Kind, case: Case, point: str) -> None:
    if point == NOWHERE:
        kind.ask(case)
        return
    with dying_at(point, method=kind.method, nth=kind.nth), pytest.raises(Killed):
        kind.ask(case)


def disturbed(stage: Stage, kind: Kind, fault: dict[str, Any] | None, point: str) -> Case:
    """Asked once, under this fault and with this end."""
    case = kind.begin(cart(stage.kitchen))
    if fault:
        stage.sandbox.faults({"operation": kind.call, "times": 1, **fault})
    ask_and_die(kind, case, point)
    return case


def books_of(stage: Stage, case: Case) -> dict[str, Any]:
    payment = case.payment
    return {
        "effects": stage.sandbox.effects(case.order_id),
        "kept": payment.kept_minor,
        "held": payment.authorized_minor if payment.state == Payment.State.AUTHORIZED else 0,
    }


def expected(kind: Kind, fault: str, name: str) -> dict[str, Any]:
    effects = [] if (name, fault) == ("authorize", NEVER) else kind.after
    totals = {"hold": 0, "capture": 0, "release": 0, "refund": 0}
    for what, amount_minor in effects:
        totals[what] += amount_minor
    return {
        "effects": effects,
        "kept": totals["capture"] - totals["refund"],
        "held": totals["hold"] - totals["capture"] - totals["release"],
    }


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", KINDS)
def test_one_effect_whatever_happens(stage: Stage, name: str, fault: str) -> None:
    kind, wrong = KINDS[name], {}
    for point in points_of(name):
        case = disturbed(stage, kind, FAULTS[fault], point)
        rested = bring_to_rest(kind, case, rounds=SOON)
        if not rested:
            pass_time(stage.sandbox, asking.NEVER_AFTER)
            rested = bring_to_rest(kind, case, rounds=LATER)
        stage.sandbox.calm()
        if not rested or books_of(stage, case) != expected(kind, fault, name):
            wrong[point] = (rested, books_of(stage, case))
    assert wrong == {}
    stage.assert_clean()
