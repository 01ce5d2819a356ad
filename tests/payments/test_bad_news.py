"""Disputes and failed refunds come in by the webhook's door and end as one question each for a person."""

from __future__ import annotations

from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from payments.models import ManualReview, Payment, WebhookEvent
from payments.services import resolve_review
from tests.orders.stage import Stage
from tests.payments.mess import delivered, ref_of
from tests.payments.provider import tell

pytestmark = pytest.mark.django_db


def message(kind: str, target: dict[str, Any]) -> dict[str, Any]:
    return {"id": f"evt_{uuid4().hex}", "object": "event", "type": kind, "data": {"object": target}}


def dispute(intent_ref: str | None, status: str) -> dict[str, Any]:
    verb = {"needs_response": "created", "won": "closed", "lost": "closed"}.get(status, "updated")
    target = {
        "id": "du_1",
        "object": "dispute",
        "amount": 2_890,
        "currency": "eur",
        "charge": "ch_1",
        "payment_intent": intent_ref,
        "reason": "product_not_received",
        "status": status,
        "evidence_details": {"due_by": 1_800_000_000},
    }
    return message(f"charge.dispute.{verb}", target)


def refund(intent_ref: str, kind: str = "refund.failed", status: str = "failed") -> dict[str, Any]:
    target = {
        "id": "re_1",
        "object": "refund",
        "amount": 300,
        "currency": "eur",
        "payment_intent": intent_ref,
        "status": status,
        "failure_reason": "lost_or_stolen_card",
    }
    return message(kind, target)


def asked() -> list[tuple[str, str]]:
    return sorted(ManualReview.objects.values_list("kind", "subject"))


def test_a_dispute_says_what_is_at_stake_and_until_when(stage: Stage) -> None:
    order_id = delivered(stage)
    tell(dispute(ref_of(order_id), "needs_response"))

    [review] = ManualReview.objects.all()
    assert (review.kind, review.subject) == ("dispute", "du_1 needs_response")
    assert review.payment_id == Payment.objects.get().pk
    for part in ("du_1", "2890 EUR", "product_not_received", "1800000000", ref_of(order_id)):
        assert part in review.detail
    assert Payment.objects.get().state == "captured"
    stage.assert_clean()


@pytest.mark.parametrize("order", list(permutations(("needs_response", "under_review", "lost"))))
def test_each_state_of_a_dispute_is_news_once_in_whatever_order(stage: Stage, order: tuple[str, ...]) -> None:
    ref = ref_of(stage.placed())
    tell(*(dispute(ref, status) for status in order * 2))
    assert asked() == [("dispute", f"du_1 {status}") for status in ("lost", "needs_response", "under_review")]
    assert not WebhookEvent.objects.filter(applied_at=None).exists()


def test_what_a_person_has_answered_is_not_asked_again_by_a_late_message(stage: Stage, sam: User) -> None:
    ref = ref_of(stage.placed())
    tell(dispute(ref, "needs_response"))
    [review] = ManualReview.objects.all()
    resolve_review(review_id=review.pk, user_id=sam.pk, resolution="evidence sent", now=utc_now())
    tell(dispute(ref, "needs_response"))
    assert ManualReview.objects.count() == 1


@pytest.mark.parametrize("kind", ["refund.failed", "refund.updated", "charge.refund.updated"])
def test_a_refund_that_did_not_reach_the_customer(stage: Stage, kind: str) -> None:
    order_id = delivered(stage)
    tell(refund(ref_of(order_id), kind), refund(ref_of(order_id)))

    [review] = ManualReview.objects.all()
    assert (review.kind, review.subject, review.payment_id) == (
        "refund_failed",
        "re_1",
        Payment.objects.get().pk,
    )
    assert "300 EUR is failed: lost_or_stolen_card" in review.detail


def test_a_refund_that_goes_well_is_no_news(stage: Stage) -> None:
    tell(refund(ref_of(stage.placed()), "refund.updated", "succeeded"))
    assert asked() == []


def test_of_a_charge_that_we_do_not_know(stage: Stage) -> None:
    tell(dispute(None, "needs_response"))
    [review] = ManualReview.objects.all()
    assert (review.subject, review.payment) == ("du_1 needs_response", None)


@pytest.mark.parametrize("target", [None, [], "x", {}, {"id": 7}, {"id": "du_1", "evidence_details": 5}])
def test_shapes_that_no_provider_sends(stage: Stage, target: Any) -> None:
    tell(message("charge.dispute.created", target))
    assert WebhookEvent.objects.get().applied_at is not None
    named = isinstance(target, dict) and target.get("id") == "du_1"
    assert ManualReview.objects.count() == int(named)
