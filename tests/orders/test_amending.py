"""Something is missing: the kitchen takes it off or proposes a swap, and Ada answers or does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import F

from deliveryapp.clock import utc_now
from deliveryapp.models import OutboxEvent, User
from deliveryapp.transactions import durable
from orders import pricing
from orders.models import Amendment, Customer, Order
from orders.tasks import time_out_unanswered_swaps
from payments import facade as payments
from payments.models import CustomerCredit, Payment
from restaurants.models import MenuItem
from tests.cast import make_kitchen
from tests.orders.stage import (
    TOTAL_MINOR,
    ClientOf,
    Stage,
    assert_problem,
    events_of,
    nothing_changes,
    path_of,
    told,
)
from tests.worker import drain

pytestmark = pytest.mark.django_db
SOUP = 1_250
ONE_SOUP_MINOR = 1_250 + 290 + 50


def meal(stage: Stage) -> list[dict[str, Any]]:
    """Two soups and a large burger: 42.00 + 2.90 + 1.68."""
    kitchen = stage.kitchen
    return [
        {"item_id": str(kitchen.soup.pk), "quantity": 2},
        {"item_id": str(kitchen.burger.pk), "quantity": 1, "option_ids": [str(kitchen.large.pk)]},
    ]


def remove(stage: Stage, order_id: UUID, line: str, **body: Any) -> Any:
    return stage.board(order_id, f"lines/{line}/remove", body)


def propose(stage: Stage, order_id: UUID, line: str, **body: Any) -> Any:
    """A regular burger for what is missing, unless said otherwise."""
    kitchen = stage.kitchen
    burger = {"item_id": str(kitchen.burger.pk), "quantity": 1, "option_ids": [str(kitchen.regular.pk)]}
    return stage.board(order_id, f"lines/{line}/swap", {"swap": burger, **body})


def answer(stage: Stage, order_id: UUID, said: str, by: Any = None) -> Any:
    [amendment] = Amendment.objects.filter(order_id=order_id)
    path = f"/api/v1/orders/{order_id}/amendments/{amendment.pk}/answer/"
    return (by or stage.ada).post(path, {"answer": said}, format="json")


def proposed(stage: Stage, **body: Any) -> UUID:
    """A confirmed meal whose large burger may become a regular one."""
    order_id = stage.confirmed(lines=meal(stage))
    stage.must(propose(stage, order_id, stage.lines(order_id)[1], **body))
    return order_id


def grant(stage: Stage, amount_minor: int) -> None:
    """Ada has so much credit, out of an earlier order's goodwill."""
    earlier = stage.placed()
    with durable():
        payments.grant_goodwill(order_id=earlier, amount_minor=amount_minor, now=utc_now())
    stage.must(stage.cancel(earlier))


def time_passes() -> None:
    Amendment.objects.update(expires_at=F("expires_at") - timedelta(minutes=4))
    time_out_unanswered_swaps()
    drain()


def state_of(order_id: UUID) -> str:
    return str(Amendment.objects.get(order_id=order_id).state)


def deliver(stage: Stage, order_id: UUID) -> None:
    stage.must(stage.cleo.post(f"/api/v1/driver/offers/{stage.cleo_is_asked()}/accept/"))
    for verb in ("preparing", "ready"):
        stage.must(stage.board(order_id, verb))
    for verb in ("picked-up", "delivered"):
        stage.must(stage.ride(order_id, verb))


