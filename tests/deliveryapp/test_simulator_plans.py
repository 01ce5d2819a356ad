"""What the seed decides: fates, carts, rides; and what the op log concludes."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deliveryapp.geo import Point, haversine_m
from deliveryapp.routing import Route, router_for
from deliveryapp.simulator.carts import MAX_QUANTITY, NothingToOrder, build_cart
from deliveryapp.simulator.measures import Percentiles, percentiles
from deliveryapp.simulator.oplog import OpLog
from deliveryapp.simulator.plans import DECLINED_CARD, Fate, OrderPlan, plan_orders
from deliveryapp.simulator.riding import Ride

SHARES = {
    Fate.REJECT: 0.01,
    Fate.NO_ANSWER: 0.005,
    Fate.CANCEL: 0.01,
    Fate.DECLINED: 0.01,
    Fate.THREE_DS: 0.02,
}


def plans(orders: int | None = 200, *, seed: int = 1, customers: int = 7) -> list[OrderPlan]:
    dealt = plan_orders(seed=seed, customers=customers, shares=SHARES, double_share=0.1, orders=orders)
    return list(islice(dealt, 1000))


class TestPlans:
    def test_of_200_orders_exactly_the_wanted_share_goes_wrong(self) -> None:
        assert Counter(plan.fate for plan in plans()) == {
            Fate.NORMAL: 189,
            Fate.REJECT: 2,
            Fate.NO_ANSWER: 1,
            Fate.CANCEL: 2,
            Fate.DECLINED: 2,
            Fate.THREE_DS: 4,
        }

    @pytest.mark.parametrize("seed", range(20))
    def test_no_seed_and_no_number_of_orders_costs_more_than_five_percent(self, seed: int) -> None:
        spoilt = {Fate.REJECT, Fate.NO_ANSWER, Fate.CANCEL, Fate.DECLINED}
        for orders in (1, 10, 40, 100, 199, 200, 777):
            dealt = plans(orders, seed=seed)
            assert len(dealt) == orders
            assert sum(plan.fate in spoilt for plan in dealt) <= 0.05 * orders

    def test_the_same_seed_replays_and_another_does_not(self) -> None:
        assert plans(seed=3) == plans(seed=3)
        assert plans(seed=3) != plans(seed=4)

    def test_everybody_orders_once_before_anybody_orders_twice(self) -> None:
        customers = [plan.customer for plan in plans(21, customers=7)]
        assert [sorted(customers[start : start + 7]) for start in (0, 7, 14)] == [list(range(7))] * 3

    def test_without_a_number_of_orders_it_goes_on(self) -> None:
        dealt = plans(None)
        assert [plan.n for plan in dealt] == list(range(1000))
        assert sum(plan.fate is Fate.NO_ANSWER for plan in dealt) == 5

    def test_a_declined_fate_pays_with_the_declined_card(self) -> None:
        assert {plan.payment_method for plan in plans() if plan.fate is Fate.DECLINED} == {DECLINED_CARD}

    def test_shares_above_one_are_refused(self) -> None:
        with pytest.raises(ValueError, match="shares"):
            next(plan_orders(seed=1, customers=1, shares={Fate.CANCEL: 1.5}, double_share=0, orders=1))


money = st.builds(lambda minor: {"amount_minor": minor, "currency": "EUR"}, st.integers(0, 2_000))
flags = st.booleans()


@st.composite
def option_groups(draw: st.DrawFn, name: str) -> dict[str, Any]:
    size = draw(st.integers(0, 5))
    options = [
        {"id": f"{name}-{number}", "name": "option", "price_delta": draw(money), "available": draw(flags)}
        for number in range(size)
    ]
    least = draw(st.integers(0, size))
    most = draw(st.integers(max(least, 1), max(size, 1)))
    return {"id": name, "name": name, "min_choices": least, "max_choices": most, "options": options}


@st.composite
def menus(draw: st.DrawFn) -> list[dict[str, Any]]:
    items = [
        {
            "id": f"item-{number}",
            "price": draw(money),
            "available": draw(flags),
            "option_groups": [
                draw(option_groups(f"{number}-{group}")) for group in range(draw(st.integers(0, 3)))
            ],
        }
        for number in range(draw(st.integers(0, 6)))
    ]
    return [{"id": "one", "items": items[:2]}, {"id": "two", "items": items[2:]}]


class TestCarts:
    @given(menu=menus(), seed=st.integers(0, 999), minimum_minor=st.integers(0, 6_000))
    def test_a_cart_keeps_every_rule_of_the_menu(
        self, menu: list[dict[str, Any]], seed: int, minimum_minor: int
    ) -> None:
        items = {item["id"]: item for section in menu for item in section["items"]}
        try:
            cart = build_cart(menu, rng=random.Random(seed), minimum_minor=minimum_minor)
        except NothingToOrder:
            return
        assert 1 <= len(cart) <= 3
        assert len({line["item_id"] for line in cart}) == len(cart)
        assert sum(_price(line, items[line["item_id"]]) for line in cart) >= minimum_minor
        for line in cart:
            assert items[line["item_id"]]["available"]
            assert 1 <= line["quantity"] <= MAX_QUANTITY
            _check_options(line, items[line["item_id"]])

    @pytest.mark.parametrize(
        "item",
        [
            pytest.param({"available": False, "option_groups": []}, id="sold out"),
            pytest.param(
                {
                    "available": True,
                    "option_groups": [
                        {"min_choices": 1, "max_choices": 1, "options": [{"id": "o", "available": False}]}
                    ],
                },
                id="a required option is sold out",
            ),
        ],
    )
    def test_a_menu_without_an_orderable_dish_gives_no_cart(self, item: dict[str, Any]) -> None:
        with pytest.raises(NothingToOrder, match="no dish"):
            build_cart([{"items": [item]}], rng=random.Random(1))

    def test_a_minimum_out_of_reach_gives_no_cart(self) -> None:
        free = {
            "id": "i",
            "available": True,
            "price": {"amount_minor": 0, "currency": "EUR"},
            "option_groups": [],
        }
        with pytest.raises(NothingToOrder, match="minimum"):
            build_cart([{"items": [free]}], rng=random.Random(1), minimum_minor=1)


def _price(line: dict[str, Any], item: dict[str, Any]) -> int:
    deltas = {
        option["id"]: option["price_delta"]["amount_minor"]
        for group in item["option_groups"]
        for option in group["options"]
    }
    each = item["price"]["amount_minor"] + sum(deltas[chosen] for chosen in line["option_ids"])
    return int(line["quantity"] * each)


def _check_options(line: dict[str, Any], item: dict[str, Any]) -> None:
    left = Counter(line["option_ids"])
    assert max(left.values(), default=1) == 1
    for group in item["option_groups"]:
        available = {option["id"] for option in group["options"] if option["available"]}
        chosen = available & left.keys()
        assert group["min_choices"] <= len(chosen) <= group["max_choices"]
        left -= Counter(chosen)
    assert not left


class TestRiding:
    ROUTE = Route((Point(60.0, 24.0), Point(60.0, 24.01), Point(60.01, 24.01)), 1_600.0, 400.0)

    def test_it_starts_and_ends_where_the_route_does_and_waits_there(self) -> None:
        ride = Ride(self.ROUTE)
        assert ride.at(-5).point == ride.at(0).point == self.ROUTE.points[0]
        assert ride.at(400).point == ride.at(9_999).point == self.ROUTE.points[-1]
        assert ride.at(400).speed_m_s == 0.0

    def test_pace_shortens_the_ride(self) -> None:
        ride = Ride(self.ROUTE, pace=1.25)
        assert ride.duration_s == 320.0
        assert ride.at(200).speed_m_s == 5.0
        assert haversine_m(ride.at(160).point, Ride(self.ROUTE).at(200).point) < 0.01

    def test_the_heading_follows_the_street(self) -> None:
        ride = Ride(self.ROUTE)
        assert ride.at(50).heading_deg == pytest.approx(90, abs=0.1)
        assert ride.at(300).heading_deg == pytest.approx(0, abs=0.1)
        assert ride.at(500).heading_deg == pytest.approx(0, abs=0.1)

    def test_nobody_ever_rides_faster_than_the_pace_allows(self) -> None:
        route = router_for("grid:12x12").route(Point(59.2001, 20.6001), Point(59.209, 20.612))
        ride = Ride(route, pace=1.1)
        fixes = [ride.at(second).point for second in range(int(ride.duration_s) + 2)]
        steps_m = [haversine_m(a, b) for a, b in pairwise(fixes)]
        assert max(steps_m) <= 1.05 * route.distance_m / ride.duration_s

    def test_an_empty_ride_stays(self) -> None:
        here = Point(60.0, 24.0)
        assert Ride(Route((here, here), 0.0, 0.0)).at(3).point == here

    def test_a_pace_of_nothing_is_refused(self) -> None:
        with pytest.raises(ValueError, match="pace"):
            Ride(self.ROUTE, pace=0)


class TestOpLog:
    def test_an_unknown_outcome_resolves_to_the_order(self) -> None:
        log = OpLog()
        operation = log.start("k1")
        operation.sent()
        operation.unknown()
        operation.sent()
        operation.acked("order-1")
        found = log.summary()
        assert (found.operations, found.retries, found.unknown, found.unknown_placed) == (1, 1, 1, 1)
        assert (found.unresolved, found.broken) == ((), ())

    def test_an_unknown_outcome_that_never_resolves_is_named(self) -> None:
        log = OpLog()
        operation = log.start("k1")
        operation.sent()
        operation.unknown()
        assert log.summary().unresolved == ("k1",)

    def test_two_orders_under_one_key_are_broken(self) -> None:
        log = OpLog()
        operation = log.start("k1", double=True)
        for order_id in ("order-1", "order-2"):
            operation.sent()
            operation.acked(order_id)
        found = log.summary()
        assert (found.broken, found.doubles, found.doubles_same, found.retries) == (("k1",), 1, 0, 0)

    def test_a_double_submit_with_one_order_is_right(self) -> None:
        log = OpLog()
        operation = log.start("k1", double=True)
        for _ in range(2):
            operation.sent()
            operation.acked("order-1")
        found = log.summary()
        assert (found.broken, found.doubles, found.doubles_same) == ((), 1, 1)

    @pytest.mark.parametrize("yes_first", [True, False])
    def test_a_no_and_a_yes_under_one_key_are_broken(self, yes_first: bool) -> None:
        log = OpLog()
        operation = log.start("k1")
        answers = [lambda: operation.acked("order-1"), lambda: operation.refused("restaurant_closed")]
        for answer in answers if yes_first else reversed(answers):
            answer()
        assert log.summary().broken == ("k1",)

    def test_a_lost_answer_after_an_order_does_not_make_it_unknown(self) -> None:
        log = OpLog()
        operation = log.start("k1", double=True)
        operation.acked("order-1")
        operation.unknown()
        found = log.summary()
        assert (found.unresolved, found.unknown_placed) == ((), 1)

    def test_refusals_are_counted_by_code(self) -> None:
        log = OpLog()
        log.start("k1").refused("payment_declined", "order-1")
        log.start("k2").refused("restaurant_closed")
        log.start("k3").refused("restaurant_closed")
        assert log.summary().refusals == {"payment_declined": 1, "restaurant_closed": 2}

    def test_a_key_is_used_for_one_operation(self) -> None:
        log = OpLog()
        log.start("k1")
        with pytest.raises(ValueError, match="k1"):
            log.start("k1")


class TestPercentiles:
    def test_they_are_samples_by_nearest_rank(self) -> None:
        samples = [float(number) for number in range(1, 201)]
        random.Random(1).shuffle(samples)
        assert percentiles(samples) == Percentiles(200, 100.0, 190.0, 198.0, 200.0)

    def test_a_rank_between_two_samples_is_the_higher_one(self) -> None:
        assert percentiles([float(number) for number in range(1, 11)]) == Percentiles(
            10, 5.0, 10.0, 10.0, 10.0
        )

    def test_one_sample_is_all_of_them(self) -> None:
        assert percentiles([3.5]) == Percentiles(1, 3.5, 3.5, 3.5, 3.5)

    def test_no_samples_no_percentiles(self) -> None:
        assert percentiles([]) is None

    @given(st.lists(st.floats(0, 1e6), min_size=1))
    def test_they_rise_and_were_measured(self, samples: list[float]) -> None:
        found = percentiles(samples)
        assert found is not None
        ranked = [found.p50, found.p95, found.p99, found.max]
        assert ranked == sorted(ranked)
        assert set(ranked) <= set(samples)
