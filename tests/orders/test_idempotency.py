"""One key, one order, one answer (R5)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db.models import F
from django.db.models.functions import Now

from deliveryapp.models import IdempotencyRecord, SagaRun, User
from deliveryapp.saga import LEASE
from orders.models import Customer, Order
from orders.selectors.documents import NOT_PLACED
from orders.services.placing import ANSWERED_WITHIN
from payments.models import Payment
from tests.cast import cart
from tests.orders.stage import (
    ORDERS,
    TOTAL_MINOR,
    ClientOf,
    Stage,
    assert_problem,
    hurry,
    nothing_changes,
    place,
)
from tests.worker import drain

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("key", ["", "x" * 101, "schlüssel", "a\x07b"])
def test_an_unusable_key_is_refused(stage: Stage, key: str) -> None:
    with nothing_changes(stage.sandbox):
        answer = stage.ada.post(ORDERS, cart(stage.kitchen), format="json", HTTP_IDEMPOTENCY_KEY=key)
    assert_problem(answer, 400, "idempotency_key_invalid")


def test_a_repetition_gets_the_first_answer(stage: Stage) -> None:
    key = "k" * 100
    first = stage.place(key)
    with nothing_changes(stage.sandbox):
        again = stage.place(key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert stage.sandbox.effects(first.json()["id"]) == [("hold", TOTAL_MINOR)]


def test_the_first_answer_stays_the_same_while_the_order_moves_on(stage: Stage) -> None:
    key = str(uuid4())
    first = stage.place(key).json()
    drain()
    stage.must(stage.cancel(UUID(first["id"])))

    assert stage.place(key).json() == first


def test_what_makes_no_difference_is_the_same_request(stage: Stage) -> None:
    key = str(uuid4())
    first = stage.place(key)
    body = dict(reversed(cart(stage.kitchen, tip_minor=0, note="", unknown_field=1).items()))

    again = place(stage.ada, body, key)
    assert again.json() == first.json()


@pytest.mark.parametrize(
    "change", [{"tip_minor": 1}, {"note": "!"}, {"payment_method": "pm_card_mastercard"}], ids=str
)
def test_a_key_stands_for_one_request(stage: Stage, change: dict[str, object]) -> None:
    key = str(uuid4())
    assert stage.place(key).status_code == 201

    with nothing_changes(stage.sandbox):
        answer = stage.place(key, **change)

    assert_problem(answer, 422, "idempotency_key_reused")


def test_the_same_key_of_somebody_else_is_another_key(stage: Stage, dov: User, as_: ClientOf) -> None:
    key = str(uuid4())
    adas, dovs = stage.place(key), place(as_(dov), cart(stage.kitchen), key)

    assert (adas.status_code, dovs.status_code) == (201, 201)
    assert adas.json()["id"] != dovs.json()["id"]
    assert "Idempotent-Replayed" not in dovs.headers


def test_a_refused_cart_does_not_use_up_the_key(stage: Stage) -> None:
    key = str(uuid4())
    assert stage.place(key, expected_total_minor=1).status_code == 409
    assert stage.place(key).status_code == 201


def test_a_decline_is_the_answer_too(stage: Stage) -> None:
    key = str(uuid4())
    first = stage.place(key, payment_method="pm_card_visa_chargeDeclined")
    with nothing_changes(stage.sandbox):
        again = stage.place(key, payment_method="pm_card_visa_chargeDeclined")

    problem = assert_problem(again, 402, "payment_declined")
    assert problem == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"


class TestWhileTheFirstIsStillBeingAnswered:
    """The first request died, or is still asking: its rows are there, its answer is not."""

    @pytest.fixture
    def key(self, stage: Stage) -> str:
        """Of a request that has made its first commit and lost its process right after it."""
        key = str(uuid4())
        stage.sandbox.faults(
            {"operation": "payment_intents.create", "kind": "lost_before_effect", "times": 1}
        )
        order_id = stage.unsettled(key=key)
        SagaRun.objects.filter(subject_id=order_id).update(leased_until=Now() + LEASE, lease_token=uuid4())
        return key

    def test_a_repetition_is_told_to_wait(self, stage: Stage, key: str) -> None:
        with nothing_changes(stage.sandbox):
            answer = stage.place(key)
        assert assert_problem(answer, 409, "request_in_flight")["retry_after_s"] == 1
        assert answer.headers["Retry-After"] == "1"

    def test_later_it_is_told_how_things_stand(self, stage: Stage, key: str) -> None:
        IdempotencyRecord.objects.update(created_at=F("created_at") - ANSWERED_WITHIN - timedelta(seconds=1))
        answer = stage.place(key)

        assert (answer.status_code, answer.json()["status"]) == (202, "created")
        assert answer.headers["Idempotent-Replayed"] == "true"

    def test_once_the_workers_have_settled_it_the_order_is_the_answer(self, stage: Stage, key: str) -> None:
        hurry()
        drain()
        answer = stage.place(key)

        assert (answer.status_code, answer.json()["status"]) == (201, "placed")
        assert Order.objects.count() == Payment.objects.count() == 1
        assert stage.sandbox.effects(answer.json()["id"]) == [("hold", TOTAL_MINOR)]


class TestTheAnswerOfAnOrderThatFailedLater:
    """202 first; what the repetition hears once the order has come to nothing."""

    def unsettled(self, stage: Stage, key: str) -> UUID:
        return stage.unsettled(key=key, payment_method="pm_card_threeDSecureRequired")

    def test_cancelled_by_the_customer(self, stage: Stage) -> None:
        key = str(uuid4())
        order_id = self.unsettled(stage, key)
        stage.must(stage.cancel(order_id))

        problem = assert_problem(
            stage.place(key, payment_method="pm_card_threeDSecureRequired"), 409, "cancelled_by_customer"
        )
        assert problem["order_id"] == str(order_id)

    def test_the_bank_was_never_answered(self, stage: Stage) -> None:
        key = str(uuid4())
        order_id = self.unsettled(stage, key)
        Order.objects.filter(pk=order_id).update(created_at=F("created_at") - timedelta(minutes=11))
        hurry()
        drain()

        answer = stage.place(key, payment_method="pm_card_threeDSecureRequired")
        assert assert_problem(answer, 402, "payment_timeout")["order_id"] == str(order_id)

    def test_every_way_to_fail_has_an_answer(self) -> None:
        assert set(NOT_PLACED) == {"payment_declined", "payment_timeout", "cancelled_by_customer"}


class TestCancelling:
    """The answer is stored with the effect: one transaction behind the key."""

    def test_a_retried_cancel_gets_the_first_answer(self, stage: Stage) -> None:
        order_id, key = stage.placed(), str(uuid4())
        first = stage.cancel(order_id, key=key)
        drain()
        with nothing_changes(stage.sandbox):
            again = stage.cancel(order_id, key=key)

        assert (first.status_code, first.json()["status"]) == (200, "cancelled")
        assert "Idempotent-Replayed" not in first.headers
        assert (again.status_code, again.json()) == (200, first.json())
        assert again.headers["Idempotent-Replayed"] == "true"
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR), ("release", TOTAL_MINOR)]
        assert Customer.objects.get().cancelled_count == 1
        stage.assert_clean()

    def test_without_a_key_or_with_another_the_second_one_is_too_late(self, stage: Stage) -> None:
        order_id = stage.placed()
        stage.must(stage.cancel(order_id, key="first"))

        for key in (None, "second"):
            assert_problem(stage.cancel(order_id, key=key), 409, "order_not_cancellable")
        assert stage.cancel(order_id, key="first").status_code == 200

    def test_a_refused_cancel_leaves_its_key_unused(self, stage: Stage) -> None:
        gone, here = stage.placed(), stage.placed()
        stage.must(stage.cancel(gone))
        assert_problem(stage.cancel(gone, key="k"), 409, "order_not_cancellable")

        assert "Idempotent-Replayed" not in stage.cancel(here, key="k").headers

    def test_the_key_stands_for_this_order_and_this_reason(self, stage: Stage) -> None:
        one, other = stage.placed(), stage.placed()
        stage.must(stage.cancel(one, key="k"))
        for answer in (stage.cancel(other, key="k"), stage.cancel(one, key="k", reason="too slow")):
            assert_problem(answer, 422, "idempotency_key_reused")
        assert stage.order(other)["status"] == "placed"

    def test_the_key_of_an_order_is_not_free_for_its_cancelling(self, stage: Stage) -> None:
        key = str(uuid4())
        order_id = UUID(stage.place(key).json()["id"])
        assert_problem(stage.cancel(order_id, key=key), 422, "idempotency_key_reused")

    def test_a_strangers_key_opens_nothing(self, stage: Stage, dov: User, as_: ClientOf) -> None:
        order_id, key = stage.placed(), str(uuid4())
        stage.must(stage.cancel(order_id, key=key))
        assert_problem(stage.cancel(order_id, by=as_(dov), key=key), 404, "order_not_found")

    @pytest.mark.parametrize("key", ["x" * 101, "schlüssel"])
    def test_an_unusable_key_is_refused_before_anything_happens(self, stage: Stage, key: str) -> None:
        order_id = stage.placed()
        assert_problem(stage.cancel(order_id, key=key), 400, "idempotency_key_invalid")
        assert stage.order(order_id)["status"] == "placed"
