"""The same cart again within five minutes is recognised, with or without a key (R5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from config.celery import app
from deliveryapp.models import IdempotencyRecord, User
from orders.models import Order, RecentCart
from orders.services.repeating import RECOGNISED_FOR
from orders.tasks import forget_carts
from tests.cast import HOME, cart, make_kitchen
from tests.orders.stage import (
    ORDERS,
    TOTAL_MINOR,
    ClientOf,
    Stage,
    assert_problem,
    events_of,
    nothing_changes,
)

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
DECLINING, ASKING = "pm_card_visa_chargeDeclined", "pm_card_threeDSecureRequired"


def order(stage: Stage, key: str | None = None, api: Any = None, **changes: Any) -> Any:
    """Submit the cart as somebody who does not say that a second one is meant."""
    headers = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    body = {**cart(stage.kitchen), "allow_duplicate": False, **changes}
    return (api or stage.ada).post(ORDERS, body, format="json", **headers)


def ordered(stage: Stage, **changes: Any) -> dict[str, Any]:
    answer = order(stage, **changes)
    assert answer.status_code == 201, answer.content
    document: dict[str, Any] = answer.json()
    return document


def pass_time(duration: timedelta) -> None:
    RecentCart.objects.update(ordered_at=F("ordered_at") - duration)


@pytest.mark.parametrize("key", [None, "another key"])
def test_the_same_cart_again_is_not_ordered_twice(stage: Stage, key: str | None) -> None:
    first = ordered(stage)

    with nothing_changes(stage.sandbox):
        refused = order(stage, key)

    problem = assert_problem(refused, 409, "duplicate_order")
    assert problem["earlier_order"] == {
        name: first[name] for name in ("id", "number", "status", "created_at")
    }
    assert stage.sandbox.effects(first["id"]) == [("hold", TOTAL_MINOR)]
    stage.assert_clean()


def test_a_repeated_key_gets_its_answer_first(stage: Stage) -> None:
    first, again = order(stage, "k"), order(stage, "k")

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"


def test_it_is_ordered_again_when_the_customer_says_so(stage: Stage) -> None:
    first = ordered(stage)
    assert_problem(order(stage, "k"), 409, "duplicate_order")

    second = order(stage, "k", allow_duplicate=True).json()

    assert second["id"] != first["id"]
    assert second["status"] == "placed"
    third = assert_problem(order(stage), 409, "duplicate_order")
    assert third["earlier_order"]["id"] == second["id"]
    stage.assert_clean()


def test_another_word_about_duplicates_is_another_request(stage: Stage) -> None:
    order(stage, "k")
    assert_problem(order(stage, "k", allow_duplicate=True), 422, "idempotency_key_reused")


def burger(stage: Stage, quantity: int = 1, *, large: bool = True, note: str = "") -> dict[str, Any]:
    size = stage.kitchen.large if large else stage.kitchen.regular
    item = str(stage.kitchen.burger.pk)
    return {"item_id": item, "quantity": quantity, "option_ids": [str(size.pk)], "note": note}


def soup(stage: Stage, quantity: int = 1, note: str = "") -> dict[str, Any]:
    return {"item_id": str(stage.kitchen.soup.pk), "quantity": quantity, "note": note}


@pytest.mark.parametrize(
    "said",
    [
        {"tip_minor": 300},
        {"note": "ring twice"},
        {"payment_method": "pm_card_mastercard"},
        {"expected_total_minor": TOTAL_MINOR},
        {"delivery": {**HOME, "note": "second floor"}},
        {"delivery": {**HOME, "street": " fredrikinkatu  1 ", "city": "", "postcode": ""}},
        {"delivery": {**HOME, "lat": HOME["lat"] + 1e-7}},  # type: ignore[operator]
    ],
    ids=str,
)
def test_what_does_not_change_the_meal_changes_nothing(stage: Stage, said: dict[str, Any]) -> None:
    ordered(stage)
    assert_problem(order(stage, **said), 409, "duplicate_order")


def test_it_does_not_matter_how_the_cart_is_written_down(stage: Stage) -> None:
    ordered(stage, lines=[soup(stage, 2, note="hot"), burger(stage, 3)])
    written = [burger(stage), soup(stage), burger(stage, 2, note="no onions"), soup(stage)]
    assert_problem(order(stage, lines=written), 409, "duplicate_order")


def test_a_saved_address_is_the_place_it_stands_for(stage: Stage) -> None:
    ordered(stage)
    saved = stage.ada.post("/api/v1/addresses/", HOME, format="json").json()
    assert_problem(order(stage, delivery={"address_id": saved["id"]}), 409, "duplicate_order")


def test_another_meal_another_door_or_another_person_is_another_order(
    stage: Stage, dov: User, as_: ClientOf
) -> None:
    elsewhere = make_kitchen(dov, "dovs-kitchen")
    burgers = [burger(stage, 2)]
    ordered(stage, lines=burgers)

    ordered(stage, lines=[burger(stage, 3)])
    ordered(stage, lines=[burger(stage, 2, large=False)])
    ordered(stage, lines=[*burgers, soup(stage)])
    ordered(stage, lines=burgers, delivery={**HOME, "lat": 60.1661})
    ordered(stage, lines=burgers, delivery={**HOME, "street": "Fredrikinkatu 11"})
    ordered(stage, lines=burgers, api=as_(dov))
    answer = stage.ada.post(ORDERS, cart(elsewhere, allow_duplicate=False), format="json")
    assert answer.status_code == 201, answer.content


@pytest.mark.parametrize(("age", "status"), [(RECOGNISED_FOR - 2 * SECOND, 409), (RECOGNISED_FOR, 201)])
def test_five_minutes_later_it_is_a_new_meal(stage: Stage, age: timedelta, status: int) -> None:
    ordered(stage)
    pass_time(age)
    assert order(stage).status_code == status


class TestWhatBecameOfTheEarlierOrder:
    def test_declined(self, stage: Stage) -> None:
        assert order(stage, payment_method=DECLINING).status_code == 402
        ordered(stage)

    def test_cancelled_by_its_customer(self, stage: Stage) -> None:
        stage.must(stage.cancel(UUID(ordered(stage)["id"])))
        ordered(stage)

    def test_rejected_by_the_kitchen(self, stage: Stage) -> None:
        stage.must(stage.board(UUID(ordered(stage)["id"]), "reject", {"reason": "too_busy"}))
        ordered(stage)

    def test_still_waiting_for_the_bank(self, stage: Stage) -> None:
        assert order(stage, payment_method=ASKING).status_code == 202
        problem = assert_problem(order(stage), 409, "duplicate_order")
        assert problem["earlier_order"]["status"] == "created"

    def test_cooking(self, stage: Stage) -> None:
        order_id = UUID(ordered(stage)["id"])
        stage.must(stage.board(order_id, "acknowledge"))
        stage.must(stage.board(order_id, "confirm", {"prep_minutes": 15}))
        problem = assert_problem(order(stage), 409, "duplicate_order")
        assert problem["earlier_order"]["status"] == "confirmed"


@pytest.mark.parametrize("word", ["yes", "true", 1, 0, None, [], {}], ids=str)
def test_the_word_is_true_or_false(stage: Stage, word: object) -> None:
    with nothing_changes(stage.sandbox):
        problem = assert_problem(order(stage, allow_duplicate=word), 400, "invalid_input")
    assert [error["field"] for error in problem["errors"]] == ["allow_duplicate"]


@pytest.mark.parametrize("refused", [{"lines": []}, {"expected_total_minor": 1}], ids=str)
def test_a_cart_that_cannot_be_ordered_is_not_remembered(stage: Stage, refused: dict[str, Any]) -> None:
    assert order(stage, **refused).status_code in (400, 409)
    ordered(stage)


@pytest.mark.parametrize(("key", "statements"), [("k", 10), (None, 9)])
@pytest.mark.django_db(transaction=True)
def test_recognising_costs_no_statement(stage: Stage, key: str | None, statements: int) -> None:
    saved = stage.ada.post("/api/v1/addresses/", HOME, format="json").json()

    with CaptureQueriesContext(connection) as captured:
        answer = order(stage, key, delivery={"address_id": saved["id"]})

    assert answer.status_code == 201, answer.content
    sent = [row["sql"] for row in captured.captured_queries]
    assert sent.count("BEGIN") == sent.count("COMMIT") == 2
    assert len(sent) - 4 <= statements, "\n".join(sent)


def test_an_order_without_a_key_leaves_no_record(stage: Stage) -> None:
    first = ordered(stage)
    assert not IdempotencyRecord.objects.exists()
    assert events_of(UUID(first["id"])) == ["OrderCreated", "OrderPlaced"]


def test_carts_are_forgotten(stage: Stage) -> None:
    ordered(stage)
    pass_time(timedelta(minutes=61))
    young = ordered(stage, lines=[soup(stage, 3)])
    Order.objects.filter(pk=young["id"]).get()

    forget_carts()

    assert [str(row.order_id) for row in RecentCart.objects.all()] == [young["id"]]
    assert app.conf.beat_schedule["orders.forget_carts"]["task"] == forget_carts.name


def test_the_key_that_was_refused_is_free(stage: Stage) -> None:
    ordered(stage)
    key = str(uuid4())
    assert_problem(order(stage, key), 409, "duplicate_order")
    pass_time(RECOGNISED_FOR)
    assert order(stage, key).status_code == 201