class TestRemoving:
    def test_one_of_two_soups_is_missing(self, stage: Stage) -> None:
        stage.cleo_goes_online()
        order_id = stage.confirmed()
        [line] = stage.lines(order_id)
        board = stage.must(remove(stage, order_id, line, quantity=1))

        assert [(row["quantity"], row["name"]) for row in board["lines"]] == [(1, "Soup")]
        order = stage.order(order_id)
        figures = {name: order[name]["amount_minor"] for name in ("subtotal", "service_fee", "included_tax")}
        assert figures == {"subtotal": SOUP, "service_fee": 50, "included_tax": 154}
        assert order["total"]["amount_minor"] == ONE_SOUP_MINOR
        [amendment] = order["amendments"]
        assert (amendment["state"], amendment["name"], amendment["quantity"]) == ("removed", "Soup", 1)
        assert amendment["amount"]["amount_minor"] == SOUP
        assert path_of(order_id)[-1] == ("confirmed", "restaurant", "item_removed: 1 × Soup")
        assert told(order_id) == [("item_removed", "customer")]
        event = OutboxEvent.objects.get(type="OrderAmended")
        assert (event.data["change"], event.data["total_minor"]) == ("removed", ONE_SOUP_MINOR)

        deliver(stage, order_id)
        assert stage.sandbox.effects(order_id) == [
            ("hold", TOTAL_MINOR),
            ("capture", ONE_SOUP_MINOR),
            ("release", TOTAL_MINOR - ONE_SOUP_MINOR),
        ]
        receipt = stage.ada.get(f"/api/v1/orders/{order_id}/receipt/").json()
        assert (receipt["total"]["amount_minor"], receipt["charged"]["amount_minor"]) == (ONE_SOUP_MINOR,) * 2
        earnings = stage.bo.get(f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/earnings/").json()
        assert [row["amount"]["amount_minor"] for row in earnings["results"]] == [
            SOUP - pricing.commission(SOUP, 1_500)
        ]
        stage.assert_clean()

    def test_again_and_again_until_one_is_left(self, stage: Stage) -> None:
        order_id = stage.placed(lines=meal(stage))
        soups, burger = stage.lines(order_id)
        stage.must(remove(stage, order_id, soups, quantity=1))
        stage.must(remove(stage, order_id, burger))
        with nothing_changes(stage.sandbox):
            assert_problem(remove(stage, order_id, soups), 409, "last_line")
            assert_problem(remove(stage, order_id, burger), 404, "order_line_not_found")
        assert stage.order(order_id)["total"]["amount_minor"] == ONE_SOUP_MINOR
        stage.must(stage.board(order_id, "reject", {"reason": "item_unavailable"}))
        assert stage.sandbox.effects(order_id) == [("hold", 4_658), ("release", 4_658)]
        stage.assert_clean()

    def test_not_once_it_is_ready(self, stage: Stage) -> None:
        order_id = stage.confirmed()
        stage.must(stage.board(order_id, "ready"))
        with nothing_changes(stage.sandbox):
            assert_problem(remove(stage, order_id, stage.lines(order_id)[0], quantity=1), 409, "order_state")

    @pytest.mark.parametrize("quantity", [0, -1, 100, "1", True])
    def test_nonsense_is_refused(self, stage: Stage, quantity: object) -> None:
        order_id = stage.placed()
        with nothing_changes(stage.sandbox):
            bad = remove(stage, order_id, stage.lines(order_id)[0], quantity=quantity)
            assert_problem(bad, 400, "invalid_input")

    def test_neither_by_strangers_nor_of_another_kitchens_order(
        self, stage: Stage, dov: User, as_: ClientOf
    ) -> None:
        order_id = stage.placed()
        [line] = stage.lines(order_id)
        others = make_kitchen(dov, "dovs-kitchen").restaurant
        with nothing_changes(stage.sandbox):
            for place in (stage.kitchen.restaurant, others):
                path = f"/api/v1/restaurants/{place.pk}/orders/{order_id}/lines/{line}/remove/"
                assert as_(dov).post(path, {}, format="json").status_code == 404

    def test_the_pieces_go_back_to_the_stock_unless_there_are_no_more(self, stage: Stage) -> None:
        soup = stage.kitchen.soup
        MenuItem.objects.filter(pk=soup.pk).update(stock=5)
        order_id = stage.confirmed(lines=meal(stage))
        line = stage.lines(order_id)[0]
        stage.must(remove(stage, order_id, line, quantity=1))
        soup.refresh_from_db()
        assert (soup.stock, soup.sold_out_until) == (4, None)
        stage.must(remove(stage, order_id, line, sold_out=True))
        soup.refresh_from_db()
        assert soup.stock == 5
        assert soup.sold_out_until is not None
        assert not soup.is_sold(utc_now())

    def test_credit_comes_back_when_the_card_has_nothing_left_to_pay(self, stage: Stage) -> None:
        grant(stage, TOTAL_MINOR - 100)
        order_id = stage.confirmed(use_credit=True)
        stage.must(remove(stage, order_id, stage.lines(order_id)[0], quantity=1))
        paid = Payment.objects.get(order_id=order_id)
        assert (paid.amount_minor, paid.credit_minor) == (100, ONE_SOUP_MINOR - 100)
        assert CustomerCredit.objects.get().balance_minor == TOTAL_MINOR - ONE_SOUP_MINOR
        stage.assert_clean()


class TestProposing:
    def test_ada_is_asked_and_says_yes(self, stage: Stage) -> None:
        stage.cleo_goes_online()
        order_id = proposed(stage)
        [asked] = stage.order(order_id)["amendments"]
        assert (asked["state"], asked["name"], asked["quantity"]) == ("proposed", "Burger", 1)
        assert asked["swap"]["options"] == ["Size: Regular"]
        assert asked["total_if_accepted"]["amount_minor"] == 3_900 + 290 + 156
        assert asked["total_if_removed"]["amount_minor"] == TOTAL_MINOR
        assert told(order_id) == [("swap_proposed", "customer")]
        assert events_of(order_id)[-1] == "OrderAmended"
        left = Amendment.objects.get().expires_at
        assert left is not None
        assert timedelta(minutes=2.9) < left - utc_now() <= timedelta(minutes=3)
        with nothing_changes(stage.sandbox):  # it is in question: neither packed nor asked about again
            line = stage.lines(order_id)[1]
            for refused in (
                stage.board(order_id, "ready"),
                remove(stage, order_id, line),
                propose(stage, order_id, line),
            ):
                assert_problem(refused, 409, "line_in_question")

        order = stage.must(answer(stage, order_id, "accept"))
        with nothing_changes(stage.sandbox):  # the answer was lost on its way
            assert stage.must(answer(stage, order_id, "accept"))["seq"] == order["seq"]
            late = answer(stage, order_id, "remove")
            assert assert_problem(late, 409, "amendment_settled")["state"] == "accepted"
        assert [(row["quantity"], row["name"]) for row in order["lines"]] == [(2, "Soup"), (1, "Burger")]
        assert order["lines"][1]["options"][0]["name"] == "Regular"
        assert path_of(order_id)[-1] == (
            "confirmed",
            "customer",
            "swap_accepted: 1 × Burger → 1 × Burger",
        )
        deliver(stage, order_id)
        assert stage.sandbox.effects(order_id) == [("hold", 4_658), ("capture", 4_346), ("release", 312)]
        stage.assert_clean()

    def test_ada_rather_has_it_taken_off(self, stage: Stage) -> None:
        order_id = proposed(stage)
        order = stage.must(answer(stage, order_id, "remove"))
        assert [row["name"] for row in order["lines"]] == ["Soup"]
        assert (state_of(order_id), order["total"]["amount_minor"]) == ("removed", TOTAL_MINOR)
        stage.assert_clean()

    @pytest.mark.parametrize("way", ["answer", "cancel"])
    def test_ada_cancels_free_of_charge_and_without_blame(self, stage: Stage, way: str) -> None:
        order_id = proposed(stage)
        stage.must(stage.board(order_id, "preparing"))
        stage.must(answer(stage, order_id, "cancel") if way == "answer" else stage.cancel(order_id))
        assert (state_of(order_id), Order.objects.get(pk=order_id).status) == ("refused", "cancelled")
        assert Customer.objects.get().cancelled_count == 0
        assert stage.sandbox.effects(order_id) == [("hold", 4_658), ("release", 4_658)]
        earnings = stage.bo.get(f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/earnings/").json()
        assert earnings["results"] == []  # it did not have what was ordered
        stage.assert_clean()

    def test_nobody_answers_and_it_is_taken_off(self, stage: Stage) -> None:
        order_id = proposed(stage)
        time_out_unanswered_swaps()
        assert state_of(order_id) == "proposed"
        time_passes()
        order = stage.order(order_id)
        assert (state_of(order_id), order["total"]["amount_minor"]) == ("expired", TOTAL_MINOR)
        assert path_of(order_id)[-1][1:] == ("system", "swap_expired: 1 × Burger → 1 × Burger")
        assert told(order_id)[-1] == ("item_removed", "customer")
        late = answer(stage, order_id, "accept")
        assert assert_problem(late, 409, "amendment_settled")["state"] == "expired"
        stage.must(stage.board(order_id, "ready"))
        stage.assert_clean()

    @pytest.mark.parametrize("confirmed", [True, False])
    def test_when_nothing_would_be_left_the_kitchen_gives_up(self, stage: Stage, confirmed: bool) -> None:
        order_id = stage.confirmed() if confirmed else stage.placed()
        stage.must(propose(stage, order_id, stage.lines(order_id)[0]))
        assert stage.order(order_id)["amendments"][0]["total_if_removed"] is None
        time_passes()
        order = stage.order(order_id)
        code = "cancelled_by_restaurant" if confirmed else "rejected_by_restaurant"
        assert (order["status"], order["cancel_reason"]) == ("cancelled", code)
        assert order["goodwill"]["amount_minor"] > 0
        assert (state_of(order_id), len(order["lines"])) == ("withdrawn", 1)
        assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR), ("release", TOTAL_MINOR)]
        stage.assert_clean()

    def test_some_pieces_of_a_line_become_a_line_of_their_own(self, stage: Stage) -> None:
        MenuItem.objects.filter(pk=stage.kitchen.burger.pk).update(price_minor=1_000)
        order_id = stage.confirmed(lines=meal(stage))
        stage.must(propose(stage, order_id, stage.lines(order_id)[0], quantity=1))
        order = stage.must(answer(stage, order_id, "accept"))
        lines = [(row["quantity"], row["name"], row["total"]["amount_minor"]) for row in order["lines"]]
        assert lines == [(1, "Soup", 1_250), (1, "Burger", 1_300), (1, "Burger", 1_000)]
        stage.assert_clean()

    def test_never_more_than_is_held(self, stage: Stage) -> None:
        order_id = stage.confirmed()
        [soups] = stage.lines(order_id)
        large = {"item_id": str(stage.kitchen.burger.pk), "quantity": 2}
        large["option_ids"] = [str(stage.kitchen.large.pk)]  # type: ignore[assignment]
        with nothing_changes(stage.sandbox):
            body = assert_problem(propose(stage, order_id, soups, swap=large), 409, "swap_too_dear")
            assert (body["most_minor"], body["currency"]) == (2_500, "EUR")

    def test_several_proposals_count_together(self, stage: Stage) -> None:
        order_id = stage.confirmed(lines=meal(stage), tip_minor=400)
        soups, burger = stage.lines(order_id)
        stage.must(stage.ada.put(f"/api/v1/orders/{order_id}/tip/", {"tip_minor": 0}, format="json"))
        two = {"item_id": str(stage.kitchen.burger.pk), "quantity": 2}
        two["option_ids"] = [str(stage.kitchen.regular.pk)]  # type: ignore[assignment]
        stage.must(propose(stage, order_id, soups, swap=two))  # 3.00 dearer, 3.12 with the fee
        with nothing_changes(stage.sandbox):
            dear = propose(stage, order_id, burger, swap={**two, "option_ids": [str(stage.kitchen.large.pk)]})
            assert_problem(dear, 409, "swap_too_dear")
        order = stage.must(answer(stage, order_id, "accept"))
        assert order["total"]["amount_minor"] == 4_500 + 290 + 180
        assert Payment.objects.get(order_id=order_id).amount_minor == 4_970
        stage.assert_clean()

    def test_what_is_not_on_the_menu_cannot_be_proposed(self, stage: Stage, dov: User) -> None:
        order_id = stage.confirmed()
        [line] = stage.lines(order_id)
        foreign = make_kitchen(dov, "dovs-kitchen").soup
        MenuItem.objects.filter(pk=stage.kitchen.soup.pk).update(stock=0)
        bad: list[tuple[Any, int, str]] = [
            ({"item_id": str(foreign.pk), "quantity": 1}, 422, "item_not_found"),
            ({"item_id": str(stage.kitchen.burger.pk), "quantity": 1}, 422, "option_invalid"),
            ({"item_id": str(stage.kitchen.soup.pk), "quantity": 1}, 409, "item_out_of_stock"),
            ({"item_id": "soup", "quantity": 1}, 400, "invalid_input"),
            (None, 400, "invalid_input"),
        ]
        with nothing_changes(stage.sandbox):
            for swap, status, code in bad:
                assert_problem(propose(stage, order_id, line, swap=swap), status, code)

    @pytest.mark.parametrize(
        ("end", "soups", "burgers"),
        [("accept", 5, 4), ("remove", 5, 5), ("expire", 5, 5), ("cancel", 3, 5), ("nothing", 3, 4)],
    )
    def test_the_stock_moves_with_it(self, stage: Stage, end: str, soups: int, burgers: int) -> None:
        MenuItem.objects.update(stock=5)
        order_id = stage.confirmed(lines=meal(stage))  # 3 soups and 4 burgers are left
        Amendment.objects.all().delete()
        line = stage.lines(order_id)[0]
        MenuItem.objects.filter(pk=stage.kitchen.burger.pk).update(stock=5)
        stage.must(propose(stage, order_id, line))
        if end == "expire":
            time_passes()
        elif end == "cancel":
            stage.must(stage.cancel(order_id))
        elif end != "nothing":
            stage.must(answer(stage, order_id, end))
        left = dict(MenuItem.objects.values_list("name", "stock"))
        assert left == {"Soup": soups, "Burger": burgers}

    def test_only_its_customer_answers_and_only_in_words_we_know(
        self, stage: Stage, dov: User, as_: ClientOf
    ) -> None:
        order_id = proposed(stage)
        with nothing_changes(stage.sandbox):
            for who in (as_(dov), stage.bo, stage.cleo):
                assert_problem(answer(stage, order_id, "accept", by=who), 404, "order_not_found")
            assert_problem(answer(stage, order_id, "perhaps"), 400, "invalid_input")
            unknown = f"/api/v1/orders/{order_id}/amendments/{uuid4()}/answer/"
            missing = stage.ada.post(unknown, {"answer": "accept"}, format="json")
            assert_problem(missing, 404, "amendment_not_found")
