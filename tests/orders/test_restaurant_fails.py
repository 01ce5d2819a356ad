"""The restaurant closes, is suspended, or lets an order down: compensated, told, made good (R8)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import F
from rest_framework.test import APIClient

from deliveryapp.models import OutboxEvent, User
from deliveryapp.money import share_bp
from orders import goodwill
from orders.models import Order
from payments.models import CustomerCredit, LedgerEntry
from restaurants.models import OpeningHours, Restaurant, StaffMember
from tests.cast import make_kitchen
from tests.orders.stage import (
    ORDERS,
    TOTAL_MINOR,
    ClientOf,
    Stage,
    assert_problem,
    hurry,
    nothing_changes,
    path_of,
    saga_of,
    told,
)
from tests.worker import drain

pytestmark = pytest.mark.django_db
RELEASED = [("hold", TOTAL_MINOR), ("release", TOTAL_MINOR)]
LATE = timedelta(minutes=6)


@pytest.fixture
def support(sam: User, as_: ClientOf) -> APIClient:
    return as_(sam)


def restaurant_path(stage: Stage, verb: str) -> str:
    return f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/{verb}/"


def close(stage: Stage, by: APIClient | None = None) -> Any:
    return (by or stage.bo).post(restaurant_path(stage, "close"))


def suspend(stage: Stage, by: APIClient, reason: str = "rats in the kitchen") -> Any:
    return by.put(restaurant_path(stage, "suspension"), {"reason": reason}, format="json")


def time_out(order_id: UUID) -> None:
    Order.objects.filter(pk=order_id).update(placed_at=F("placed_at") - LATE)
    hurry()
    drain()


def goodwill_entries(order_id: UUID) -> list[tuple[str, int]]:
    rows = LedgerEntry.objects.filter(order_id=order_id, kind="goodwill").order_by("account")
    return [(row.account, row.amount_minor) for row in rows]


def assert_closed_on(stage: Stage, order_id: UUID) -> None:
    assert path_of(order_id)[-1] == ("cancelled", "system", "restaurant_closed")
    assert stage.order(order_id)["cancel_reason"] == "restaurant_closed"
    assert stage.sandbox.effects(order_id) == RELEASED
    assert saga_of(order_id)[0] == "compensated"
    assert told(order_id) == [("order_ended", "customer")]


class TestPaused:
    def test_open_tickets_are_still_answered(self, stage: Stage) -> None:
        order_id = stage.placed()
        stage.must(stage.bo.post(restaurant_path(stage, "pause"), {"minutes": 30}, format="json"))
        assert stage.order(order_id)["status"] == "placed"
        stage.must(stage.board(order_id, "confirm", {"prep_minutes": 15}))
        assert stage.order(order_id)["status"] == "confirmed"

    def test_and_their_time_runs_on(self, stage: Stage) -> None:
        order_id = stage.placed()
        stage.must(stage.bo.post(restaurant_path(stage, "pause"), {"minutes": None}, format="json"))
        time_out(order_id)
        assert path_of(order_id)[-1] == ("cancelled", "system", "restaurant_timeout")


class TestClosed:
    def test_unconfirmed_orders_are_cancelled_and_confirmed_ones_stay(self, stage: Stage) -> None:
        confirmed, waiting = stage.confirmed(), stage.placed()
        assert stage.must(close(stage)) == {"cancelled_orders": 1}

        assert_closed_on(stage, waiting)
        assert stage.order(confirmed)["status"] == "confirmed"
        assert told(confirmed) == []
        assert_problem(stage.place(), 409, "restaurant_closed")
        assert_problem(stage.board(waiting, "confirm", {"prep_minutes": 5}), 409, "order_state")
        stage.must(stage.board(confirmed, "ready"))
        stage.assert_clean()

    def test_an_order_that_is_paid_for_meanwhile_is_not_forgotten(self, stage: Stage) -> None:
        """Made before the closing, placed after it."""
        stage.sandbox.faults({"operation": "payment_intents.create", "kind": "lost_after_effect", "times": 1})
        order_id = stage.unsettled()
        assert stage.must(close(stage)) == {"cancelled_orders": 0}
        for _ in range(3):
            hurry()
            drain()
        assert_closed_on(stage, order_id)

    def test_what_comes_after_it_opened_again_is_served(self, stage: Stage) -> None:
        stage.must(close(stage))
        stage.must(stage.bo.post(restaurant_path(stage, "resume")))
        order_id = stage.placed()
        assert stage.order(order_id)["status"] == "placed"

    def test_cooks_and_strangers_cannot(self, stage: Stage, dov: User, as_: ClientOf) -> None:
        order_id = stage.placed()
        with nothing_changes(stage.sandbox):
            assert_problem(close(stage, as_(dov)), 404, "restaurant_not_found")
            StaffMember.objects.create(restaurant=stage.kitchen.restaurant, user=dov, role="kitchen")
            assert_problem(close(stage, as_(dov)), 403, "role_required")
        assert stage.order(order_id)["status"] == "placed"
        assert Restaurant.objects.get().closed_out_at is None


class TestSuspended:
    def test_as_closing_but_only_support_lifts_it(self, stage: Stage, support: APIClient) -> None:
        waiting = stage.placed()
        assert stage.must(suspend(stage, support)) == {"cancelled_orders": 1}
        assert_closed_on(stage, waiting)
        assert_problem(stage.place(), 409, "restaurant_closed")
        assert_problem(stage.bo.post(restaurant_path(stage, "resume")), 409, "restaurant_suspended")

        assert support.delete(restaurant_path(stage, "suspension")).status_code == 204
        order_id = stage.placed()
        assert stage.order(order_id)["status"] == "placed"
        stage.assert_clean()

    def test_confirmed_orders_are_finished_or_cancelled_with_a_reason(
        self, stage: Stage, support: APIClient
    ) -> None:
        finished, given_up = stage.confirmed(), stage.confirmed()
        stage.must(suspend(stage, support))
        stage.must(stage.board(finished, "ready"))
        stage.must(stage.board(given_up, "cancel", {"reason": "kitchen_problem", "detail": "sealed"}))

        assert stage.order(finished)["status"] == "ready"
        assert path_of(given_up)[-1] == (
            "cancelled",
            "restaurant",
            "cancelled_by_restaurant: kitchen_problem sealed",
        )
        assert stage.sandbox.effects(given_up) == RELEASED
        assert not LedgerEntry.objects.filter(order_id=given_up, account="restaurant").exists()
        stage.assert_clean()

    def test_for_support_only(self, stage: Stage) -> None:
        for by in (stage.bo, stage.ada):
            assert_problem(suspend(stage, by), 404, "order_not_found")
            assert_problem(by.delete(restaurant_path(stage, "suspension")), 404, "order_not_found")
        assert Restaurant.objects.get().suspended_at is None

    def test_a_reason_is_needed_and_a_restaurant(self, stage: Stage, support: APIClient) -> None:
        assert_problem(suspend(stage, support, ""), 400, "invalid_input")
        path = f"/api/v1/restaurants/{uuid4()}/suspension/"
        assert_problem(support.put(path, {"reason": "x"}, format="json"), 404, "restaurant_not_found")


class TestTheKitchenGivesUp:
    @pytest.mark.parametrize("verbs", [("preparing",), ("preparing", "ready")])
    def test_until_pick_up_and_is_not_paid(self, stage: Stage, verbs: tuple[str, ...]) -> None:
        order_id = stage.confirmed()
        for verb in verbs:
            stage.must(stage.board(order_id, verb))
        stage.must(stage.board(order_id, "cancel", {"reason": "kitchen_problem"}))
        assert stage.sandbox.effects(order_id) == RELEASED
        assert not LedgerEntry.objects.filter(order_id=order_id, account="restaurant").exists()
        stage.assert_clean()

    @pytest.mark.parametrize(
        ("verbs", "valid"),
        [
            ((), ["item_unavailable", "closing_early", "kitchen_problem", "other"]),
            (("preparing",), ["item_unavailable", "closing_early", "kitchen_problem", "other"]),
            (("preparing", "ready"), ["kitchen_problem", "other"]),
        ],
    )
    def test_only_a_reason_that_can_be_true(
        self, stage: Stage, verbs: tuple[str, ...], valid: list[str]
    ) -> None:
        order_id = stage.confirmed()
        for verb in verbs:
            stage.must(stage.board(order_id, verb))
        [card] = stage.bo.get(f"{restaurant_path(stage, 'orders')}?state=active").json()["results"]
        assert card["reject_reasons"] == valid
        with nothing_changes(stage.sandbox):
            refused = stage.board(order_id, "cancel", {"reason": "too_busy"})
            assert assert_problem(refused, 409, "reason_not_valid")["reasons"] == valid
        stage.must(stage.board(order_id, "cancel", {"reason": valid[0]}))

    def test_neither_before_its_yes_nor_on_the_road(self, stage: Stage) -> None:
        waiting, riding = stage.placed(), stage.on_the_road()
        with nothing_changes(stage.sandbox):
            for order_id in (waiting, riding):
                assert_problem(stage.board(order_id, "cancel", {"reason": "other"}), 409, "order_state")


CAUSES = {
    "rejected_by_restaurant": 200,
    "restaurant_timeout": share_bp(TOTAL_MINOR, 1_000),
    "restaurant_closed": share_bp(TOTAL_MINOR, 1_000),
    "cancelled_by_restaurant": share_bp(TOTAL_MINOR, 1_500),
}


def let_down(stage: Stage, cause: str) -> UUID:
    """An order that its restaurant ends this way."""
    order_id = stage.confirmed() if cause == "cancelled_by_restaurant" else stage.placed()
    match cause:
        case "rejected_by_restaurant":
            stage.must(stage.board(order_id, "reject", {"reason": "too_busy"}))
        case "restaurant_timeout":
            time_out(order_id)
        case "restaurant_closed":
            stage.must(close(stage))
        case "cancelled_by_restaurant":
            stage.must(stage.board(order_id, "cancel", {"reason": "kitchen_problem"}))
    return order_id


class TestAmends:
    @pytest.mark.parametrize("cause", sorted(CAUSES))
    def test_credit_by_the_table_once(self, stage: Stage, cause: str) -> None:
        order_id, minor = let_down(stage, cause), CAUSES[cause]
        for _ in range(2):
            hurry()
            drain()

        assert stage.order(order_id)["cancel_reason"] == cause
        assert stage.order(order_id)["goodwill"] == {"amount_minor": minor, "currency": "EUR"}
        assert stage.ada.get("/api/v1/credit/").json()["results"] == [
            {"amount_minor": minor, "currency": "EUR"}
        ]
        assert goodwill_entries(order_id) == [("credit", -minor), ("platform", minor)]
        granted = OutboxEvent.objects.get(type="CreditGranted")
        assert (granted.key, granted.data["amount_minor"]) == (str(order_id), minor)
        assert told(order_id) == [("order_ended", "customer")]
        stage.assert_clean()

    def test_a_step_that_runs_again_gives_nothing_more(self, stage: Stage) -> None:
        from orders.saga import make_amends

        order_id = let_down(stage, "restaurant_timeout")
        with nothing_changes(stage.sandbox):
            make_amends(order_id)
        assert CustomerCredit.objects.get().balance_minor == CAUSES["restaurant_timeout"]

    def test_none_for_what_the_customer_or_support_ended(self, stage: Stage, support: APIClient) -> None:
        by_ada, by_sam = stage.placed(), stage.confirmed()
        stage.must(stage.cancel(by_ada))
        stage.must(stage.cancel(by_sam, by=support))
        for order_id in (by_ada, by_sam):
            assert stage.order(order_id)["goodwill"] is None
            assert told(order_id) == []
        assert not CustomerCredit.objects.exists()

    def test_the_bounds_of_the_currency(self) -> None:
        def given(total_minor: int, currency: str = "EUR") -> int:
            return goodwill.amount_minor(
                cause="restaurant_closed", total_minor=total_minor, currency=currency
            )

        amounts = [given(150), given(1_000), given(2_005), given(9_999), given(50_000)]
        assert amounts == [150, 200, 201, 1_000, 1_000]
        assert given(5_000, "XXX") == 0


class TestAlternatives:
    def nearby(self, slug: str, *, cuisines: list[str], lat: float, **changes: Any) -> Restaurant:
        place = make_kitchen(User.objects.create_user(f"{slug}@demo.example", None, name=slug), slug)
        Restaurant.objects.filter(pk=place.restaurant.pk).update(cuisines=cuisines, lat=lat, **changes)
        return place.restaurant

    def test_same_cuisine_first_then_the_nearest(self, stage: Stage) -> None:
        Restaurant.objects.update(cuisines=["thai", "soup"])
        order_id = let_down(stage, "restaurant_timeout")
        self.nearby("near-pizza", cuisines=["pizza"], lat=60.1670)
        self.nearby("far-thai", cuisines=["thai"], lat=60.1760)
        self.nearby("near-thai", cuisines=["soup", "noodles"], lat=60.1680)
        self.nearby("out-of-reach", cuisines=["thai"], lat=60.1680, delivery_radius_m=10)
        closed = self.nearby("closed", cuisines=["thai"], lat=60.1661)
        OpeningHours.objects.filter(restaurant=closed).delete()
        for number in range(4):
            self.nearby(f"pizza-{number}", cuisines=["pizza"], lat=60.1700 + number / 1_000)

        found = stage.ada.get(f"{ORDERS}{order_id}/alternatives/").json()["results"]
        slugs = [place["slug"] for place in found]
        assert slugs == ["near-thai", "far-thai", "near-pizza", "pizza-0", "pizza-1"]
        assert set(found[0]) == {
            *("id", "slug", "name", "cuisines", "rating", "distance_m", "delivery_fee", "eta_minutes")
        }

    def test_nowhere_else(self, stage: Stage) -> None:
        order_id = let_down(stage, "restaurant_timeout")
        assert stage.ada.get(f"{ORDERS}{order_id}/alternatives/").json() == {"results": []}

    def test_not_for_strangers(self, stage: Stage, dov: User, as_: ClientOf) -> None:
        order_id = stage.placed()
        assert_problem(as_(dov).get(f"{ORDERS}{order_id}/alternatives/"), 404, "order_not_found")
