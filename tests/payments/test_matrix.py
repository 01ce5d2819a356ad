"""Every operation × every fault × every place to die: one effect, and books that say so (R6, F5, F11)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from deliveryapp.models import OutboxEvent
from payments.gateways import gateway, stripe_gateway
from payments.models import LedgerEntry, Payment, PaymentOperation, Refund
from payments.services import asking
from tests.cast import cart
from tests.orders.stage import Stage
from tests.payments.cells import KINDS, Case, Effects, Kind, bring_to_rest, pass_time
from tests.payments.deaths import CLAIMING, NOWHERE, POINTS, WRITING, Killed, dying_at
from tests.payments.mortal import Mortals, mortals

FAULTS: dict[str, dict[str, Any]] = {
    "none": {},
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
CHARGES = ("authorize", "tip")  # given up when nothing came of the one key
NEVER = "500, stored under the key"
ROUNDS = 6  # of the sweep
KEYS_ARE_FORGOTTEN_AFTER = timedelta(hours=25)


@pytest.fixture
def stage(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """We wait a third of a second for an answer instead of eight."""
    monkeypatch.setattr(stripe_gateway, "READ_TIMEOUT_S", 0.3)
    gateway.cache_clear()
    return stage


def points_of(name: str) -> list[str]:
    """An order's first hold is not claimed: the request that places it has it from the start."""
    return [point for point in POINTS if not (name == "authorize" and point == CLAIMING)]


def disturbed(stage: Stage, name: str, fault: dict[str, Any], point: str) -> Case:
    """Asked once, under this fault and with this end."""
    kind = KINDS[name]
    case = kind.begin(cart(stage.kitchen))
    if fault:
        stage.sandbox.faults({"operation": kind.call, "times": 1, **fault})
    if point == NOWHERE:
        kind.ask(case)
    else:
        with dying_at(point, kind.route), pytest.raises(Killed):
            kind.ask(case)
    return case


def comes_to_rest(stage: Stage, kind: Kind, case: Case) -> bool:
    """A key that stays silent takes the minutes after which no question of ours can be on its way."""
    if bring_to_rest(kind, case, rounds=ROUNDS):
        return True
    pass_time(stage.sandbox, asking.NEVER_AFTER)
    return bring_to_rest(kind, case, rounds=ROUNDS)


def seen_of(stage: Stage, case: Case) -> dict[str, Any]:
    """What the provider did, and what our rows say is held and kept."""
    payments = Payment.objects.filter(order_id=case.order_id)
    held = [payment for payment in payments if payment.state == Payment.State.AUTHORIZED]
    return {
        "effects": stage.sandbox.effects(case.order_id),
        "held": sum(payment.authorized_minor for payment in held),
        "kept": sum(payment.kept_minor for payment in payments),
    }


def told_by(effects: Effects) -> dict[str, Any]:
    total = {"hold": 0, "capture": 0, "release": 0, "refund": 0}
    for what, amount_minor in effects:
        total[what] += amount_minor
    return {
        "effects": effects,
        "held": total["hold"] - total["capture"] - total["release"],
        "kept": total["capture"] - total["refund"],
    }


@pytest.mark.django_db
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", KINDS)
def test_one_effect_whatever_happens(stage: Stage, name: str, fault: str) -> None:
    kind = KINDS[name]
    gives_up = fault == NEVER and name in CHARGES
    wanted = told_by(kind.before if gives_up else kind.after)
    wrong = {}
    for point in points_of(name):
        case = disturbed(stage, name, FAULTS[fault], point)
        rests = comes_to_rest(stage, kind, case)
        stage.sandbox.calm()
        seen = seen_of(stage, case)
        if seen != wanted or not rests:
            wrong[point] = (rests, seen)
    assert wrong == {}
    stage.assert_clean()


