"""Runs of the reconciliation: what they leave alone, after a restored backup, by command and by schedule."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from payments import tasks
from payments.models import ManualReview, Payment, PaymentOperation, Refund
from payments.services import reconciling, sweep
from payments.services.reconciling import reading
from tests.orders.stage import TOTAL_MINOR, ClientOf, Stage, hurry
from tests.payments.mess import (
    capture,
    delivered,
    done,
    effects,
    found,
    hold,
    let_it_rest,
    reconcile,
    ref_of,
    report,
    strangers_hold,
)
from tests.worker import drain

pytestmark = pytest.mark.django_db


class TestWhatIsUnderWay:
    def test_an_open_operation_may_still_end_by_itself(self, stage: Stage) -> None:
        order_id = stage.assigned()
        stage.must(stage.board(order_id, "ready"))
        stage.sandbox.faults({"operation": "payment_intents.capture", "kind": "lost_after_effect"})
        assert stage.ride(order_id, "picked-up").status_code == 200
        drain()
        assert PaymentOperation.objects.filter(kind="capture", state="unknown").exists()
        Payment.objects.update(updated_at=utc_now() - timedelta(hours=1))

        document = report("--fix")
        assert (document["differences"], document["compared"], document["under_way"]) == ([], 0, 1)
        let_it_rest()
        assert found(report()) == [("state_differs", ref_of(order_id))]

    def test_so_may_what_has_just_moved(self, stage: Stage) -> None:
        capture(ref_of(stage.placed()))
        assert report()["under_way"] == 1

    def test_a_hold_that_replaces_another_right_now(self, stage: Stage) -> None:
        order_id = stage.placed()
        payment = Payment.objects.get()
        let_it_rest()
        PaymentOperation.objects.create(
            payment=payment, kind="reauthorize", key="k", amount_minor=TOTAL_MINOR, next_try_at=utc_now()
        )
        hold(order_id=order_id, payment_id=payment.pk)
        document = report("--fix")
        assert (document["differences"], document["under_way"]) == ([], 2)


class TestARestoredBackup:
    """F23: our database is older than what the provider did."""

    def test_every_difference_is_listed_and_nobody_is_charged(
        self, stage: Stage, sam: User, as_: ClientOf
    ) -> None:
        ridden, refunded, cancelled = stage.assigned(), None, stage.placed()
        backup = transaction.savepoint()
        stage.must(stage.board(ridden, "ready"))
        stage.must(stage.ride(ridden, "picked-up"))
        stage.must(stage.cancel(ridden, by=as_(sam)))
        stage.must(stage.cancel(cancelled))
        held, charged = stage.placed(), delivered(stage)
        refs = {order_id: ref_of(order_id) for order_id in (ridden, cancelled, held, charged)}
        refunded = Refund.objects.get().provider_ref
        transaction.savepoint_rollback(backup)
        let_it_rest()
        before = effects(stage)

        listed = report()
        assert found(listed) == sorted(
            [
                ("state_differs", refs[ridden]),
                ("state_differs", refs[cancelled]),
                ("orphan_hold", refs[held]),
                ("missing_here", refs[charged]),
                ("refund_missing_here", refunded),
            ]
        )
        assert done(report("--fix")) == {
            refs[ridden]: "followed",
            refs[cancelled]: "followed",
            refs[held]: "voided",
            refs[charged]: "review",
            refunded: "adopted",
        }
        for _ in range(3):
            hurry()
            sweep()
            drain()
        assert effects(stage)[len(before) :] == [("release", refs[held], TOTAL_MINOR)]
        payments = {row.order_id: (str(row.state), row.kept_minor) for row in Payment.objects.all()}
        assert payments == {ridden: ("refunded", 0), cancelled: ("voided", 0)}


class TestTheCommand:
    def test_a_table_for_people(self, stage: Stage) -> None:
        order_id = stage.placed()
        ref = capture(ref_of(order_id))
        let_it_rest()
        code, said = reconcile()

        assert code == 1
        heading, row, ids, summary = said.splitlines()
        assert heading.split() == ["kind", "provider's", "here", "there", "done"]
        assert row.split() == [
            "state_differs",
            ref,
            *("authorized", str(TOTAL_MINOR), "EUR"),
            *("captured", str(TOTAL_MINOR), "EUR"),
            "listed",
        ]
        assert ids.split() == ["payment", f"{Payment.objects.get().pk},", "order", str(order_id)]
        assert summary.endswith(": 1 compared, 0 still under way; 1 state_differs")

    def test_nothing_to_tell(self, stage: Stage) -> None:
        code, said = reconcile()
        assert code == 0
        assert said.endswith("0 compared, 0 still under way; no differences\n")

    def test_the_default_period_ends_before_what_may_still_settle(self, stage: Stage) -> None:
        strangers_hold()
        call_command("reconcile")

    @pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "2026-02-30T00:00:00"])
    def test_no_moment(self, since: str) -> None:
        with pytest.raises(CommandError, match="is no date or time"):
            call_command("reconcile", f"--since={since}")

    def test_an_empty_period(self) -> None:
        with pytest.raises(CommandError, match="must be before"):
            call_command("reconcile", "--since=2026-01-02", "--until=2026-01-02")

    def test_another_period(self, stage: Stage) -> None:
        strangers_hold()
        call_command("reconcile", "--since=2025-01-01", "--until=2025-01-02T12:00")

    def test_a_provider_that_does_not_answer(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "FIRST_PAUSE_S", 0.001)
        stage.sandbox.faults({"operation": "payment_intents.list", "kind": "500"})
        code, _ = reconcile()
        assert code == 2

    def test_a_lost_answer_is_asked_for_again(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "FIRST_PAUSE_S", 0.001)
        strangers_hold()
        stage.sandbox.faults(
            {"operation": "payment_intents.list", "kind": "lost_before_effect", "times": 3},
            {"operation": "refunds.list", "kind": "429", "times": 3},
        )
        assert len(report()["differences"]) == 1


class TestTheJob:
    def test_it_mends_and_asks(self, stage: Stage) -> None:
        ref = capture(ref_of(stage.placed()))
        hold(order_id="not ours")
        let_it_rest()
        now = utc_now()
        since, until = ((now + timedelta(minutes=at)).isoformat() for at in (-30, 1))
        tasks.reconcile_period(gateway="stripe", since=since, until=until)

        assert Payment.objects.get(provider_ref=ref).state == "captured"
        assert [review.kind for review in ManualReview.objects.all()] == ["reconcile_orphan_hold"]

    def test_a_day_is_spread_over_tasks_without_a_gap(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sent: list[dict[str, str]] = []

        def record(task: str, **ids: str) -> None:
            assert task == "payments.reconcile_period"
            sent.append(ids)

        monkeypatch.setattr(reconciling, "nudge", record)
        tasks.reconcile(hours=24)

        assert len(sent) == 48
        assert {row["gateway"] for row in sent} == {"stripe"}
        assert all(later["since"] == earlier["until"] for later, earlier in pairwise(sent))
