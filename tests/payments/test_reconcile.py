"""`manage.py reconcile`: each difference is found and named, the safe ones are mended, nothing is charged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from django.db import connection, transaction

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from payments.gateways import stripe_gateway
from payments.models import LedgerEntry, ManualReview, Payment, PaymentOperation, Refund
from payments.services import reconciling, resolve_review
from payments.services.reconciling import mending, reading
from tests.orders.stage import TOTAL_MINOR, ClientOf, Stage, events_of, nothing_changes
from tests.payments.mess import (
    capture,
    dashboard_refund,
    delivered,
    done,
    effects,
    found,
    hold,
    increment,
    let_it_rest,
    reconcile,
    ref_of,
    report,
    strangers_hold,
    void,
)
from tests.worker import drain

pytestmark = pytest.mark.django_db


@contextmanager
def unguarded() -> Iterator[Any]:
    """SQL without triggers and checks of foreign keys, as after a faulty restore."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield lambda sql, *params: cursor.execute(sql, params)
        cursor.execute("SET LOCAL session_replication_role = origin")


def claim(order_id: UUID, **values: object) -> None:
    """Our row says something else than what happened."""
    Payment.objects.filter(order_id=order_id).update(**values)


def unanswered(stage: Stage) -> UUID:
    """An order whose hold was made and whose answer was lost, long ago."""
    stage.sandbox.faults({"operation": "payment_intents.create", "kind": "lost_after_effect", "times": 1})
    return stage.unsettled()


def intent_of(stage: Stage, order_id: UUID) -> str:
    rows = httpx.get(f"{stage.sandbox.url}/_sandbox/intents").json()["intents"]
    [ref] = [row["id"] for row in rows if row["order_id"] == str(order_id)]
    return str(ref)


def healthy(stage: Stage) -> None:
    """One payment of each fate, none of them a difference."""
    stage.placed()
    stage.must(stage.cancel(stage.placed()))
    delivered(stage)
    assert stage.place(payment_method="pm_card_visa_chargeDeclined").status_code == 402
    stage.unsettled(payment_method="pm_card_threeDSecureRequired")


def plant_twenty(stage: Stage) -> list[tuple[str, str]]:
    """(kind, the provider's reference) of twenty differences of six kinds, among payments that are fine."""
    forgotten = [ref_of(stage.placed()), ref_of(stage.placed()), ref_of(delivered(stage))]
    httpx.post(f"{stage.sandbox.url}/_sandbox/reset").raise_for_status()
    healthy(stage)
    strangers = [strangers_hold(), strangers_hold(), hold()]
    twice = stage.placed()
    second = hold(order_id=twice, payment_id=Payment.objects.get(order_id=twice).pk)
    unknown_charge = capture(strangers_hold())
    taken = [capture(ref_of(stage.placed())) for _ in range(2)]
    let_go = void(ref_of(stage.placed()))
    boasted = stage.placed()
    claim(boasted, state="captured", captured_minor=TOTAL_MINOR)
    raised = increment(ref_of(stage.placed()), TOTAL_MINOR + 300)
    shrunk = stage.placed()
    claim(shrunk, authorized_minor=TOTAL_MINOR + 1)
    short, refunded = delivered(stage), delivered(stage)
    claim(short, captured_minor=TOTAL_MINOR - 1)
    refunds = [dashboard_refund(stage, ref_of(refunded), amount_minor) for amount_minor in (100, 250)]
    refunds.append(dashboard_refund(stage, unknown_charge, 7))
    lost = [intent_of(stage, unanswered(stage)) for _ in range(2)]
    let_it_rest()
    planted = {
        "missing_there": forgotten,
        "orphan_hold": [*strangers, second],
        "missing_here": [*lost, unknown_charge],
        "state_differs": [*taken, let_go, ref_of(boasted)],
        "amount_differs": [raised, ref_of(shrunk), ref_of(short)],
        "refund_missing_here": refunds,
    }
    return sorted((kind, ref) for kind, refs in planted.items() for ref in refs)


