"""Holds are replaced before they end, by the provider's clock; where that cannot be, a person is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from deliveryapp.clock import utc_now
from payments import tasks
from payments.models import ManualReview, Payment, PaymentOperation
from payments.services import sweep, watching
from tests.orders.stage import TOTAL_MINOR, Stage, events_of, hurry
from tests.payments.mess import effects, ref_of, void
from tests.payments.provider import answer_bank, event, tell
from tests.worker import drain

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SOON = timedelta(days=6, hours=1)  # a hold lives seven days


@pytest.fixture
def after(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Time passes, at the provider's and for our task, and the task runs."""
    passed = timedelta()

    def go(by: timedelta) -> None:
        nonlocal passed
        passed += by
        advance_s = round(by.total_seconds())
        httpx.post(f"{stage.sandbox.url}/_sandbox/clock", json={"advance_s": advance_s}).raise_for_status()
        monkeypatch.setattr(tasks, "utc_now", lambda: utc_now() + passed)
        tasks.watch_holds()

    return go


def clear_up() -> None:
    hurry()
    sweep()
    drain()


def of_a_card_that_asks(stage: Stage) -> UUID:
    """Held once the customer answered the bank; without the customer the card refuses."""
    order_id = stage.unsettled(payment_method="pm_card_threeDSecureRequired")
    answer_bank(stage.order(order_id)["payment"]["next_action_url"], "complete")
    tell(event("payment_intent.amount_capturable_updated", ref_of(order_id)))
    drain()
    return order_id


def test_a_hold_is_replaced_in_its_last_day(stage: Stage, after: Any) -> None:
    order_id = stage.placed()
    first, ended_at = ref_of(order_id), Payment.objects.get().capture_before
    after(SOON)
    clear_up()

    payment = Payment.objects.get()
    assert (payment.state, payment.authorized_minor) == ("authorized", TOTAL_MINOR)
    assert payment.provider_ref != first
    assert ended_at is not None
    assert payment.capture_before is not None
    assert payment.capture_before - ended_at >= SOON
    assert effects(stage) == [
        ("hold", first, TOTAL_MINOR),
        ("hold", payment.provider_ref, TOTAL_MINOR),
        ("release", first, TOTAL_MINOR),
    ]
    assert events_of(order_id, "payments") == ["PaymentAuthorized", "PaymentReauthorized"]
    assert ManualReview.objects.count() == 0
    stage.assert_clean()


def test_nothing_is_done_before_and_nothing_twice(stage: Stage, after: Any) -> None:
    stage.placed()
    after(5 * DAY)
    assert PaymentOperation.objects.count() == 1
    after(SOON - 5 * DAY)
    clear_up()
    moved = effects(stage)
    after(timedelta(minutes=10))
    clear_up()
    assert effects(stage) == moved


def test_a_silent_provider_gets_the_same_question_again(stage: Stage, after: Any) -> None:
    order_id = stage.placed()
    stage.sandbox.faults({"operation": "payment_intents.create", "kind": "lost_after_effect", "times": 1})
    after(SOON)
    assert PaymentOperation.objects.get(kind="reauthorize").state == "unknown"
    hurry()
    after(timedelta(minutes=10))
    clear_up()

    assert [kind for kind, _ in stage.sandbox.effects(order_id)] == ["hold", "hold", "release"]
    stage.assert_clean()


def test_a_card_that_refuses_is_a_question_for_a_person(stage: Stage, after: Any) -> None:
    order_id = of_a_card_that_asks(stage)
    payment = Payment.objects.get()
    assert payment.state == "authorized"
    after(SOON)

    [review] = ManualReview.objects.all()
    assert (review.kind, review.subject) == ("hold_expiring", str(payment.pk))
    assert review.payment_id == payment.pk
    assert "authentication_required" in review.detail
    assert Payment.objects.get().provider_ref == payment.provider_ref
    after(timedelta(minutes=10))
    assert PaymentOperation.objects.filter(kind="reauthorize").count() == 1
    assert ManualReview.objects.count() == 1
    assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]


def test_a_hold_that_ended_unheard_is_found(stage: Stage, after: Any) -> None:
    order_id = stage.placed()
    after(8 * DAY)

    payment, [review] = Payment.objects.get(), ManualReview.objects.all()
    assert payment.state == "voided"
    assert (review.kind, review.subject) == ("hold_lost", str(payment.pk))
    assert events_of(order_id, "payments") == ["PaymentAuthorized", "PaymentVoided", "PaymentNeedsReview"]
    assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR), ("release", TOTAL_MINOR)]
    after(timedelta(minutes=10))
    assert ManualReview.objects.count() == 1


def test_the_providers_message_about_the_end_tells_the_same(stage: Stage) -> None:
    order_id = stage.placed()
    void(ref_of(order_id))
    tell(event("payment_intent.canceled", ref_of(order_id)), event("charge.expired", ref_of(order_id)))

    [review] = ManualReview.objects.all()
    assert (review.kind, review.payment_id) == ("hold_lost", Payment.objects.get().pk)


def test_what_we_let_go_ourselves_is_no_loss(stage: Stage) -> None:
    order_id = stage.placed()
    stage.must(stage.cancel(order_id))
    tell(event("payment_intent.canceled", ref_of(order_id)))
    assert ManualReview.objects.count() == 0


def test_a_hold_of_a_day_is_not_replaced_at_once(
    stage: Stage, after: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.placed()
    Payment.objects.update(capture_before=utc_now() + timedelta(hours=20))
    after(timedelta(hours=9))
    assert PaymentOperation.objects.count() == 1
    after(timedelta(hours=2))
    assert PaymentOperation.objects.filter(kind="reauthorize", state="succeeded").count() == 1


def test_a_run_does_so_many_the_most_urgent_first(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [stage.placed() for _ in range(3)]
    for hours, order_id in enumerate(orders, start=1):
        urgent = utc_now() + timedelta(hours=4 - hours)
        Payment.objects.filter(order_id=order_id).update(capture_before=urgent)
    made = PaymentOperation.objects.filter(kind="authorize")
    made.update(settled_at=utc_now() - DAY)

    assert watching.watch_holds(now=utc_now(), limit=2) == 2
    replaced = PaymentOperation.objects.filter(kind="reauthorize").values_list("payment__order_id", flat=True)
    assert set(replaced) == set(orders[1:])


def test_an_order_without_a_card_has_no_hold_to_watch(stage: Stage, after: Any) -> None:
    stage.placed()
    Payment.objects.update(gateway="credit", capture_before=utc_now())
    after(timedelta(minutes=1))
    assert PaymentOperation.objects.count() == 1
    assert Payment.objects.get().state == "authorized"
