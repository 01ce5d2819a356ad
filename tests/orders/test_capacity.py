"""Places in the kitchen's quarters of an hour: taken by placing, given back once, listed as free slots; and a
busy kitchen's longer promise.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from config.celery import app
from deliveryapp.clock import utc_now
from orders.models import Order
from orders.scheduling import kitchen_slot
from orders.tasks import forget_slots
from restaurants.models import OpeningHours, Restaurant, SlotLoad
from tests.cast import HOME, KITCHEN_AT, cart
from tests.orders.stage import Stage, assert_problem, nothing_changes, saga_of
from tests.worker import drain

QUARTER = timedelta(minutes=15)
QUOTES = "/api/v1/quotes/"
MOST_STATEMENTS = 10
DOOR = {"lat": HOME["lat"], "lng": HOME["lng"]}


def capacity(places: int | None) -> None:
    Restaurant.objects.update(slot_capacity=places)


def taken() -> list[int]:
    """Of the slots that were ever used, in order."""
    return list(SlotLoad.objects.order_by("starts_at").values_list("taken", flat=True))


def slots_of(stage: Stage, **query: Any) -> dict[str, Any]:
    path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/slots/"
    answer = APIClient().get(path, DOOR | query)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def flat(body: dict[str, Any]) -> list[str]:
    return [slot["scheduled_for"] for day in body["days"] for slot in day["slots"]]


def quote(stage: Stage, **changes: Any) -> Any:
    return stage.ada.post(QUOTES, cart(stage.kitchen, **changes), format="json")


@pytest.fixture
def early_in_the_slot() -> Iterator[None]:
    """Three minutes into a quarter of an hour, so that no test runs across its end; the clock goes on."""
    soon = kitchen_slot(utc_now()) + timedelta(minutes=3)
    with time_machine.travel(soon):
        yield


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("early_in_the_slot")]


class TestPlaces:
    def test_nobody_counts_where_there_is_no_limit(self, stage: Stage) -> None:
        stage.placed()
        assert taken() == []
        assert Order.objects.get().slot_at is None

    def test_the_last_place_and_one_too_many(self, stage: Stage) -> None:
        capacity(2)
        for _ in range(2):
            stage.placed()
        assert taken() == [2]
        assert {order.slot_at for order in Order.objects.all()} == {kitchen_slot(utc_now())}

        with nothing_changes(stage.sandbox):
            refused = assert_problem(stage.place(), 409, "slot_full")
            assert_problem(quote(stage), 409, "slot_full")
        assert taken() == [2]
        assert refused["next_free_at"] == flat(slots_of(stage))[0]
        assert stage.place(scheduled_for=refused["next_free_at"]).status_code == 201
        assert taken() == [2, 1]

    def test_the_next_free_slot_is_after_the_full_ones(self, stage: Stage) -> None:
        capacity(1)
        first = flat(slots_of(stage))[:3]
        for at in (first[0], first[1]):
            assert stage.place(scheduled_for=at).status_code == 201
        refused = assert_problem(stage.place(scheduled_for=first[0]), 409, "slot_full")
        assert refused["next_free_at"] == first[2]

    def test_no_free_slot_at_all(self, stage: Stage) -> None:
        capacity(1)
        stage.placed()
        OpeningHours.objects.all().delete()
        soon = kitchen_slot(utc_now()).astimezone(ZoneInfo("Europe/Helsinki"))
        end = (soon + 2 * QUARTER).time()
        days = {soon.weekday(), (soon - QUARTER).weekday()}
        OpeningHours.objects.bulk_create(
            OpeningHours(
                restaurant=stage.kitchen.restaurant, weekday=day, opens=(soon - QUARTER).time(), closes=end
            )
            for day in days
        )
        assert assert_problem(stage.place(), 409, "slot_full")["next_free_at"] is None
        assert slots_of(stage)["asap"] is None

    @pytest.mark.parametrize("how", ["customer", "rejected", "confirmed", "declined", "timeout"])
    def test_given_back_once_whatever_ends_it(self, stage: Stage, how: str) -> None:
        capacity(3)
        stage.placed()
        if how == "declined":
            assert stage.place(payment_method="pm_card_visa_chargeDeclined").status_code == 402
        else:
            ends(stage, how)
        assert taken() == [1]
        assert Order.objects.filter(slot_at__isnull=False).count() == 2

    def test_twice_ended_is_given_back_once(self, stage: Stage) -> None:
        capacity(3)
        stay, order_id = stage.placed(), stage.placed()
        stage.must(stage.cancel(order_id))
        assert stage.cancel(order_id).status_code == 409
        assert stage.board(order_id, "reject", {"reason": "other"}).status_code == 409
        drain()
        assert saga_of(order_id)[0] == "compensated"
        assert taken() == [1]
        assert stage.order(stay)["status"] == "placed"
        stage.assert_clean()

    def test_who_may_pay_credit_or_repeat_takes_one_place(self, stage: Stage) -> None:
        capacity(5)
        for _ in range(3):
            assert stage.place(key="the-same-key-always").status_code == 201
        assert taken() == [1]

    def test_counters_are_forgotten(self, stage: Stage) -> None:
        capacity(5)
        order_id = stage.placed()
        SlotLoad.objects.update(starts_at=utc_now() - timedelta(days=3))
        forget_slots()
        assert taken() == []
        stage.must(stage.cancel(order_id))  # nothing is there to be given back
        assert app.conf.beat_schedule["orders.forget_slots"]["task"] == forget_slots.name

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("places", [None, 5])
    def test_counting_costs_no_statement(self, stage: Stage, places: int | None) -> None:
        capacity(places)
        with CaptureQueriesContext(connection) as captured:
            assert stage.place().status_code == 201
        statements = [row["sql"] for row in captured.captured_queries]
        control = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
        work = [sql for sql in statements if not sql.startswith(control)]
        assert len(work) <= MOST_STATEMENTS, "\n".join(work)
        assert statements.count("BEGIN") == statements.count("COMMIT") == 2, statements
        assert taken() == ([] if places is None else [1])


def ends(stage: Stage, how: str) -> None:
    order_id = stage.placed()
    if how == "customer":
        stage.must(stage.cancel(order_id))
    elif how == "rejected":
        stage.must(stage.board(order_id, "reject", {"reason": "too_busy"}))
    elif how == "confirmed":
        stage.must(stage.board(order_id, "confirm", {"prep_minutes": 15}))
        stage.must(stage.board(order_id, "cancel", {"reason": "kitchen_problem"}))
    else:
        from orders.services.cancelling import time_out_restaurant

        time_out_restaurant(order_id=order_id, now=utc_now())


class TestFreeSlots:
    def test_what_is_listed_is_taken_and_what_is_not_is_refused(self, stage: Stage) -> None:
        """Two spans a day and a last order: each quarter of an hour of two days, against the quote."""
        OpeningHours.objects.all().delete()
        OpeningHours.objects.bulk_create(
            OpeningHours(restaurant=stage.kitchen.restaurant, weekday=day, opens=opens, closes=closes)
            for day in range(7)
            for opens, closes in ((time(11), time(14, 30)), (time(17), time(1)))
        )
        Restaurant.objects.update(
            last_order_minutes=40, busy_minutes=25, busy_until=utc_now() + timedelta(hours=20)
        )
        listed = {parse_datetime(at) for at in flat(slots_of(stage, days=2))}
        assert len(listed) > 60
        at = kitchen_slot(utc_now())
        for _ in range(2 * 96):
            answer = quote(stage, scheduled_for=at.isoformat())
            assert (answer.status_code == 200) == (at in listed), (at, answer.content)
            at += QUARTER

    def test_days_are_the_restaurants_own(self, stage: Stage) -> None:
        with time_machine.travel(datetime(2026, 10, 24, 19, 3, tzinfo=UTC), tick=False):  # 22:03 in Helsinki
            body = slots_of(stage, days=2)
        assert body["timezone"] == "Europe/Helsinki"
        assert body["asap"] == {"from": 20, "to": 30}
        days = [(day["date"], len(day["slots"]), day["slots"][0]["scheduled_for"]) for day in body["days"]]
        # 22:30 to 23:45; a Sunday of 25 hours; Monday until 21:00, which is 48 hours from now.
        assert days == [
            ("2026-10-24", 6, "2026-10-24T19:30:00Z"),
            ("2026-10-25", 100, "2026-10-24T21:00:00Z"),
            ("2026-10-26", 85, "2026-10-25T22:00:00Z"),
        ]
        assert {slot["left"] for day in body["days"] for slot in day["slots"]} == {None}

    def test_places_left(self, stage: Stage) -> None:
        capacity(2)
        first, second = flat(slots_of(stage))[4:6]
        for at in (first, first, second):
            assert stage.place(scheduled_for=at).status_code == 201
        left = {
            slot["scheduled_for"]: slot["left"] for day in slots_of(stage)["days"] for slot in day["slots"]
        }
        assert (left.get(first), left[second]) == (None, 1)
        stage.must(stage.cancel(Order.objects.order_by("id")[0].pk))
        assert first in flat(slots_of(stage))

    def test_a_pause_and_a_switch(self, stage: Stage) -> None:
        until = utc_now() + timedelta(hours=3)
        Restaurant.objects.update(paused_until=until)
        body = slots_of(stage)
        assert body["asap"] is None
        opens = parse_datetime(flat(body)[0])
        assert opens is not None
        assert until + timedelta(minutes=15) < opens < until + timedelta(minutes=45)
        Restaurant.objects.update(paused_until=None, is_accepting=False)
        assert slots_of(stage)["days"] == []

    @pytest.mark.parametrize(
        "query",
        [{"lat": "x"}, {"lat": 91}, {"lng": "nan"}, {"days": 0}, {"days": 6}, {"days": "many"}, {"lat": ""}],
    )
    def test_bad_questions(self, stage: Stage, query: dict[str, Any]) -> None:
        path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/slots/"
        assert_problem(APIClient().get(path, DOOR | query), 400, "invalid_input")

    def test_too_far_and_nowhere(self, stage: Stage) -> None:
        path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/slots/"
        assert_problem(APIClient().get(path, {"lat": 61, "lng": 25}), 409, "address_out_of_range")
        nowhere = "/api/v1/restaurants/01980000-0000-7000-8000-00000000dead/slots/"
        assert_problem(APIClient().get(nowhere, DOOR), 404, "restaurant_not_found")

    def test_the_cost_does_not_grow_with_the_days(self, stage: Stage) -> None:
        capacity(2)
        counts = []
        for days in (1, 5):
            with CaptureQueriesContext(connection) as captured:
                slots_of(stage, days=days)
            counts.append(len(captured.captured_queries))
        assert counts == [2, 2]


class TestBusy:
    def busy(self, stage: Stage, **body: Any) -> Any:
        path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/busy/"
        return stage.bo.put(path, {"extra_minutes": 30, "minutes": 60} | body, format="json")

    def test_list_quote_and_order_promise_later(self, stage: Stage) -> None:
        def promises() -> list[Any]:
            lat, lng = KITCHEN_AT
            [card] = APIClient().get("/api/v1/restaurants/", {"lat": lat, "lng": lng}).json()["results"]
            quoted = quote(stage).json()
            eta = stage.ada.get(f"/api/v1/orders/{stage.placed()}/tracking/").json()["eta"]
            return [
                card["eta_minutes"]["from"],
                quoted["eta_minutes"]["from"],
                quoted["busy_minutes"],
                parse_datetime(eta["earliest_at"]) - utc_now(),  # type: ignore[operator]
            ]

        usual = promises()
        assert self.busy(stage).status_code == 200
        longer = promises()
        assert [after - before for before, after in zip(usual[:3], longer[:3], strict=True)] == [30, 30, 30]
        assert timedelta(minutes=20) < longer[3] - usual[3] < timedelta(minutes=31)

    def test_it_ends_by_itself(self, stage: Stage) -> None:
        kitchen = self.busy(stage, minutes=5).json()
        assert kitchen["busy"]["extra_minutes"] == 30
        with time_machine.travel(utc_now() + timedelta(minutes=5, seconds=1)):
            [mine] = stage.bo.get("/api/v1/restaurants/mine/").json()["results"]
            assert mine["busy"] is None
            assert quote(stage).json()["busy_minutes"] == 0

    def test_ended_by_hand_and_until_a_time(self, stage: Stage) -> None:
        until = (utc_now() + timedelta(hours=2)).replace(microsecond=0)
        kitchen = stage.bo.put(
            f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/busy/",
            {"extra_minutes": 10, "until": until.isoformat()},
            format="json",
        ).json()
        assert parse_datetime(kitchen["busy"]["until"]) == until
        ended = stage.bo.delete(f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/busy/")
        assert (ended.status_code, ended.json()["busy"]) == (200, None)

    def test_what_is_cooked_after_it_is_as_quick_as_ever(self, stage: Stage) -> None:
        self.busy(stage)
        late = kitchen_slot(utc_now()) + timedelta(hours=5)
        assert quote(stage, scheduled_for=late.isoformat()).json()["busy_minutes"] == 0

    @pytest.mark.parametrize(
        "body",
        [
            {"extra_minutes": 0},
            {"extra_minutes": 121},
            {"extra_minutes": "30"},
            {"minutes": 0},
            {"minutes": 1441},
            {"minutes": None},
            {"until": "2030-01-01T00:00:00Z"},
        ],
    )
    def test_refused(self, stage: Stage, body: dict[str, Any]) -> None:
        assert_problem(self.busy(stage, **body), 400, "invalid_input")
        assert Restaurant.objects.get().busy_until is None

    def test_only_staff(self, stage: Stage) -> None:
        path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/busy/"
        body = {"extra_minutes": 10, "minutes": 30}
        assert_problem(stage.ada.put(path, body, format="json"), 404, "restaurant_not_found")
        assert_problem(stage.ada.delete(path), 404, "restaurant_not_found")
        assert Restaurant.objects.get().busy_minutes == 0