class TestTheSeededMess:
    def test_exactly_the_twenty_are_found(self, stage: Stage) -> None:
        planted = plant_twenty(stage)
        before = effects(stage)
        with nothing_changes(stage.sandbox):
            document = report()

        assert len(planted) == 20
        assert len({kind for kind, _ in planted}) == 6
        assert found(document) == planted
        assert set(done(document).values()) == {"listed"}
        assert (document["left"], sum(document["kinds"].values())) == (20, 20)
        assert effects(stage) == before
        assert ManualReview.objects.count() == 0

    def test_what_is_safe_is_mended_and_the_rest_is_for_people(self, stage: Stage) -> None:
        planted = plant_twenty(stage)
        before = effects(stage)
        document = report("--fix")

        assert found(document) == planted
        ways = [(row["kind"], row["done"]) for row in document["differences"]]
        assert {way: ways.count(way) for way in ways} == {
            ("orphan_hold", "voided"): 3,
            ("orphan_hold", "review"): 1,
            ("missing_here", "adopted"): 2,
            ("missing_here", "review"): 1,
            ("missing_there", "review"): 3,
            ("state_differs", "followed"): 3,
            ("state_differs", "review"): 1,
            ("amount_differs", "followed"): 1,
            ("amount_differs", "review"): 2,
            ("refund_missing_here", "adopted"): 2,
            ("refund_missing_here", "review"): 1,
        }
        assert document["left"] == 9
        assert [kind for kind, _, _ in effects(stage)[len(before) :]] == ["release"] * 3
        asked = ManualReview.objects.filter(kind__startswith="reconcile_")
        assert sorted(asked.values_list("subject", flat=True)) == sorted(
            row["provider_ref"] for row in document["differences"] if row["done"] == "review"
        )

    def test_the_next_run_finds_what_was_left_and_asks_nobody_twice(self, stage: Stage) -> None:
        plant_twenty(stage)
        first = report("--fix")
        let_it_rest()
        asked, before = ManualReview.objects.count(), effects(stage)
        second = report("--fix")

        assert found(second) == sorted(
            (row["kind"], row["provider_ref"]) for row in first["differences"] if row["done"] == "review"
        )
        assert set(done(second).values()) == {"review"}
        assert ManualReview.objects.count() == asked
        assert effects(stage) == before

    def test_page_by_page(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same twenty in pages of three, on both sides, and in slices of a second."""
        planted = plant_twenty(stage)
        monkeypatch.setattr(stripe_gateway, "PAGE", 3)
        monkeypatch.setattr(reading, "OURS_AT_ONCE", 2)
        monkeypatch.setattr(reconciling.walking, "SLICE", timedelta(seconds=1))
        code, said = reconcile("--json", f"--since={(utc_now() - timedelta(minutes=2)).isoformat()}")

        assert code == 1
        assert found(json.loads(said)) == planted


class TestEachKind:
    def only(self, *options: str) -> dict[str, Any]:
        let_it_rest()
        [row] = report(*options)["differences"]
        return dict(row)

    def test_both_sides_are_told(self, stage: Stage) -> None:
        order_id = stage.placed()
        ref = capture(ref_of(order_id), 2_000)
        assert self.only() == {
            "kind": "state_differs",
            "gateway": "stripe",
            "provider_ref": ref,
            "payment_id": str(Payment.objects.get().pk),
            "order_id": str(order_id),
            "here": {"state": "authorized", "amount_minor": TOTAL_MINOR, "currency": "EUR"},
            "there": {"state": "captured", "amount_minor": 2_000, "currency": "EUR"},
            "done": "listed",
        }

    def test_nothing(self, stage: Stage) -> None:
        healthy(stage)
        let_it_rest()
        document = report()
        assert document["differences"] == []
        assert document["compared"] == 5

    def test_a_capture_that_we_had_not_heard_of(self, stage: Stage) -> None:
        order_id = stage.placed()
        capture(ref_of(order_id))
        assert self.only("--fix")["done"] == "followed"

        payment = Payment.objects.get()
        assert (payment.state, payment.captured_minor, payment.fee_minor) == ("captured", TOTAL_MINOR, 65)
        assert events_of(order_id, "payments") == ["PaymentAuthorized", "PaymentCaptured"]
        stage.assert_clean()

    def test_a_hold_whose_answer_was_lost_is_adopted_by_the_id_it_carries(self, stage: Stage) -> None:
        order_id = unanswered(stage)
        PaymentOperation.objects.update(state="declined")  # nobody asks any more
        assert self.only("--fix")["done"] == "adopted"
        drain()

        assert Payment.objects.get().provider_ref == intent_of(stage, order_id)
        assert stage.order(order_id)["status"] == "placed"
        stage.assert_clean()

    def test_a_hold_that_came_after_we_gave_up_is_voided_by_a_durable_operation(self, stage: Stage) -> None:
        order_id = unanswered(stage)
        claim(order_id, state="declined")
        PaymentOperation.objects.update(state="declined")
        ref = intent_of(stage, order_id)
        row = self.only("--fix")

        assert (row["kind"], row["done"]) == ("orphan_hold", "voided")
        operation = PaymentOperation.objects.get(kind="void")
        assert (operation.target_ref, operation.state) == (ref, "succeeded")
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR), ("release", TOTAL_MINOR)]

    def test_a_second_live_hold_goes_and_the_present_one_stays(self, stage: Stage) -> None:
        order_id = stage.placed()
        payment = Payment.objects.get()
        second = hold(order_id=order_id, payment_id=payment.pk)
        row = self.only("--fix")

        assert (row["kind"], row["provider_ref"], row["done"]) == ("orphan_hold", second, "voided")
        assert row["payment_id"] == str(payment.pk)
        assert Payment.objects.get().state == "authorized"
        assert effects(stage)[-1] == ("release", second, TOTAL_MINOR)
        stage.assert_clean()

    def test_a_second_hold_counts_when_the_first_is_dead(self, stage: Stage) -> None:
        """A backup from before the hold was replaced: the new one must not be let go."""
        order_id = stage.placed()
        void(ref_of(order_id))
        second = hold(order_id=order_id, payment_id=Payment.objects.get().pk)
        let_it_rest()
        document = report("--fix")

        assert {row["kind"]: row["done"] for row in document["differences"]} == {
            "orphan_hold": "adopted",
            "state_differs": "followed",
        }
        payment = Payment.objects.get()
        assert (payment.state, payment.provider_ref) == ("authorized", second)
        stage.assert_clean()
        assert report()["differences"] == []

    def test_the_newer_hold_is_met_first_in_whatever_slice_it_lies(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reconciling.walking, "SLICE", timedelta(seconds=1))
        order_id = stage.placed()
        void(ref_of(order_id))
        httpx.post(f"{stage.sandbox.url}/_sandbox/clock", json={"advance_s": 3}).raise_for_status()
        second = hold(order_id=order_id, payment_id=Payment.objects.get().pk)
        let_it_rest()
        report("--fix", f"--since={(utc_now() - timedelta(minutes=1)).isoformat()}")

        payment = Payment.objects.get()
        assert (payment.state, payment.provider_ref) == ("authorized", second)

    def test_a_capture_by_the_hold_that_replaced_the_dead_one(self, stage: Stage) -> None:
        order_id = stage.placed()
        void(ref_of(order_id))
        second = capture(hold(order_id=order_id, payment_id=Payment.objects.get().pk))
        let_it_rest()
        document = report("--fix")

        assert ("missing_here", second) in found(document)
        assert done(document)[second] == "adopted"
        payment = Payment.objects.get()
        assert (payment.state, payment.provider_ref, payment.fee_minor) == ("captured", second, 65)
        stage.assert_clean()

    def test_a_second_hold_is_left_when_nobody_knows_about_the_first(self, stage: Stage) -> None:
        order_id = stage.placed()
        claim(order_id, provider_ref="pi_of_nobody")
        let_it_rest()
        document = report("--fix")

        assert {row["kind"]: row["done"] for row in document["differences"]} == {
            "orphan_hold": "review",
            "missing_there": "review",
        }
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]

    def test_charged_beside_a_live_hold_is_for_people(self, stage: Stage) -> None:
        order_id = stage.placed()
        first = ref_of(order_id)
        second = capture(hold(order_id=order_id, payment_id=Payment.objects.get().pk))
        row = self.only("--fix")
        assert (row["kind"], row["provider_ref"], row["done"]) == ("missing_here", second, "review")
        assert ref_of(order_id) == first

    def test_charged_twice_is_for_people(self, stage: Stage) -> None:
        order_id = delivered(stage)
        second = capture(hold(order_id=order_id, payment_id=Payment.objects.get().pk))
        row = self.only("--fix")
        assert (row["kind"], row["provider_ref"], row["done"]) == ("missing_here", second, "review")

    def test_holds_of_strangers_are_voided_only_in_small_numbers(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """More of them means that this is the wrong database."""
        monkeypatch.setattr(mending, "MOST_STRANGERS", 2)
        for _ in range(3):
            strangers_hold()
        ways = sorted(done(report("--fix")).values())
        assert ways == ["left", "voided", "voided"]
        assert [kind for kind, _, _ in effects(stage)].count("release") == 2
        assert sorted(done(report("--fix")).values()) == ["voided"]

    def test_a_hold_without_our_marks_is_not_ours_to_void(self, stage: Stage) -> None:
        hold(order_id="not ours")
        assert self.only("--fix")["done"] == "review"
        assert [kind for kind, _, _ in effects(stage)] == ["hold"]

    def test_a_fee_that_was_booked_later(self, stage: Stage) -> None:
        order_id = delivered(stage)
        entries = LedgerEntry.objects.filter(order_id=order_id, kind="provider_fee")
        with unguarded() as execute:
            execute("DELETE FROM payments_ledgerentry WHERE id = ANY(%s)", [entry.pk for entry in entries])
        claim(order_id, fee_minor=0)
        row = self.only("--fix")

        assert (row["kind"], row["done"]) == ("fee_differs", "followed")
        assert (row["here"]["amount_minor"], row["there"]["amount_minor"]) == (0, 65)
        stage.assert_clean()

    def test_a_refund_from_the_dashboard_is_borne_by_the_platform(self, stage: Stage) -> None:
        order_id = delivered(stage)
        ref = dashboard_refund(stage, ref_of(order_id), 300)
        row = self.only("--fix")

        assert (row["kind"], row["provider_ref"], row["done"]) == ("refund_missing_here", ref, "adopted")
        assert row["order_id"] == str(order_id)
        refund = Refund.objects.get()
        assert (refund.state, refund.amount_minor, refund.provider_ref) == ("succeeded", 300, ref)
        assert [part["borne_by"] for part in refund.parts] == ["platform"]
        assert Payment.objects.get().refunded_minor == 300
        borne = LedgerEntry.objects.filter(kind="refund_borne").values_list("account", "amount_minor")
        assert sorted(borne) == [("platform", 300), ("refunds", -300)]
        assert effects(stage)[-1] == ("refund", ref_of(order_id), 300)
        stage.assert_clean()
        assert report()["differences"] == []

    def test_a_refund_of_ours_that_we_take_for_failed(self, stage: Stage, sam: User, as_: ClientOf) -> None:
        order_id = stage.on_the_road()
        assert stage.cancel(order_id, by=as_(sam)).status_code == 200
        drain()
        Refund.objects.update(state="failed")
        row = self.only("--fix")
        assert (row["kind"], row["here"]["state"], row["there"]["state"], row["done"]) == (
            "refund_differs",
            "failed",
            "succeeded",
            "review",
        )

    def test_a_refund_of_ours_that_is_still_open_is_settled_without_a_second_one(
        self, stage: Stage, sam: User, as_: ClientOf
    ) -> None:
        order_id = stage.on_the_road()
        stage.sandbox.faults(
            {"operation": "refunds.create", "kind": "lost_after_effect"},
            {"operation": "refunds.list", "kind": "lost_before_effect"},
        )
        assert stage.cancel(order_id, by=as_(sam)).status_code == 200
        drain()
        stage.sandbox.calm()
        assert Refund.objects.get().state == "pending"
        PaymentOperation.objects.update(attempts=0)  # a backup from before the first try, a day later
        httpx.post(f"{stage.sandbox.url}/_sandbox/clock", json={"advance_s": 25 * 3600}).raise_for_status()
        row = self.only("--fix")

        assert (row["kind"], row["done"]) == ("refund_differs", "followed")
        assert Refund.objects.get().state == "succeeded"
        assert [kind for kind, _ in stage.sandbox.effects(order_id)].count("refund") == 1

    def test_a_refund_that_the_provider_does_not_have(self, stage: Stage) -> None:
        order_id = delivered(stage)
        dashboard_refund(stage, ref_of(order_id), 300)
        assert self.only("--fix")["done"] == "adopted"
        Refund.objects.update(provider_ref="re_of_nobody")
        let_it_rest()
        document = report("--fix")
        ways = {row["kind"]: row["done"] for row in document["differences"]}
        assert ways == {"refund_missing_there": "review", "refund_missing_here": "review"}
        assert done(document)["re_of_nobody"] == "review"
        assert Refund.objects.count() == 1

    def test_what_was_answered_once_is_not_asked_again_nor_counted(self, stage: Stage, sam: User) -> None:
        hold(order_id="not ours")
        assert self.only("--fix")["done"] == "review"
        [review] = ManualReview.objects.all()
        resolve_review(review_id=review.pk, user_id=sam.pk, resolution="the other shop's", now=utc_now())
        code, said = reconcile("--fix", "--json")

        assert code == 0
        assert set(done(json.loads(said)).values()) == {"reviewed"}
        assert ManualReview.objects.count() == 1