class TestKeysThatTheProviderForgot:
    """F11: an operation is still open when its key means nothing any more."""

    @pytest.mark.django_db
    @pytest.mark.parametrize("tries", [1, asking.LOOK_AFTER], ids=["asked once", "asked often"])
    @pytest.mark.parametrize("name", KINDS)
    def test_nothing_happens_twice(self, stage: Stage, name: str, tries: int) -> None:
        """It happened, nobody told us, and a day goes by."""
        kind = KINDS[name]
        case = self.unanswered(stage, name, "lost_after_effect", tries)
        pass_time(stage.sandbox, KEYS_ARE_FORGOTTEN_AFTER)
        assert stage.sandbox.call("GET", "health")["keys"] == 0

        assert bring_to_rest(kind, case, rounds=ROUNDS)
        assert seen_of(stage, case) == told_by(kind.after)
        stage.assert_clean()

    @pytest.mark.django_db
    @pytest.mark.parametrize("name", KINDS)
    def test_what_never_happened_happens_once_or_is_given_up(self, stage: Stage, name: str) -> None:
        """A charge is not made a day late, when nobody expects it any more."""
        kind = KINDS[name]
        case = self.unanswered(stage, name, "lost_before_effect", 1)
        pass_time(stage.sandbox, KEYS_ARE_FORGOTTEN_AFTER)
        bring_to_rest(kind, case, rounds=ROUNDS)

        wanted = kind.before if name in CHARGES else kind.after
        assert seen_of(stage, case) == told_by(wanted)
        assert not PaymentOperation.objects.filter(state__in=PaymentOperation.OPEN).exists()
        stage.assert_clean()

    def unanswered(self, stage: Stage, name: str, fault: str, tries: int) -> Case:
        kind = KINDS[name]
        case = kind.begin(cart(stage.kitchen))
        stage.sandbox.faults(
            {"operation": kind.call, "kind": fault, "times": 1},
            {"operation": "*", "kind": "lost_before_effect"},
        )
        kind.ask(case)
        if tries > 1:
            assert not bring_to_rest(kind, case, rounds=tries - 1)
        stage.sandbox.calm()
        return case


class TestRealProcesses:
    """A SIGKILL leaves behind what the exception leaves that stands for it in the matrix."""

    @pytest.fixture
    def dying(self, stage: Stage) -> Iterator[Mortals]:
        with mortals(stage.sandbox.url) as found:
            yield found

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("name", ["authorize", "capture", "refund"])
    def test_a_killed_process_and_its_stand_in(self, stage: Stage, dying: Mortals, name: str) -> None:
        kind = KINDS[name]
        for point in points_of(name)[1:]:
            stand_in = disturbed(stage, name, {}, point)
            killed = kind.begin(cart(stage.kitchen))
            assert dying.ask(name, killed, point) == signal.SIGKILL
            assert left_by(stage, killed) == left_by(stage, stand_in), point
            if point == WRITING:
                assert left_by(stage, killed)["effects"] == kind.before

            for case in (stand_in, killed):
                assert comes_to_rest(stage, kind, case)
                assert seen_of(stage, case) == told_by(kind.after)
        stage.assert_clean()


def left_by(stage: Stage, case: Case) -> dict[str, Any]:
    """Every trace of a payment, without its ids and times."""
    if not case.has_order:
        return {"effects": []}
    payment = case.payment
    ledger = LedgerEntry.objects.filter(payment=payment)
    operations = PaymentOperation.objects.filter(payment=payment).order_by("created_at")
    events = OutboxEvent.objects.filter(key=str(case.order_id), source="payments").order_by("seq")
    return {
        "effects": stage.sandbox.effects(case.order_id),
        "payment": (payment.state, payment.seq, payment.authorized_minor, payment.kept_minor),
        "operations": [(row.kind, row.state, row.attempts, row.leased_until is None) for row in operations],
        "refunds": list(Refund.objects.filter(payment=payment).values_list("amount_minor", "state")),
        "ledger": sorted(ledger.values_list("kind", "account", "amount_minor")),
        "events": list(events.values_list("type", "seq")),
    }
