"""What a kitchen prints and reads of its day: tickets on paper, today's figures by its own clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from deliveryapp import positions
from deliveryapp.clock import utc_now
from deliveryapp.geo import Point
from deliveryapp.models import User
from deliveryapp.positions import Position
from drivers.models import Driver
from orders.models import Order
from orders.selectors.today import today_document
from restaurants.models import MenuItem, Restaurant
from tests.orders.stage import ClientOf, Stage

pytestmark = pytest.mark.django_db
HELSINKI = ZoneInfo("Europe/Helsinki")


def page_of(user: User, path: str) -> Any:
    client = Client()
    client.force_login(user)
    return client.get(path)


class TestTicket:
    def test_it_shows_what_must_not_be_overlooked_and_no_number_to_call(self, stage: Stage, bo: User) -> None:
        MenuItem.objects.filter(pk=stage.kitchen.burger.pk).update(allergens=["milk", "gluten"])
        burger = {"item_id": str(stage.kitchen.burger.pk), "quantity": 2, "note": "no <onion>"}
        burger["option_ids"] = [str(stage.kitchen.large.pk)]
        order_id = stage.confirmed(lines=[burger], note="ring twice")
        order = Order.objects.get(pk=order_id)
        answer = page_of(bo, f"/kitchen/bos-kitchen/orders/{order_id}/ticket/")
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
        text = answer.content.decode()
        assert order.ready_at is not None
        for part in (
            f"<h1>{order.number}</h1>",
            '<span class="quantity">2×</span><span>Burger</span>',
            '<p class="option">Size: Large</p>',
            '<p class="mind">no &lt;onion&gt;</p>',
            '<p class="mind">ring twice</p>',
            '<p class="allergens">Contains gluten, milk</p>',
            f"Ready at {order.ready_at.astimezone(HELSINKI):%H:%M}",
        ):
            assert part in text
        for part in ("Fredrikinkatu", "ada@", "€", "31.00"):
            assert part not in text

    def test_strangers_find_nothing(self, stage: Stage, dov: User, ada: User, bo: User) -> None:
        order_id = stage.placed()
        path = f"/kitchen/bos-kitchen/orders/{order_id}/ticket/"
        assert [page_of(who, path).status_code for who in (dov, ada)] == [404, 404]
        assert page_of(bo, f"/kitchen/bos-kitchen/orders/{uuid4()}/ticket/").status_code == 404
        assert Client().get(path)["Location"].startswith("/login/")


class TestToday:
    def figures(self, stage: Stage, by: Any = None) -> Any:
        return (by or stage.bo).get(f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/today/")

    def test_what_was_ordered_cooked_and_refused(self, stage: Stage) -> None:
        empty = self.figures(stage).json()
        assert (empty["orders"], empty["average_prep_minutes"]) == (0, None)
        assert empty["revenue"] == {"amount_minor": 0, "currency": "EUR"}
        cooked, given_up, rejected, _ = stage.confirmed(), stage.confirmed(), stage.placed(), stage.placed()
        stage.must(stage.board(rejected, "reject", {"reason": "too_busy"}))
        stage.must(stage.board(given_up, "cancel", {"reason": "kitchen_problem"}))
        Order.objects.filter(pk=cooked).update(confirmed_at=F("confirmed_at") - timedelta(minutes=12))
        stage.must(stage.board(cooked, "ready"))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            found = self.figures(stage).json()
        assert sum("orders_order" in query["sql"] for query in asked) == 1
        counts = {name: found[name] for name in ("orders", "open", "cancelled", "rejected", "missed")}
        assert counts == {"orders": 4, "open": 2, "cancelled": 2, "rejected": 1, "missed": 0}
        assert (found["revenue"]["amount_minor"], found["average_prep_minutes"]) == (2_500, 12)

    @pytest.mark.parametrize(
        ("zone", "now", "hours"),
        [
            ("Europe/Helsinki", "2026-03-29T12:00:00+03:00", 23),  # the clocks go forward
            ("America/New_York", "2026-11-01T12:00:00-05:00", 25),
            ("Asia/Tokyo", "2026-05-04T00:00:00+09:00", 24),
        ],
    )
    def test_the_day_is_the_restaurants_own(self, stage: Stage, zone: str, now: str, hours: int) -> None:
        place = stage.kitchen.restaurant
        Restaurant.objects.filter(pk=place.pk).update(timezone=zone)
        at, order_id = datetime.fromisoformat(now), stage.placed()
        day = today_document(restaurant_id=place.pk, now=at)
        assert day["ends_at"] - day["begins_at"] == timedelta(hours=hours)
        inside = {day["begins_at"]: 1, day["begins_at"] - timedelta(seconds=1): 0, day["ends_at"]: 0}
        for placed_at, count in inside.items():
            Order.objects.filter(pk=order_id).update(placed_at=placed_at)
            assert today_document(restaurant_id=place.pk, now=at)["orders"] == count

    def test_a_scheduled_order_counts_when_it_is_seen(self, stage: Stage) -> None:
        order_id = stage.placed()
        opens_at = utc_now() + timedelta(minutes=1)
        later = opens_at + timedelta(hours=1)
        Order.objects.filter(pk=order_id).update(opens_at=opens_at, scheduled_for=later)
        place = stage.kitchen.restaurant.pk
        assert today_document(restaurant_id=place, now=opens_at)["orders"] == 0
        assert today_document(restaurant_id=place, now=opens_at + timedelta(seconds=1))["orders"] == 1

    def test_strangers_learn_nothing(self, stage: Stage, dov: User, as_: ClientOf) -> None:
        assert [self.figures(stage, by=as_(who)).status_code for who in (dov, None)] == [404, 401]


class TestApproaching:
    def coming(self, stage: Stage, by: Any = None) -> Any:
        return (by or stage.bo).get(f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/approaching/")

    def rides_to(self, lat: float, lng: float, later_s: int = 0) -> None:
        driver, at = Driver.objects.get(), utc_now() + timedelta(seconds=later_s)
        row = Position(driver_id=driver.pk, point=Point(lat, lng), at=at, seen_at=at)
        assert positions.write_many(region="helsinki", rows=[row]) == [True]

    def test_minutes_away_then_at_the_door(self, stage: Stage) -> None:
        assert self.coming(stage).json() == {"results": []}
        order_id = stage.assigned()
        self.rides_to(60.1850, 24.9400, 1)  # 1.7 km north
        [far] = self.coming(stage).json()["results"]
        assert (far["order_id"], far["at_the_door"]) == (str(order_id), False)
        away = datetime.fromisoformat(far["arrives_at"]) - utc_now()
        assert timedelta(minutes=5) < away < timedelta(minutes=12)
        self.rides_to(60.1700, 24.9400, 2)  # 11 m
        with CaptureQueriesContext(connection) as asked:
            [near] = self.coming(stage).json()["results"]
        assert (near["at_the_door"], near["arrives_at"]) == (True, None)
        assert len(asked) <= 5  # who asks, his role, the orders, the riders
        stage.must(stage.board(order_id, "ready"))
        stage.must(stage.ride(order_id, "picked-up"))
        assert self.coming(stage).json() == {"results": []}

    def test_nobody_says_where_a_silent_driver_is(self, stage: Stage) -> None:
        stage.assigned()
        driver = Driver.objects.get()
        positions.forget(region="helsinki", driver_id=driver.pk)
        [unknown] = self.coming(stage).json()["results"]
        assert (unknown["at_the_door"], unknown["arrives_at"]) == (False, None)

    def test_strangers_learn_nothing(self, stage: Stage, dov: User, as_: ClientOf) -> None:
        assert [self.coming(stage, by=who).status_code for who in (as_(dov), stage.ada)] == [404, 404]
