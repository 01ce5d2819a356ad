"""Promotions: who gets what off, who pays for it, and what becomes of a use (ADR 20)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from orders import pricing
from orders.models import Order
from payments.models import Payment
from restaurants.models import Promotion, PromotionUse
from tests.cast import cart
from tests.orders.stage import TOTAL_MINOR, ClientOf, Stage, assert_problem, nothing_changes
from tests.orders.test_amending import deliver
from tests.orders.test_money import balance, delivered, euros, given, receipt, refund
from tests.worker import drain

pytestmark = pytest.mark.django_db
QUOTES = "/api/v1/quotes/"
FOOD_MINOR, DELIVERY_MINOR, SERVICE_MINOR = 2_500, 290, 100
VALUES = {
    "percent": {"percent_bp": 2_000},
    "amount": {"amount_minor": 600},
    "free_delivery": {},
}


def promotion(stage: Stage, kind: str = "percent", *, of_all: bool = False, **fields: Any) -> Promotion:
    """20 % off the food, 6.00 off it, or no delivery fee: Bo's own, or the platform's for all restaurants."""
    whose: dict[str, Any] = {"borne_by": "platform" if of_all else "restaurant"}
    if not of_all:
        whose["restaurant"] = stage.kitchen.restaurant
    given = {"title": f"Bo's {kind}", "starts_at": utc_now() - timedelta(hours=1), "kind": kind}
    return Promotion.objects.create(**{**given, **VALUES[kind], **whose, **fields})


def quoted(stage: Stage, app: APIClient | None = None, **changes: Any) -> dict[str, Any]:
    answer = (app or stage.ada).post(QUOTES, cart(stage.kitchen, **changes), format="json")
    assert answer.status_code == 200, answer.content
    document: dict[str, Any] = answer.json()
    return document


def off(document: dict[str, Any]) -> int:
    minor: int = document["discount"]["amount_minor"]
    return minor


def spent(row: Promotion) -> tuple[int, int]:
    """(of so many in all, by Ada)"""
    row.refresh_from_db()
    return row.used, sum(PromotionUse.objects.filter(promotion=row).values_list("used", flat=True))


class TestWhatItTakesOff:
    @pytest.mark.parametrize(
        ("kind", "fields", "minor", "on"),
        [
            ("percent", {}, 500, "food"),
            ("percent", {"percent_bp": 10_000}, 2_500, "food"),
            ("percent", {"percent_bp": 3_333}, 833, "food"),
            ("percent", {"maximum_minor": 300}, 300, "food"),
            ("amount", {}, 600, "food"),
            ("amount", {"amount_minor": 9_900}, 2_500, "food"),
            ("free_delivery", {}, 290, "delivery"),
            ("free_delivery", {"maximum_minor": 100}, 100, "delivery"),
        ],
    )
    def test_without_a_code_everybody_gets_it(
        self, stage: Stage, kind: str, fields: dict[str, Any], minor: int, on: str
    ) -> None:
        row = promotion(stage, kind, **fields)
        answer = stage.place()
        assert answer.status_code == 201, answer.content
        for document in (quoted(stage), answer.json()):
            assert off(document) == minor
            assert document["total"] == euros(TOTAL_MINOR - minor)
            told = {"id": str(row.pk), "title": row.title, "on": on, "amount": euros(minor)}
            assert document["promotion"] | told == document["promotion"]
        assert stage.sandbox.effects(answer.json()["id"]) == [("hold", TOTAL_MINOR - minor)]
        stage.assert_clean()

    def test_one_per_order_and_the_one_that_takes_off_the_most(self, stage: Stage) -> None:
        promotion(stage, "free_delivery")
        promotion(stage, "percent", of_all=True)
        promotion(stage, "amount", code="SIX", title="Six off")
        assert off(quoted(stage)) == 500
        assert off(quoted(stage, promotion_code="six ")) == 600
        promotion(stage, "amount", amount_minor=700)
        assert off(quoted(stage, promotion_code="SIX")) == 700
        with_code = stage.place(promotion_code="SIX").json()
        assert (off(with_code), with_code["promotion"]["title"]) == (700, "Bo's amount")
        assert not PromotionUse.objects.filter(promotion__code="SIX").exists()

    def test_vat_is_of_what_the_food_is_sold_for(self, stage: Stage) -> None:
        full = quoted(stage)["included_tax"]["amount_minor"]
        promotion(stage, of_all=True)
        assert quoted(stage)["included_tax"]["amount_minor"] == full == 307
        promotion(stage, percent_bp=5_000)
        assert quoted(stage)["included_tax"]["amount_minor"] == 154

    def test_a_discount_is_spread_over_lines_to_the_cent(self) -> None:
        assert pricing.spread(100, [1, 1, 1]) == [33, 33, 34]
        assert pricing.spread(0, [700]) == [0]
        for totals in ([1, 999, 3], [0, 7, 7], [1_250, 1_700, 50]):
            for discount in range(0, sum(totals) + 1, 7):
                parts = pricing.spread(discount, totals)
                assert sum(parts) == discount
                assert all(0 <= part <= total for part, total in zip(parts, totals, strict=True))


REFUSALS = [
    ({"starts_at": utc_now() + timedelta(days=1)}, 409, "promotion_not_yet"),
    ({"ends_at": utc_now() - timedelta(seconds=1)}, 409, "promotion_expired"),
    ({"minimum_minor": 2_501}, 409, "promotion_minimum"),
    ({"max_uses": 3, "used": 3}, 409, "promotion_used_up"),
    ({"archived_at": utc_now()}, 422, "promotion_unknown"),
    ({"currency": "SEK"}, 422, "promotion_unknown"),
    ({"code": "OTHER"}, 422, "promotion_unknown"),
]


@pytest.mark.parametrize(("fields", "status", "code"), REFUSALS, ids=[code for _, _, code in REFUSALS])
def test_a_code_that_does_not_apply_is_refused(
    stage: Stage, fields: dict[str, Any], status: int, code: str
) -> None:
    row = promotion(stage, **{"code": "TWENTY", **fields})
    before = spent(row)
    with nothing_changes(stage.sandbox):
        assert_problem(stage.place(promotion_code="TWENTY"), status, code)
        assert_problem(
            stage.ada.post(QUOTES, cart(stage.kitchen, promotion_code="twenty"), format="json"), status, code
        )
    assert spent(row) == before


def test_as_often_as_one_customer_may(stage: Stage, dov: User, as_: ClientOf) -> None:
    row = promotion(stage, code="ONCE", max_uses_per_customer=1)
    assert stage.place(promotion_code="ONCE").status_code == 201
    body = assert_problem(stage.place(promotion_code="ONCE"), 409, "promotion_used_up")
    assert body["by_customer"] is True
    assert off(quoted(stage, as_(dov), promotion_code="ONCE")) == 500
    assert spent(row) == (0, 1)


def test_for_a_first_order_only(stage: Stage, dov: User, as_: ClientOf) -> None:
    promotion(stage, code="HELLO", is_first_order_only=True)
    failed = stage.place(payment_method="pm_card_chargeDeclined", promotion_code="HELLO")
    assert failed.status_code == 402
    assert stage.place().status_code == 201
    assert_problem(stage.place(promotion_code="HELLO"), 409, "promotion_first_order_only")
    assert off(quoted(stage, as_(dov), promotion_code="HELLO")) == 500


class TestWhoPays:
    """Food 25.00, commission 15 %: Bo gets 21.25 of it where nobody takes anything off."""

    @pytest.mark.parametrize(
        ("kind", "of_all", "kitchen_minor"),
        [
            ("percent", True, 2_125),
            ("percent", False, 1_700),  # of 20.00
            ("free_delivery", True, 2_125),
            ("free_delivery", False, 2_125 - DELIVERY_MINOR),
        ],
    )
    def test_the_books_of_a_delivered_order(
        self, stage: Stage, kind: str, of_all: bool, kitchen_minor: int
    ) -> None:
        promotion(stage, kind, of_all=of_all)
        delivered(stage)
        payment, order = Payment.objects.get(), Order.objects.get()
        assert payment.captured_minor == order.total_minor == TOTAL_MINOR - order.discount_minor
        assert balance("restaurant") == -kitchen_minor
        assert balance("platform") == kitchen_minor + order.payout_minor - order.total_minor
        path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/earnings/"
        assert stage.bo.get(path).json()["total"] == [euros(kitchen_minor)]
        stage.assert_clean()

    def test_a_restaurant_gives_away_no_more_than_it_gets(self, stage: Stage) -> None:
        stage.kitchen.restaurant.delivery_fee_minor = 3_000
        stage.kitchen.restaurant.save()
        promotion(stage, "free_delivery")
        assert off(quoted(stage)) == 2_125
        Promotion.objects.update(borne_by="platform")
        assert off(quoted(stage)) == 3_000

    @pytest.mark.parametrize(
        ("of_all", "paid_minor", "kitchen_minor"), [(True, 1_000, 1_062), (False, 1_000, 850)]
    )
    def test_a_soup_goes_back_as_it_was_paid(
        self, stage: Stage, sam: User, as_: ClientOf, of_all: bool, paid_minor: int, kitchen_minor: int
    ) -> None:
        """Bo bears what he got for it: what the platform had paid of its price returns to the platform."""
        promotion(stage, of_all=of_all)
        order_id = delivered(stage)
        line = stage.order(order_id)["lines"][0]
        kitchen, platform = balance("restaurant"), balance("platform")
        wish = {"lines": [{"line_id": line["id"], "quantity": 1}], "borne_by": "restaurant"}
        answer = refund(as_(sam), order_id, wish)
        given(answer)
        assert answer.json()["amount"] == euros(paid_minor)
        assert balance("restaurant") - kitchen == pytest.approx(kitchen_minor, abs=1)
        assert balance("restaurant") - kitchen + balance("platform") - platform == paid_minor
        given(refund(as_(sam), order_id, wish))
        assert abs(balance("restaurant")) <= 1  # each soup is rounded by itself
        assert receipt(stage, order_id)["refunded"] == euros(2 * paid_minor)
        problem = assert_problem(refund(as_(sam), order_id, wish), 422, "refund_too_large")
        assert problem["left_minor"] == DELIVERY_MINOR + SERVICE_MINOR
        stage.assert_clean()

    def test_fees_and_all_the_rest_go_back_as_they_were_paid(
        self, stage: Stage, sam: User, as_: ClientOf
    ) -> None:
        promotion(stage, "free_delivery", maximum_minor=200)
        order_id, support = delivered(stage), as_(sam)
        given(refund(support, order_id, {"fees": ["delivery_fee", "service_fee"]}))
        assert receipt(stage, order_id)["refunded"] == euros(DELIVERY_MINOR - 200 + SERVICE_MINOR)
        line = stage.order(order_id)["lines"][0]
        given(refund(support, order_id, {"lines": [{"line_id": line["id"]}]}))
        assert Payment.objects.get().state == "refunded"
        assert balance("restaurant") == -(2_125 - 200)  # the platform bears what Bo is not to blame for
        stage.assert_clean()

    def test_half_the_food_after_pick_up_is_half_of_what_it_cost(self, stage: Stage) -> None:
        promotion(stage)
        order_id = stage.on_the_road()
        assert stage.order(order_id)["cancel_refund"] == euros(1_000 + SERVICE_MINOR)
        stage.must(stage.cancel(order_id))
        drain()
        assert receipt(stage, order_id)["refunded"] == euros(1_000 + SERVICE_MINOR)
        assert balance("restaurant") == -1_700
        stage.assert_clean()

    def test_a_kitchen_that_has_begun_gets_the_price_of_its_promotion(self, stage: Stage) -> None:
        promotion(stage)
        order_id = stage.confirmed()
        stage.must(stage.board(order_id, "preparing"))
        stage.must(stage.cancel(order_id))
        drain()
        assert balance("restaurant") == -1_700
        stage.assert_clean()


class TestAUseComesBack:
    @pytest.mark.parametrize(
        ("how", "after"),
        [
            ("declined", (0, 0)),
            ("cancelled", (0, 0)),
            ("rejected", (0, 0)),
            ("cancelled when confirmed", (0, 0)),
            ("cancelled when cooking", (1, 1)),
            ("given up by the kitchen", (0, 0)),
            ("goes on", (1, 1)),
        ],
    )
    def test_once_and_only_before_the_pan(self, stage: Stage, how: str, after: tuple[int, int]) -> None:
        row = promotion(stage, code="ONCE", max_uses=1, max_uses_per_customer=1)
        end(stage, how)
        assert spent(row) == after
        if after == (0, 0):
            assert stage.place(promotion_code="ONCE").status_code == 201
            assert spent(row) == (1, 1)
        drain()
        stage.assert_clean()

    def test_what_nobody_counts_needs_no_counter(self, stage: Stage) -> None:
        row = promotion(stage)
        order_id = stage.placed()
        assert spent(row) == (0, 1)
        Promotion.objects.update(max_uses=5, used=3)  # limited while the order was under way
        stage.must(stage.cancel(order_id))
        assert spent(row) == (3, 0)


def end(stage: Stage, how: str) -> None:
    if how == "declined":
        answer = stage.place(promotion_code="ONCE", payment_method="pm_card_chargeDeclined")
        assert answer.status_code == 402
        return
    order_id: UUID = stage.placed(promotion_code="ONCE")
    if how == "cancelled":
        stage.must(stage.cancel(order_id))
    if how == "rejected":
        stage.must(stage.board(order_id, "reject", {"reason": "too_busy"}))
    if how.endswith(("confirmed", "cooking", "kitchen")):
        stage.must(stage.board(order_id, "confirm", {"prep_minutes": 15}))
    if how.endswith(("cooking", "kitchen")):
        stage.must(stage.board(order_id, "preparing"))
    if how.startswith("cancelled when"):
        stage.must(stage.cancel(order_id))
    if how == "given up by the kitchen":
        stage.must(stage.board(order_id, "cancel", {"reason": "kitchen_problem"}))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("fields", "asked", "most"),
    [
        ({"max_uses": 9, "max_uses_per_customer": 9}, {}, 10),
        ({"code": "TWENTY", "max_uses": 9}, {"promotion_code": "TWENTY"}, 10),
        ({"code": "HELLO", "is_first_order_only": True}, {"promotion_code": "HELLO"}, 11),
    ],
    ids=["automatic", "by code", "first order"],
)
def test_what_it_costs(stage: Stage, fields: dict[str, Any], asked: dict[str, Any], most: int) -> None:
    row = promotion(stage, **fields)
    asked["quote_token"] = quoted(stage, **asked)["quote_token"]
    with CaptureQueriesContext(connection) as captured:
        assert stage.place(**asked).status_code == 201
    statements = [entry["sql"] for entry in captured.captured_queries]
    control = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
    work = [sql for sql in statements if not sql.startswith(control)]
    assert len(work) <= most, "\n".join(work)
    assert statements.count("BEGIN") == statements.count("COMMIT") == 2
    assert spent(row)[1] == 1


class TestAMissingPiece:
    @pytest.mark.parametrize(
        ("kind", "fields", "left_minor", "restaurant_minor"),
        [
            ("percent", {}, 250, 1_000 - pricing.commission(1_000, 1_500)),
            ("percent", {"of_all": True}, 250, 1_250 - pricing.commission(1_250, 1_500)),
            ("free_delivery", {}, 290, 1_250 - pricing.commission(1_250, 1_500) - 290),
        ],
    )
    def test_it_takes_its_part_of_the_discount_along(
        self, stage: Stage, kind: str, fields: dict[str, Any], left_minor: int, restaurant_minor: int
    ) -> None:
        """One of two soups is not to be had."""
        promotion(stage, kind, **fields)
        stage.cleo_goes_online()
        order_id = stage.confirmed()
        [line] = stage.lines(order_id)
        stage.must(stage.board(order_id, f"lines/{line}/remove", {"quantity": 1}))

        order, total_minor = stage.order(order_id), 1_250 + DELIVERY_MINOR + 50 - left_minor
        assert (off(order), order["total"]) == (left_minor, euros(total_minor))
        deliver(stage, order_id)
        assert stage.sandbox.effects(order_id)[1] == ("capture", total_minor)
        earnings = stage.bo.get(f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/earnings/").json()
        assert [row["amount"] for row in earnings["results"]] == [euros(restaurant_minor)]
        stage.assert_clean()
