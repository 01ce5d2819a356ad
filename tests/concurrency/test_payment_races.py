"""Two decide about one payment's money at once (R3, R4, R6): 200 rounds each, and what happens unguarded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet, Sum

from deliveryapp.batch import StaleWrite
from deliveryapp.clock import utc_now
from deliveryapp.models import OutboxEvent
from payments import services
from payments.errors import IllegalPaymentMove, RefundTooLarge
from payments.gateways import Answer
from payments.gateways.stripe_gateway import StripeGateway
from payments.models import LedgerEntry, ManualReview, Payment, PaymentOperation, Refund
from payments.services import Part, RefundRequest, applying, refunding, writing
from tests.cast import Sandbox
from tests.crowd import PATIENCE_S, ROUNDS, at_once
from tests.orders.stage import hurry
from tests.payments.books import AMOUNT_MINOR, differences, hold
from tests.payments.provider import deliver, event

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wide_pool")]
TAKEN = ["PaymentAuthorized", "PaymentCaptured"]


@pytest.fixture
def agreeing(sandbox: Sandbox) -> Iterator[None]:
    """Whatever raced: in the end the provider's log and our books agree."""
    yield
    assert differences(sandbox.all_effects()) == []


def operations_of(payment: Payment) -> list[tuple[str, str]]:
    """(kind, state) in the order in which they were opened."""
    return list(payment.operations.order_by("created_at", "pk").values_list("kind", "state"))


def events_of(payment: Payment) -> list[str]:
    """Checks that they are numbered without a gap."""
    rows = list(OutboxEvent.objects.filter(subject=payment.pk).order_by("seq"))
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    return [row.type for row in rows]


def release(payment: Payment) -> None:
    """As often as it takes."""
    for _ in range(5):
        hurry()
        services.sweep()
        if services.release(order_id=payment.order_id):
            return
    raise AssertionError("the money is not released")


def unlocked(rows: QuerySet[Any], **_: object) -> QuerySet[Any]:
    """In place of `select_for_update`: nobody's row is locked."""
    return rows.all()


