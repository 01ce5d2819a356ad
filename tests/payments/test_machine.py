"""One payment, whatever is done with it in whatever order: nothing goes back that was not taken, nothing is
taken that was not held, the books add up to zero, and in the end they say what the provider did.

PAYMENT_MACHINE_EXAMPLES asks for more than the 300 lives of a test run; those are then new ones each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar
from unittest.mock import patch

import pytest
import stripe
from django.db import connection, transaction
from django.db.models import F
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from config.audit import INVARIANTS
from deliveryapp.batch import StaleWrite
from deliveryapp.clock import utc_now
from deliveryapp.errors import AppError
from deliveryapp.transactions import durable
from payments import services
from payments.gateways import Answer, Answered, gateway
from payments.gateways.stripe_gateway import StripeGateway
from payments.models import Payment, PaymentOperation
from payments.services import Part, RefundRequest
from payments.services.asking import NEVER_AFTER
from payments.services.following import NotReadable, follow
from tests.orders.stage import hurry
from tests.payments.books import AMOUNT_MINOR, differences, give_credit, record, write_down
from tests.payments.cells import no_raises
from tests.payments.deaths import NOWHERE, POINTS, Killed, Route, dying_at
from tests.payments.inside import Inside, InsideClient

EXAMPLES, STEPS = int(os.environ.get("PAYMENT_MACHINE_EXAMPLES", "300")), 40
State = Payment.State
AT_ANY_MOMENT = " UNION ALL ".join(f"({row.sql})" for row in INVARIANTS if row.id in ("I6a", "I6b", "I6d"))
# One query: it is asked after each of 12,000 steps.
ROW = """
SELECT p.state,
       p.refunded_minor <= p.captured_minor AND p.captured_minor <= p.authorized_minor,
       (SELECT COALESCE(SUM(amount_minor), 0) FROM payments_refund
        WHERE payment_id = p.id AND state <> 'failed')
           <= p.captured_minor + p.credit_minor,
       p.seq = (SELECT COUNT(*) FROM deliveryapp_outboxevent WHERE subject = p.id)
