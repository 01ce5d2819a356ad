"""One journey per way an order can end."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import count
from uuid import UUID

import pytest

from deliveryapp.clock import utc_now
from orders.models import Order
from restaurants.models import Ticket
from tests.cast import HOME, KITCHEN_AT
from tests.journeys.people import LOOK_EVERY_S, Socket, eventually
from tests.journeys.town import Quarter, Town
from tests.orders.stage import TOTAL_MINOR, assert_problem, events_of, path_of, saga_of

pytestmark = [pytest.mark.journey, pytest.mark.slow]

ON_THE_WAY = {"lat": 60.1680, "lng": 24.9410, "heading": 180}


def report(ride: Socket, *, lat: float, lng: float, heading: float = 0) -> None:
    """Where she is now, until it is believed: a socket learns within a second that the shift has begun."""
    for seq in count(1):
        at_ms = round(utc_now().timestamp() * 1000)
        point = {"lat": lat, "lng": lng, "heading": heading, "accuracy": 5, "speed": 5, "ts": at_ms}
        ride.say({"type": "position", **point, "seq": seq})
        ack = ride.until(type="ack", seq=seq)
        if ack["accepted"]:
            return
        assert ack["dropped"] == [{"seq": seq, "reason": "offline"}]
        time.sleep(LOOK_EVERY_S)


def accept_offer(quarter: Quarter, ride: Socket) -> dict[str, object]:
    """Answer the offers that the socket brings until one is still open when the answer arrives."""
    while True:
        offer: dict[str, object] = ride.until(type="offer")["offer"]
        if quarter.cleo.accept(str(offer["id"])):
            return offer


def test_delivered(town: Town, quarter: Quarter) -> None:
    ada, bo, cleo = quarter.ada, quarter.bo, quarter.cleo
    board = bo.watch()
    assert board.until(type="snapshot")["orders"] == []
    order_id = quarter.placed()
    watch = ada.watch(order_id)
    assert watch.until(type="snapshot")["destination"]["street"] == HOME["street"]

    card = board.until(type="order", event="OrderPlaced")["order"]
    assert (card["id"], card["lines"][0]["name"], card["lines"][0]["quantity"]) == (str(order_id), "Soup", 2)
    bo.must(bo.act(order_id, "acknowledge"))
    bo.confirm(order_id)
    watch.until(type="status", status="confirmed")

    ride = cleo.watch()
    assert ride.until(type="snapshot") == {"type": "snapshot", "offers": [], "deliveries": 0}
    cleo.go_online()
    report(ride, lat=KITCHEN_AT[0], lng=KITCHEN_AT[1])
    offer = accept_offer(quarter, ride)
    assert offer["order_id"] == str(order_id)
    ride.until(type="delivery", event="assigned", order_id=str(order_id))
    assert watch.until(type="driver")["driver"]["name"] == cleo.get("/api/v1/driver/me/")["name"]
    assert board.until(type="order", event="DriverAssigned")["order"]["driver"]["status"] == "assigned"

    cleo.act(order_id, "arrived", {"at": "restaurant"})
    bo.must(bo.act(order_id, "preparing"))
    watch.until(type="status", status="preparing")
    bo.must(bo.act(order_id, "ready"))
    watch.until(type="status", status="ready")
    ride.until(type="delivery", event="ready", order_id=str(order_id))
    cleo.act(order_id, "picked-up")
    watch.until(type="status", status="picked_up")
    report(ride, **ON_THE_WAY)
    seen = watch.until(type="position", lat=ON_THE_WAY["lat"])
    assert (seen["lng"], seen["heading"]) == (ON_THE_WAY["lng"], ON_THE_WAY["heading"])
    assert seen["eta"]["earliest_at"] <= seen["eta"]["latest_at"]
    cleo.act(order_id, "arrived", {"at": "customer"})
    assert cleo.act(order_id, "delivered")["order_status"] == "delivered"
    watch.until(type="status", status="delivered")

    assert watch.statuses() == ["placed", "confirmed", "preparing", "ready", "picked_up", "delivered"]
    town.expect_end(order_id, "completed", "hold", "capture")
    order = ada.order(order_id)
    assert (order["status"], order["payment"]["status"]) == ("delivered", "captured")
    assert order["total"] == {"amount_minor": TOTAL_MINOR, "currency": "EUR"}
    assert [(move["to"], move["actor"]) for move in order["history"]] == [
        ("created", "customer"),
        ("placed", "system"),
        ("confirmed", "restaurant"),
        ("preparing", "restaurant"),
        ("ready", "restaurant"),
        ("picked_up", "driver"),
        ("delivered", "driver"),
    ]
    assert (cleo.status(), cleo.deliveries()) == ("available", [])
    assert (bo.orders("active"), bo.orders("past")) == ([], [str(order_id)])
    town.assert_clean()


def test_rejected_by_the_kitchen(town: Town, quarter: Quarter) -> None:
    board = quarter.bo.watch()
    order_id = quarter.placed()
    watch = quarter.ada.watch(order_id)
    board.until(type="order", event="OrderPlaced")

    quarter.bo.must(quarter.bo.act(order_id, "reject", {"reason": "too_busy", "detail": "ovens are full"}))

    watch.until(type="status", status="cancelled")
    town.expect_end(order_id, "compensated", "hold", "release")
    order = quarter.ada.order(order_id)
    assert (order["status"], order["cancel_reason"]) == ("cancelled", "rejected_by_restaurant")
    assert order["payment"]["status"] == "voided"
    assert (quarter.bo.orders("active"), quarter.bo.orders("past")) == ([], [str(order_id)])
    assert Ticket.objects.get(order_id=order_id).withdrawn_at is not None
    town.assert_clean()


def test_declined_card(town: Town, quarter: Quarter) -> None:
    board = quarter.bo.watch()
    board.until(type="snapshot")

    refusal = quarter.ada.place(payment_method="pm_card_chargeDeclinedInsufficientFunds")

    body = assert_problem(refusal, 402, "payment_declined")
    assert body["decline_code"] == "insufficient_funds"
    order_id = UUID(body["order_id"])
    order = quarter.ada.order(order_id)
    assert (order["status"], order["failure"]["code"]) == ("failed", "payment_declined")
    town.expect_end(order_id, "compensated")
    # The kitchen hears of the next order, and had heard of nothing before it.
    good = quarter.placed()
    assert board.until(type="order")["order"]["id"] == str(good)
    assert quarter.bo.orders("active") == [str(good)]
    quarter.ada.cancel(good)
    town.assert_clean()


def test_cancelled_by_the_customer_while_a_driver_comes(town: Town, quarter: Quarter) -> None:
    ada, bo, cleo = quarter.ada, quarter.bo, quarter.cleo
    board, ride = bo.watch(), cleo.watch()
    order_id = quarter.assigned()
    ride.until(type="delivery", event="assigned", order_id=str(order_id))
    assert cleo.status() == "busy"

    assert ada.cancel(order_id)["status"] == "cancelled"

    board.until(type="order", event="OrderCancelled")
    ride.until(type="delivery", event="cancelled", order_id=str(order_id))
    town.expect_end(order_id, "compensated", "hold", "release")
    assert (cleo.status(), cleo.deliveries()) == ("available", [])
    assert ada.order(order_id)["cancel_reason"] == "cancelled_by_customer"
    assert Ticket.objects.get(order_id=order_id).withdrawn_at is not None
    assert_problem(bo.act(order_id, "ready"), 409, "order_state")
    next_order_id = quarter.confirmed()
    cleo.take(next_order_id)
    quarter.bring(next_order_id)
    town.expect_end(next_order_id, "completed", "hold", "capture")
    town.assert_clean()


def test_restaurant_does_not_answer(town: Town, unanswered: tuple[Quarter, UUID]) -> None:
    quarter, order_id = unanswered

    town.expect_end(order_id, "compensated", "hold", "release")

    order = quarter.ada.order(order_id)
    assert (order["status"], order["cancel_reason"]) == ("cancelled", "restaurant_timeout")
    assert datetime.fromisoformat(order["cancelled_at"]) >= datetime.fromisoformat(order["respond_by"])
    assert path_of(order_id)[-1] == ("cancelled", "system", "restaurant_timeout")
    assert_problem(quarter.bo.act(order_id, "confirm", {"prep_minutes": 15}), 409, "order_state")
    assert quarter.bo.orders("active") == []
    town.assert_clean()


def test_no_driver_is_found_until_one_comes(town: Town, unridden: tuple[Quarter, UUID]) -> None:
    quarter, order_id = unridden
    review = ("manual_review", "assign_driver", "no_driver_found")
    eventually(lambda: saga_of(order_id), review, timeout_s=120)
    assert "NoDriverFound" in events_of(order_id, "drivers")
    assert quarter.ada.order(order_id)["status"] == "confirmed"
    assert town.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]

    quarter.cleo.take(order_id)
    quarter.bring(order_id)

    town.expect_end(order_id, "completed", "hold", "capture")
    assert Order.objects.get(pk=order_id).status == "delivered"
    town.assert_clean()
