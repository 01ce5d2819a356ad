"""Support answers reviews and asks again; nothing else of the money can be changed by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from deliveryapp.models import User
from payments.models import LedgerEntry, ManualReview, Payment, PaymentOperation, Refund
from payments.services.reviewing import open_review
from tests.cast import make_user
from tests.orders.stage import TOTAL_MINOR, Stage
from tests.payments.mess import dashboard_refund, delivered, hold, let_it_rest, ref_of, report
from tests.worker import drain

pytestmark = pytest.mark.django_db
LIST = "admin:payments_manualreview_changelist"


@pytest.fixture
def support(client: Client, sam: User) -> Client:
    client.force_login(sam)
    return client


def asked(kind: str = "hold_lost", payment: Payment | None = None, subject: str = "s") -> ManualReview:
    open_review(kind=kind, subject=subject, detail="what happened", payment=payment)
    return ManualReview.objects.get(kind=kind, subject=subject)


def page(review: ManualReview) -> str:
    return reverse("admin:payments_manualreview_change", args=[review.pk])


def resolve(client: Client, review: ManualReview, reason: str = "seen to") -> Any:
    path = reverse("admin:payments_manualreview_resolve", args=[review.pk])
    return client.post(path, {"reason": reason}, follow=True)


def again(client: Client, review: ManualReview, operation_id: UUID) -> Any:
    path = reverse("admin:payments_manualreview_again", args=[review.pk, operation_id])
    return client.post(path, follow=True)


def said(answer: Any) -> list[str]:
    return [str(message) for message in answer.context["messages"]]


def helper(client: Client, *permissions: str) -> Client:
    """Somebody of the staff with these rights only."""
    user = make_user("Mia", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


class TestTheList:
    def test_open_ones_come_first_and_of_those_the_oldest(self, support: Client) -> None:
        first, second, third = (asked(subject=subject) for subject in ("one", "two", "three"))
        resolve(support, first)
        answer = support.get(reverse(LIST))
        assert [row.pk for row in answer.context["cl"].result_list] == [second.pk, third.pk, first.pk]
        answer = support.get(reverse(LIST), {"answer": "resolved"})
        assert [row.pk for row in answer.context["cl"].result_list] == [first.pk]

    def test_several_are_resolved_at_once_with_a_reason(self, support: Client, sam: User) -> None:
        reviews = [asked(subject=subject) for subject in ("one", "two")]
        chosen = {"action": "resolve", "_selected_action": [str(review.pk) for review in reviews]}
        refused = support.post(reverse(LIST), chosen, follow=True)
        assert said(refused) == ["Say what was found and done."] * 2
        assert ManualReview.objects.filter(resolved_at=None).count() == 2

        support.post(reverse(LIST), {**chosen, "reason": "the same cause"})
        answers = ManualReview.objects.values_list("resolved_by", "resolution")
        assert list(answers) == [(sam.pk, "the same cause")] * 2


class TestAReview:
    def test_its_page_tells_the_whole_story(self, stage: Stage, support: Client) -> None:
        order_id = delivered(stage)
        refund_ref = dashboard_refund(stage, ref_of(order_id), 300)
        let_it_rest()
        report("--fix")
        payment = Payment.objects.get()
        text = support.get(page(asked(payment=payment))).text

        for part in (str(order_id), payment.provider_ref, "authorize", "capture", refund_ref, "refund_borne"):
            assert str(part) in text
        for entry in LedgerEntry.objects.all():
            assert f"{entry.amount_minor}" in text
        assert "Try again now" not in text

    def test_without_a_payment(self, support: Client) -> None:
        answer = support.get(page(asked()))
        assert answer.status_code == 200
        assert "what happened" in answer.text

    def test_the_answer_is_kept_with_who_and_when(self, support: Client, sam: User) -> None:
        review = asked()
        answer = resolve(support, review, "  refunded by hand ")
        assert said(answer) == ["hold_lost s is resolved."]
        review.refresh_from_db()
        assert (review.resolved_by, review.resolution) == (sam, "refunded by hand")
        assert review.resolved_at is not None
        assert reverse("admin:payments_manualreview_resolve", args=[review.pk]) not in answer.text

    @pytest.mark.parametrize("reason", ["", "   "])
    def test_without_a_reason_it_stays_open(self, support: Client, reason: str) -> None:
        review = asked()
        assert said(resolve(support, review, reason)) == ["Say what was found and done."]
        review.refresh_from_db()
        assert (review.resolved_at, review.resolution) == (None, "")

    def test_the_second_answer_changes_nothing_and_says_whose_was_first(
        self, support: Client, sam: User
    ) -> None:
        review = asked()
        resolve(support, review, "voided")
        second = resolve(support, review, "captured")
        assert said(second) == ["hold_lost s was not changed. sam@demo.example was quicker: voided"]
        review.refresh_from_db()
        assert review.resolution == "voided"

    def test_nothing_is_edited_in_place(self, support: Client) -> None:
        review = asked()
        assert support.post(page(review), {"resolution": "x"}).status_code == 403
        path = reverse("admin:payments_manualreview_delete", args=[review.pk])
        assert support.post(path, {"post": "yes"}).status_code == 403
        review.refresh_from_db()
        assert review.resolution == ""

    def test_looking_at_the_doors_opens_none(self, support: Client) -> None:
        review = asked()
        for path in (
            reverse("admin:payments_manualreview_resolve", args=[review.pk]),
            reverse("admin:payments_manualreview_again", args=[review.pk, uuid4()]),
        ):
            assert support.get(path).status_code == 405

    def test_what_is_not_there(self, support: Client) -> None:
        path = reverse("admin:payments_manualreview_resolve", args=[uuid4()])
        assert support.post(path, {"reason": "x"}).status_code == 404
        assert again(support, asked(), uuid4()).status_code == 404


class TestWhoMay:
    def test_strangers_are_sent_to_the_log_in(self, client: Client, dov: User) -> None:
        review = asked()
        client.force_login(dov)
        assert client.get(page(review)).status_code == 302
        path = reverse("admin:payments_manualreview_resolve", args=[review.pk])
        assert client.post(path, {"reason": "mine"}).status_code == 302
        review.refresh_from_db()
        assert review.resolved_at is None

    def test_to_look_is_not_to_answer(self, client: Client, stage: Stage) -> None:
        stage.placed()
        PaymentOperation.objects.update(state="unknown")
        review = asked(payment=Payment.objects.get())
        client = helper(client, "view_manualreview")
        text = client.get(page(review)).text
        assert reverse("admin:payments_manualreview_resolve", args=[review.pk]) not in text
        assert "Try again now" not in text
        assert resolve(client, review).status_code == 403
        assert again(client, review, PaymentOperation.objects.get().pk).status_code == 403
        review.refresh_from_db()
        assert review.resolved_at is None

    def test_staff_without_the_right_sees_nothing(self, client: Client) -> None:
        client = helper(client, "view_customer")
        for model in ("manualreview", "refund", "ledgerentry", "customercredit", "paymentoperation"):
            assert client.get(reverse(f"admin:payments_{model}_changelist")).status_code == 403

    def test_the_right_to_answer_is_enough(self, client: Client) -> None:
        review = asked()
        client = helper(client, "view_manualreview", "change_manualreview")
        assert resolve(client, review).status_code == 200
        review.refresh_from_db()
        assert review.resolution == "seen to"


class TestTryingAgain:
    def test_an_open_operation_is_asked_for_now(self, stage: Stage, support: Client) -> None:
        order_id = stage.placed()
        stage.sandbox.faults({"operation": "payment_intents.cancel", "kind": "lost_before_effect"})
        assert stage.cancel(order_id).status_code == 200
        drain()
        stage.sandbox.calm()
        operation = PaymentOperation.objects.get(kind="void")
        review = asked("void_stuck", Payment.objects.get(), str(operation.pk))
        path = reverse("admin:payments_manualreview_again", args=[review.pk, operation.pk])
        assert path in support.get(page(review)).text
        answer = again(support, review, operation.pk)

        assert said(answer) == ["void: succeeded."]
        assert Payment.objects.get().state == "voided"
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR), ("release", TOTAL_MINOR)]

    def test_a_failed_one_is_a_new_question(self, stage: Stage, support: Client) -> None:
        order_id = stage.placed()
        payment = Payment.objects.get()
        failed = PaymentOperation.objects.create(
            payment=payment,
            kind="capture",
            key="the old key",
            amount_minor=TOTAL_MINOR,
            target_ref=payment.provider_ref,
            state="failed",
            next_try_at=payment.created_at,
        )
        answer = again(support, asked("capture_stuck", payment), failed.pk)

        assert said(answer) == ["capture: succeeded."]
        assert PaymentOperation.objects.filter(kind="capture").count() == 2
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR), ("capture", TOTAL_MINOR)]

    def test_a_failed_void_of_another_hold(self, stage: Stage, support: Client) -> None:
        order_id = stage.placed()
        payment = Payment.objects.get()
        second = hold(order_id=order_id, payment_id=payment.pk)
        failed = PaymentOperation.objects.create(
            payment=payment,
            kind="void",
            key="k",
            amount_minor=1,
            target_ref=second,
            state="failed",
            next_try_at=payment.created_at,
        )
        assert said(again(support, asked("void_stuck", payment), failed.pk)) == ["void: succeeded."]
        assert Payment.objects.get().state == "authorized"
        assert stage.sandbox.effects(order_id)[-1] == ("release", TOTAL_MINOR)

    @pytest.mark.parametrize(
        ("kind", "state"), [("capture", "succeeded"), ("authorize", "declined"), ("refund", "failed")]
    )
    def test_what_is_settled_stays(self, stage: Stage, support: Client, kind: str, state: str) -> None:
        order_id = stage.placed()
        payment = Payment.objects.get()
        operation = PaymentOperation.objects.create(
            payment=payment, kind=kind, key="k", amount_minor=1, state=state, next_try_at=payment.created_at
        )
        answer = again(support, asked(payment=payment), operation.pk)
        assert said(answer) == [f"A {kind} that is {state} cannot be tried again."]
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]

    def test_what_came_too_late(self, stage: Stage, support: Client) -> None:
        stage.must(stage.cancel(stage.placed()))
        payment = Payment.objects.get()
        operation = PaymentOperation.objects.create(
            payment=payment,
            kind="capture",
            key="k",
            amount_minor=1,
            state="failed",
            next_try_at=payment.created_at,
        )
        answer = again(support, asked(payment=payment), operation.pk)
        assert said(answer) == ["The payment is voided: there is nothing to try."]

    def test_an_operation_of_another_payment_is_not_there(self, stage: Stage, support: Client) -> None:
        first, second = stage.placed(), stage.placed()
        review = asked(payment=Payment.objects.get(order_id=first))
        other = PaymentOperation.objects.get(payment__order_id=second)
        assert again(support, review, other.pk).status_code == 404

    def test_from_the_list_of_operations(self, stage: Stage, support: Client) -> None:
        order_id = stage.placed()
        stage.sandbox.faults({"operation": "payment_intents.cancel", "kind": "lost_before_effect"})
        assert stage.cancel(order_id).status_code == 200
        drain()
        stage.sandbox.calm()
        operation = PaymentOperation.objects.get(kind="void")
        chosen = {"action": "again", "_selected_action": [str(operation.pk)]}
        answer = support.post(reverse("admin:payments_paymentoperation_changelist"), chosen, follow=True)
        assert said(answer) == ["void: succeeded."]


def test_the_other_pages_show_and_change_nothing(stage: Stage, support: Client) -> None:
    order_id = delivered(stage)
    dashboard_refund(stage, ref_of(order_id), 300)
    let_it_rest()
    report("--fix")
    rows = [Refund.objects.get(), LedgerEntry.objects.first(), Payment.objects.get()]
    for row in filter(None, rows):
        name = f"admin:payments_{type(row).__name__.lower()}_"
        assert support.get(reverse(f"{name}changelist")).status_code == 200
        assert support.get(reverse(f"{name}change", args=[row.pk])).status_code == 200
        assert support.post(reverse(f"{name}change", args=[row.pk]), {"amount_minor": 1}).status_code == 403
        assert support.post(reverse(f"{name}delete", args=[row.pk]), {"post": "yes"}).status_code == 403
        assert support.get(reverse(f"{name}add")).status_code == 403
    assert support.get(reverse("admin:payments_customercredit_changelist")).status_code == 200
