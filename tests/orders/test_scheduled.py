"""Orders for later: the slot is checked, the money is held at once, the kitchen sees it in time (F3)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID

import pytest
from django.db.models import F

from deliveryapp.clock import utc_now
from deliveryapp.models import SagaRun
from drivers.models import Delivery
from orders.models import Customer, Order
from restaurants.models import OpeningHours, Restaurant, Ticket
from tests.cast import cart
from tests.orders.stage import (
    TOTAL_MINOR,
    Stage,
    assert_problem,
    hurry,
    nothing_changes,
    path_of,
    saga_of,
    told,
)
from tests.orders.test_delays import board_of, moment
from tests.worker import drain

pytestmark = pytest.mark.django_db
QUARTER = timedelta(minutes=15)
HELD = [("hold", TOTAL_MINOR)]


def slot(ahead: timedelta) -> datetime:
    """The first quarter of an hour after so long."""
    at = utc_now() + ahead
    begun = at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
    return begun + QUARTER


TOMORROW = timedelta(days=1)


def scheduled(stage: Stage, at: datetime) -> UUID:
    answer = stage.place(scheduled_for=at.isoformat())
    assert answer.status_code == 201, answer.content
    drain()
    return UUID(answer.json()["id"])


def its_time_comes(order_id: UUID) -> None:
    """The clock goes on to where the kitchen sees it."""
    order = Order.objects.get(pk=order_id)
    assert order.opens_at is not None
    shift = order.opens_at - utc_now()
    Order.objects.filter(pk=order_id).update(
        opens_at=F("opens_at") - shift, scheduled_for=F("scheduled_for") - shift
    )
    hurry()
    drain()


class TestPlacing:
    def test_the_money_is_held_and_the_kitchen_is_left_in_peace(self, stage: Stage) -> None:
        at = slot(TOMORROW)
        order_id = scheduled(stage, at)

        order, row = stage.order(order_id), Order.objects.get()
        assert (order["status"], moment(order["scheduled_for"])) == ("placed", at)
        assert order["restaurant"]["timezone"] == "Europe/Helsinki"
        assert stage.sandbox.effects(order_id) == HELD
        assert not Ticket.objects.exists()
        assert told(order_id) == []
        assert board_of(stage) == []
        assert [card["id"] for card in board_of(stage, "scheduled")] == [str(order_id)]
        assert_problem(stage.board(order_id, "confirm", {"prep_minutes": 5}), 404, "order_not_found")
        # 15 minutes to cook, 10 to answer, 4 to hand over, and some 130 s for 450 m of street
        assert row.opens_at is not None
        lead = at - row.opens_at
        assert timedelta(minutes=30) < lead < timedelta(minutes=33)
        stage.assert_clean()

    def test_the_saga_waits_for_exactly_that_moment(self, stage: Stage) -> None:
        order_id = scheduled(stage, slot(TOMORROW))
        assert saga_of(order_id)[:2] == ("running", "notify_restaurant")
        due_at, opens_at = SagaRun.objects.get().due_at, Order.objects.get().opens_at
        assert opens_at is not None
        assert abs(due_at - opens_at) < timedelta(seconds=2)

    def test_five_minutes_later_it_is_not_timed_out(self, stage: Stage) -> None:
        order_id = scheduled(stage, slot(TOMORROW))
        Order.objects.update(placed_at=F("placed_at") - timedelta(hours=2))
        hurry()
        drain()
        assert stage.order(order_id)["status"] == "placed"

    @pytest.mark.parametrize("zone", ["+03:00", "-07:00"])
    def test_any_offset_names_the_same_moment(self, stage: Stage, zone: str) -> None:
        at = slot(TOMORROW)
        local = at.astimezone(datetime.fromisoformat(f"2026-01-01T00:00:00{zone}").tzinfo)
        assert moment(stage.place(scheduled_for=local.isoformat()).json()["scheduled_for"]) == at

    @pytest.mark.parametrize(
        ("ahead", "shift"),
        [
            (timedelta(minutes=5), timedelta(0)),  # no time to cook and ride
            (timedelta(days=-1), timedelta(0)),
            (timedelta(days=5), QUARTER),  # further than a hold lasts
            (TOMORROW, timedelta(minutes=1)),
            (TOMORROW, timedelta(seconds=1)),
        ],
    )
    def test_a_time_that_cannot_be(self, stage: Stage, ahead: timedelta, shift: timedelta) -> None:
        # the next quarter after "now" may be far enough for the kitchen: take the present one
        at = (slot(ahead) if ahead > timedelta(hours=1) else slot(ahead) - QUARTER) + shift
        with nothing_changes(stage.sandbox):
            problem = assert_problem(stage.place(scheduled_for=at.isoformat()), 422, "schedule_invalid")
        assert moment(problem["earliest_at"]) < moment(problem["latest_at"])

    @pytest.mark.parametrize("text", ["2026-05-04T19:30:00", "tomorrow", "2026-05-04", 1_800_000_000])
    def test_a_time_without_its_offset_means_nothing(self, stage: Stage, text: object) -> None:
        with nothing_changes(stage.sandbox):
            assert_problem(stage.place(scheduled_for=text), 400, "invalid_input")

    def test_the_kitchen_must_be_open_then(self, stage: Stage) -> None:
        """Open from 11 to 20 in Helsinki, whatever the clock of the server says."""
        OpeningHours.objects.update(opens=time(11), closes=time(20))
        for hour, minute, taken in (
            (10, 45, False),
            (11, 15, False),
            (12, 0, True),
            (20, 0, True),
            (20, 15, False),
        ):
            at = local_tomorrow(stage, hour, minute)
            answer = stage.place(scheduled_for=at.isoformat())
            if taken:
                assert answer.status_code == 201, (hour, minute, answer.content)
            else:
                assert_problem(answer, 409, "restaurant_closed")

    def test_a_kitchen_that_is_closed_now_takes_orders_for_later(self, stage: Stage) -> None:
        at = slot(timedelta(hours=20))
        Restaurant.objects.update(paused_until=utc_now() + timedelta(hours=2))
        assert_problem(stage.place(), 409, "restaurant_closed")
        assert scheduled(stage, at)

    def test_a_quote_says_the_same(self, stage: Stage) -> None:
        body = cart(stage.kitchen, scheduled_for=slot(timedelta(days=6)).isoformat())
        assert_problem(stage.ada.post("/api/v1/quotes/", body, format="json"), 422, "schedule_invalid")
        body = cart(stage.kitchen, scheduled_for=slot(TOMORROW).isoformat())
        assert stage.ada.post("/api/v1/quotes/", body, format="json").status_code == 200

    def test_the_same_cart_for_another_evening_is_another_wish(self, stage: Stage) -> None:
        first, second = slot(TOMORROW), slot(2 * TOMORROW)
        for at, status in ((first, 201), (second, 201), (first, 409)):
            answer = stage.place(scheduled_for=at.isoformat(), allow_duplicate=False)
            assert answer.status_code == status, answer.content


def local_tomorrow(stage: Stage, hour: int, minute: int) -> datetime:
    from zoneinfo import ZoneInfo

    there = utc_now().astimezone(ZoneInfo(stage.kitchen.restaurant.timezone)) + TOMORROW
    return there.replace(hour=hour, minute=minute, second=0, microsecond=0)


class TestItsTimeComes:
    def test_the_ticket_opens_and_the_five_minutes_begin(self, stage: Stage) -> None:
        order_id = scheduled(stage, slot(TOMORROW))
        its_time_comes(order_id)

        [card] = board_of(stage)
        assert (card["id"], card["ticket_seq"]) == (str(order_id), 1)
        assert told(order_id) == [("ticket_opened", "restaurant")]
        left = moment(card["respond_by"]) - utc_now()
        assert timedelta(minutes=4, seconds=50) < left <= timedelta(minutes=5)
        assert saga_of(order_id)[:2] == ("running", "await_confirmation")

    def test_it_is_ready_for_its_slot_and_not_before(self, stage: Stage) -> None:
        order_id = scheduled(stage, slot(TOMORROW))
        its_time_comes(order_id)
        stage.must(stage.board(order_id, "confirm", {"prep_minutes": 5}))

        scheduled_for = Order.objects.get().scheduled_for
        assert scheduled_for is not None
        before_the_door = scheduled_for - Delivery.objects.get().ready_at
        assert timedelta(minutes=5) < before_the_door < timedelta(minutes=8)

    def test_a_kitchen_that_needs_longer_says_so(self, stage: Stage) -> None:
        order_id = scheduled(stage, slot(TOMORROW))
        its_time_comes(order_id)
        stage.must(stage.board(order_id, "confirm", {"prep_minutes": 90}))
        assert Delivery.objects.get().ready_at - utc_now() > timedelta(minutes=89)

    def test_nobody_answers(self, stage: Stage) -> None:
        order_id = scheduled(stage, slot(TOMORROW))
        its_time_comes(order_id)
        Order.objects.update(opens_at=F("opens_at") - timedelta(minutes=5))
        hurry()
        drain()
        assert path_of(order_id)[-1] == ("cancelled", "system", "restaurant_timeout")
        assert stage.sandbox.effects(order_id) == [*HELD, ("release", TOTAL_MINOR)]
        stage.assert_clean()

    def test_all_the_way(self, stage: Stage) -> None:
        order_id = scheduled(stage, slot(TOMORROW))
        its_time_comes(order_id)
        stage.cleo_goes_online()
        stage.must(stage.board(order_id, "confirm", {"prep_minutes": 15}))
        stage.must(stage.cleo.post(f"/api/v1/driver/offers/{stage.cleo_is_asked()}/accept/"))
        [delivery] = stage.cleo.get("/api/v1/driver/deliveries/").json()["results"]
        assert moment(delivery["scheduled_for"]) == Order.objects.get().scheduled_for
        stage.must(stage.board(order_id, "ready"))
        stage.must(stage.ride(order_id, "picked-up"))
        stage.must(stage.ride(order_id, "delivered"))
        assert saga_of(order_id)[0] == "completed"
        stage.assert_clean()


class TestCancelling:
    def test_before_is_free_and_nobodys_fault(self, stage: Stage) -> None:
        order_id = scheduled(stage, slot(TOMORROW))
        stage.must(stage.cancel(order_id))
        assert stage.sandbox.effects(order_id) == [*HELD, ("release", TOTAL_MINOR)]
        assert saga_of(order_id)[0] == "compensated"
        assert Customer.objects.get().cancelled_count == 0
        assert not Ticket.objects.exists()
        stage.assert_clean()

    def test_a_kitchen_that_closes_out_lets_later_orders_stand(self, stage: Stage) -> None:
        """They are meant for another day, on which it may be open."""
        order_id = scheduled(stage, slot(TOMORROW))
        path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/close/"
        assert stage.must(stage.bo.post(path)) == {"cancelled_orders": 0}
        its_time_comes(order_id)
        assert stage.order(order_id)["status"] == "placed"

    def test_one_that_is_suspended_by_then_does_not_get_it(self, stage: Stage) -> None:
        order_id = scheduled(stage, slot(TOMORROW))
        Restaurant.objects.update(suspended_at=utc_now())
        its_time_comes(order_id)
        assert path_of(order_id)[-1] == ("cancelled", "system", "restaurant_closed")


def test_the_arrival_is_promised_for_the_slot(stage: Stage) -> None:
    order_id = scheduled(stage, at := slot(TOMORROW))
    eta = stage.ada.get(f"/api/v1/orders/{order_id}/tracking/").json()["eta"]
    assert abs(moment(eta["earliest_at"]) - at) < timedelta(minutes=12)
    assert timedelta(0) < moment(eta["latest_at"]) - at < timedelta(minutes=25)