FROM payments_payment p WHERE p.id = %s
"""
MOVES: dict[str, set[str]] = {
    State.PENDING: {State.REQUIRES_ACTION, State.AUTHORIZED, State.DECLINED, State.VOIDED},
    State.REQUIRES_ACTION: {State.AUTHORIZED, State.DECLINED, State.VOIDED},
    State.AUTHORIZED: {State.CAPTURED, State.VOIDED},
    State.CAPTURED: {State.PARTIALLY_REFUNDED, State.REFUNDED},
    State.PARTIALLY_REFUNDED: {State.REFUNDED},
    State.DECLINED: set(),
    State.VOIDED: set(),
    State.REFUNDED: set(),
}
CARDS = (
    *["pm_card_visa"] * 8,
    "pm_card_threeDSecureRequired",
    "pm_card_threeDSecureRequiredChargeDeclined",
    "pm_card_chargeDeclinedInsufficientFunds",
)
FAULTS = (
    {"kind": "lost_before_effect"},
    {"kind": "lost_after_effect"},
    {"kind": "stall", "seconds": 0},
    {"kind": "reset_mid_body"},
    {"kind": "500"},
    {"kind": "500", "stored": False},
    {"kind": "500_after_effect"},
    {"kind": "429"},
    {"kind": "409"},
)
PAUSES = (timedelta(minutes=1), NEVER_AFTER, timedelta(hours=25), timedelta(days=3), timedelta(days=8))
ends = st.sampled_from([POINTS[0]] * 12 + list(POINTS[1:]))
amounts = st.sampled_from([1, 50, 700, 1_500, AMOUNT_MINOR])


def reachable(start: str) -> set[str]:
    found, new = {start}, {start}
    while new:
        new = {after for state in new for after in MOVES[state]} - found
        found |= new
    return found


LATER = {state: reachable(state) for state in MOVES}


class OnePayment(RuleBasedStateMachine):
    """In a transaction that is never committed, on a provider that starts empty."""

    inside: ClassVar[Inside]

    def __init__(self) -> None:
        super().__init__()
        self.inside.admin("POST", "reset")
        self.late: Answer | None = None
        self.read: list[Answered] = []
        self.passed = timedelta(0)
        self.state = str(State.PENDING)
        self.block = transaction.atomic()
        self.block._from_testcase = True  # type: ignore[attr-defined]
        self.block.__enter__()

    def teardown(self) -> None:
        """Faults end, every message arrives, the sweep has its way: our books are the provider's."""
        try:
            self.calm()
            self.comes_to_rest()
            assert differences(self.inside.store.effects) == []
            event(f"ends {self.state}")
        finally:
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    @initialize(
        card=st.sampled_from(CARDS),
        credit_minor=st.sampled_from([0, 0, 0, 500, 500, AMOUNT_MINOR]),
        begun=st.sampled_from([*["captured"] * 6, *["answered"] * 4, "asked", "written"]),
        fault=st.sampled_from([*[None] * 20, *FAULTS]),
    )
    def place(self, card: str, credit_minor: int, begun: str, fault: dict[str, Any] | None) -> None:
        """Rules seldom all take part in one life, so it begins with what most lives have in common."""
        give_credit(AMOUNT_MINOR)
        self.pending = write_down(payment_method=card, credit_minor=credit_minor)
        self.payment_id, self.order_id = self.pending.payment.pk, self.pending.payment.order_id
        if fault:
            self.fault(fault, times=1)
        if begun != "written":
            self.late = services.ask(self.pending)
        if begun in ("answered", "captured"):
            self.answer()
        if begun == "captured":
            self.capture(end=NOWHERE)

    @property
    def payment(self) -> Payment:
        return Payment.objects.get(pk=self.payment_id)

    def refs(self) -> list[str]:
        return [str(ref) for ref in self.inside.store.tables["payment_intent"].order]

    def attempt(self, call: Callable[[], object], *, end: str = NOWHERE, method: str = "") -> None:
        """Refusals with a name are as good as answers."""
        try:
            with dying_at(end, Route(method)):
                call()
        except (Killed, AppError, NotReadable):
            return

    @precondition(lambda self: self.late is not None)
    @rule()
    def answer(self) -> None:
        """The request that placed the order records it, late or at once."""
        assert self.late is not None
        with suppress(StaleWrite):
            record(self.pending, self.late)
        self.late = None

    @precondition(lambda self: self.state == State.REQUIRES_ACTION)
    @rule(result=st.sampled_from(["complete", "complete", "fail"]))
    def bank(self, result: str) -> None:
        self.inside.answer_bank(self.payment.next_action_url, result)

    # What is wanted of the money.

    @rule(end=ends)
    def capture(self, end: str) -> None:
        self.attempt(lambda: services.capture(order_id=self.order_id), end=end, method="capture")

    @rule(end=ends, part_minor=st.none() | amounts)
    def release(self, end: str, part_minor: int | None) -> None:
        parts = None if part_minor is None else [part("goodwill", "cancelled", part_minor)]
        call = partial(services.release, order_id=self.order_id, parts=parts)
        self.attempt(call, end=end, method="void")

    @rule(end=ends, more_minor=st.sampled_from([0, 100, 500]))
    def raise_hold(self, end: str, more_minor: int) -> None:
        call = partial(services.raise_hold, order_id=self.order_id, amount_minor=AMOUNT_MINOR + more_minor)
        self.attempt(call, end=end, method="increment")

    @rule(end=ends, more_minor=st.sampled_from([0, 100, 500]))
    def replace_hold(self, end: str, more_minor: int) -> None:
        call = partial(services.raise_hold, order_id=self.order_id, amount_minor=AMOUNT_MINOR + more_minor)
        with no_raises():
            self.attempt(call, end=end, method="authorize")

    @rule(change_minor=st.sampled_from([-100, 100, 500]))
    def change_amount(self, change_minor: int) -> None:
        def change() -> None:
            with durable():
                services.change_amount(order_id=self.order_id, tip_change_minor=change_minor)

        self.attempt(change)

    @rule(key=st.sampled_from("abc"), amount_minor=amounts, to_credit=st.booleans(), end=ends)
    def refund(self, key: str, amount_minor: int, to_credit: bool, end: str) -> None:
        request = RefundRequest(
            order_id=self.order_id,
            parts=[part("line", key, amount_minor)],
            reason="cold",
            key=f"{self.order_id}:{key}",
            to_credit=to_credit,
        )

        def refund() -> None:
            found = services.open_refund(request, now=utc_now())
            assert found.amount_minor == amount_minor
            if found.operation_id is not None:
                services.run_operation(operation_id=found.operation_id)

        self.attempt(refund, end=end, method="refund")

    # What happens by itself.

    @rule(end=ends)
    def sweep(self, end: str) -> None:
        hurry()
        self.attempt(services.sweep, end=end, method="retrieve")

    @rule(end=ends)
    def watch(self, end: str) -> None:
        """Holds that end soon are replaced."""
        now = utc_now() + self.passed
        self.attempt(lambda: services.watch_holds(now=now), end=end, method="authorize")

    @precondition(lambda self: self.refs())
    @rule(data=st.data())
    def message(self, data: st.DataObject) -> None:
        """About any of the holds there are."""
        ref = data.draw(st.sampled_from(self.refs()))
        self.attempt(lambda: follow(intent_ref=ref, gateway_name="stripe"))

    @precondition(lambda self: self.refs())
    @rule()
    def look(self) -> None:
        """A worker has read what the provider says, and then waits for the row."""
        seen = gateway("stripe").retrieve(self.refs()[-1])
        if isinstance(seen, Answered):
            self.read.append(seen)

    @precondition(lambda self: self.read)
    @rule(data=st.data())
    def old_news(self, data: st.DataObject) -> None:
        """One of those workers goes on."""
        seen = data.draw(st.sampled_from(self.read))
        with patch.object(StripeGateway, "retrieve", lambda *_: seen):
            follow(intent_ref=seen.intent.ref, gateway_name="stripe")

    @rule(fault=st.sampled_from(FAULTS), times=st.sampled_from([1, 1, 2, 5]))
    def fault(self, fault: dict[str, Any], times: int) -> None:
        self.inside.admin("POST", "faults", {"operation": "*", "times": times, **fault})

    @rule()
    def calm(self) -> None:
        self.inside.admin("DELETE", "faults")

    @rule(pause=st.sampled_from(PAUSES))
    def pass_time(self, pause: timedelta) -> None:
        self.inside.admin("POST", "clock", {"advance_s": int(pause.total_seconds())})
        self.passed += pause
        PaymentOperation.objects.update(created_at=F("created_at") - pause)

    def comes_to_rest(self) -> None:
        for pause in (timedelta(0), NEVER_AFTER, timedelta(hours=25)):
            self.pass_time(pause)
            for _ in range(3):
                for ref in self.refs():
                    follow(intent_ref=ref, gateway_name="stripe")
                hurry()
                services.sweep()
                if not PaymentOperation.objects.filter(state__in=PaymentOperation.OPEN).exists():
                    return
        raise AssertionError(list(PaymentOperation.objects.values("kind", "state", "error", "attempts")))

    # What must be true after each of them.

    @invariant()
    def books_are_straight(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(AT_ANY_MOMENT)
            assert cursor.fetchall() == []

    @invariant()
    def row_is_legal(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(ROW, [self.payment_id])
            state, in_order, within, counted = cursor.fetchone()
        assert state in LATER[self.state]
        self.state = state
        assert in_order, "refunded <= captured <= authorized"
        assert within, "promised back <= taken"
        assert counted, "an event for each step"

    @invariant()
    def provider_took_it_once(self) -> None:
        effects = self.inside.store.effects
        taken = [effect["amount"] for effect in effects if effect["kind"] == "capture"]
        assert len(taken) <= 1
        returned = [effect["amount"] for effect in effects if effect["kind"] == "refund"]
        assert sum(returned) <= sum(taken)


def part(kind: str, ref: str, amount_minor: int) -> Part:
    return Part(kind=kind, ref=ref, amount_minor=amount_minor, limit_minor=AMOUNT_MINOR)


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inside]:
    server = Inside(seed=3)
    monkeypatch.setattr(stripe, "RequestsClient", lambda **_: InsideClient(server))
    gateway.cache_clear()
    yield server
    gateway.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_no_history_of_a_payment_breaks_its_books(inside: Inside) -> None:
    OnePayment.inside = inside
    run_state_machine_as_test(
        OnePayment,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=EXAMPLES == 300,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            report_multiple_bugs=False,
        ),
    )