def meet_after_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read the row before either writes."""
    read, line = applying.Before.of.__func__, threading.Barrier(2)  # type: ignore[attr-defined]

    def of(cls: type[applying.Before], payment: Payment) -> applying.Before:
        before: applying.Before = read(cls, payment)
        line.wait(PATIENCE_S)
        return before

    monkeypatch.setattr(applying.Before, "of", classmethod(of))


@pytest.fixture
def unnumbered() -> Iterator[None]:
    """The database lets a cause be posted twice, and a number of an event be given twice."""
    tables = {
        "ledger_posts_a_cause_once": "payments_ledgerentry",
        "outbox_seq_is_unique_per_aggregate": "deliveryapp_outboxevent",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = ANY(%s)",
            [list(tables)],
        )
        definitions = dict(cursor.fetchall())
        for name, table in tables.items():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    with connection.cursor() as cursor:
        for name, table in tables.items():
            cursor.execute(f"TRUNCATE {table} CASCADE")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definitions[name]}")


class Unconditional:
    """Payments whose rows are written whatever they have become."""

    objects = SimpleNamespace(filter=lambda pk, **_: Payment.objects.filter(pk=pk))

    def __getattr__(self, name: str) -> Any:
        return getattr(Payment, name)


class TestWebhookAndAnswer:
    """The provider has captured: its answer and its message reach the row at the same moment."""

    @pytest.fixture
    def meet(self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[[Payment], list[Any]]:
        """Lets the answer to a capture and the message about it go from one line."""
        capture, retrieve = StripeGateway.capture, StripeGateway.retrieve
        captured, line = threading.Event(), threading.Barrier(2)

        def answer(self: StripeGateway, *args: Any, **kwargs: Any) -> Answer:
            found = capture(self, *args, **kwargs)
            captured.set()
            line.wait(PATIENCE_S)
            return found

        def read(self: StripeGateway, ref: str) -> Answer:
            captured.wait(PATIENCE_S)
            found = retrieve(self, ref)
            line.wait(PATIENCE_S)
            return found

        monkeypatch.setattr(StripeGateway, "capture", answer)
        monkeypatch.setattr(StripeGateway, "retrieve", read)

        def meet(payment: Payment) -> list[Any]:
            captured.clear()
            message = event("payment_intent.succeeded", str(payment.provider_ref))
            assert deliver(message).status_code == 200
            return at_once(
                lambda: services.capture(order_id=payment.order_id),
                lambda: services.apply_webhook(event_id=message["id"]),
                refusals=StaleWrite,
            )

        return meet

    @pytest.mark.usefixtures("agreeing")
    def test_it_counts_once(self, meet: Callable[[Payment], list[Any]]) -> None:
        for _ in range(ROUNDS):
            payment = hold()
            assert meet(payment) == [True, None]

            after = Payment.objects.get(pk=payment.pk)
            assert (after.state, after.captured_minor) == ("captured", AMOUNT_MINOR)
            assert events_of(payment) == TAKEN
            assert operations_of(payment) == [("authorize", "succeeded"), ("capture", "succeeded")]

    def test_control_without_the_lock_one_of_them_is_thrown_out(
        self, meet: Callable[[Payment], list[Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The condition of the write saves the books; who came second has to begin again."""
        payment = hold()
        monkeypatch.setattr(QuerySet, "select_for_update", unlocked)
        meet_after_reading(monkeypatch)
        _, told = meet(payment)

        is_recorded = operations_of(payment)[1] == ("capture", "succeeded")
        assert isinstance(told, StaleWrite) is is_recorded
        assert events_of(payment) == TAKEN

    @pytest.mark.usefixtures("unnumbered")
    def test_control_without_any_guard_it_is_booked_twice(
        self, meet: Callable[[Payment], list[Any]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        payment = hold()
        monkeypatch.setattr(QuerySet, "select_for_update", unlocked)
        monkeypatch.setattr(applying, "Payment", Unconditional())
        meet_after_reading(monkeypatch)
        assert meet(payment) == [True, None]

        taken = LedgerEntry.objects.filter(payment=payment, kind="capture", account="provider")
        assert taken.aggregate(Sum("amount_minor")) == {"amount_minor__sum": 2 * AMOUNT_MINOR}
        assert OutboxEvent.objects.filter(subject=payment.pk, type="PaymentCaptured").count() == 2


class TestCaptureAndCancel:
    """The driver has the food and the order is cancelled: one of the two decides what becomes of the hold."""

    def meet(self, payment: Payment) -> list[Any]:
        return at_once(
            lambda: services.capture(order_id=payment.order_id),
            lambda: services.release(order_id=payment.order_id),
        )

    @pytest.mark.usefixtures("agreeing")
    def test_one_of_them_decides(self) -> None:
        for _ in range(ROUNDS):
            payment = hold()
            captured, released = self.meet(payment)
            assert isinstance(captured, IllegalPaymentMove) or captured in (True, False)
            assert released in (True, False)
            release(payment)

            ends = operations_of(payment)[1:]
            assert ends in ([("void", "succeeded")], [("capture", "succeeded"), ("refund", "succeeded")])
            assert Payment.objects.get(pk=payment.pk).kept_minor == 0

    @pytest.mark.usefixtures("agreeing")
    def test_control_without_the_lock_both_ask_the_provider(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both see no open operation of this hold, and each opens its own: the provider has to choose."""
        payment, line, write = hold(), threading.Barrier(2), writing.new_operation

        def new_operation(*args: Any, **kwargs: Any) -> PaymentOperation:
            line.wait(PATIENCE_S)
            return write(*args, **kwargs)

        with monkeypatch.context() as patched:
            patched.setattr(QuerySet, "select_for_update", unlocked)
            patched.setattr(writing, "new_operation", new_operation)
            self.meet(payment)
        release(payment)

        kinds = {kind for kind, _ in operations_of(payment)}
        assert kinds >= {"capture", "void"}


class TestTwoRefunds:
    """Two people in support, each with a reason: together they give back what was paid and no more."""

    def meet(self, payment: Payment, amount_minor: int) -> list[Any]:
        def refund(name: str) -> Refund:
            part = Part(kind="goodwill", ref=name, amount_minor=amount_minor, limit_minor=amount_minor)
            key = f"{payment.pk}:{name}"
            request = RefundRequest(order_id=payment.order_id, parts=[part], reason="cold", key=key)
            found = services.open_refund(request, now=utc_now())
            assert found.operation_id is not None
            services.run_operation(operation_id=found.operation_id)
            return found

        return at_once(lambda: refund("one"), lambda: refund("other"))

    def captured(self) -> Payment:
        payment = hold()
        assert services.capture(order_id=payment.order_id)
        return payment

    @pytest.mark.usefixtures("agreeing")
    @pytest.mark.parametrize(("amount_minor", "fit"), [(1_800, 1), (1_200, 2)], ids=["one fits", "both fit"])
    def test_what_fits_is_given_once(self, amount_minor: int, fit: int) -> None:
        for _ in range(ROUNDS // 2):
            payment = self.captured()
            answers = self.meet(payment, amount_minor)

            refused = [answer for answer in answers if not isinstance(answer, Refund)]
            assert [type(answer) for answer in refused] == [RefundTooLarge] * (2 - fit)
            assert [answer.extra["left_minor"] for answer in refused] == [1_200] * (2 - fit)
            assert Payment.objects.get(pk=payment.pk).refunded_minor == fit * amount_minor
            assert operations_of(payment)[2:] == [("refund", "succeeded")] * fit

    @pytest.mark.usefixtures("agreeing")
    def test_control_without_the_lock_more_is_promised_than_was_paid(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The provider refuses one of them; a person has to explain it to the customer."""
        payment, line, reserve = self.captured(), threading.Barrier(2), refunding._reserve

        def reserve_together(*args: Any) -> Refund:
            line.wait(PATIENCE_S)
            return reserve(*args)

        with monkeypatch.context() as patched:
            patched.setattr(QuerySet, "select_for_update", unlocked)
            patched.setattr(refunding, "_reserve", reserve_together)
            answers = self.meet(payment, 1_800)

        assert sum(answer.amount_minor for answer in answers) > AMOUNT_MINOR
        hurry()
        services.sweep()
        assert sorted(payment.refunds.values_list("state", flat=True)) == ["failed", "succeeded"]
        assert ManualReview.objects.filter(payment=payment, kind="refund_stuck").count() == 1
