"""What a driver's app queued without a signal, and steps reported from somewhere else (F7, R7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from deliveryapp import positions
from deliveryapp.clock import utc_now
from deliveryapp.geo import Point
from deliveryapp.models import IdempotencyRecord
from deliveryapp.positions import Position
from drivers.models import Assignment, Driver, Offer, PlaceAlert
from orders.models import Order
from tests.orders.stage import ClientOf, Stage
from tests.worker import drain

pytestmark = pytest.mark.django_db
FAR = Point(60.2100, 24.9400)  # 4.5 km north of the kitchen
TOO_FAR = (409, "too_far_away")


def action(kind: str, *, at: datetime, **facts: Any) -> dict[str, Any]:
    said = {key: str(value) if isinstance(value, UUID) else value for key, value in facts.items()}
    return {"id": str(uuid4()), "action": kind, "device_at": at.isoformat(), **said}


def send(stage: Stage, *queue: dict[str, Any]) -> list[tuple[int, str]]:
    answer = stage.cleo.post("/api/v1/driver/actions/", {"actions": queue}, format="json")
    assert answer.status_code == 200, answer.content
    drain()
    return [(row["status"], row["code"]) for row in answer.json()["results"]]


def backdate(order_id: UUID, by: timedelta) -> None:
    """The offer came that long ago: there is a past in which the driver can have done something."""
    for offer in Offer.objects.filter(delivery__order_id=order_id):
        Offer.objects.filter(pk=offer.pk).update(created_at=offer.created_at - by)


def see_cleo(at: Point) -> None:
    driver = Driver.objects.get()
    positions.write_many(
        region="helsinki", rows=[Position(driver_id=driver.pk, point=at, at=utc_now(), seq=1)]
    )


def test_a_whole_ride_without_signal_keeps_its_true_times(stage: Stage) -> None:
    """Sent in disorder, carried out in the device's order."""
    stage.cleo_goes_online()
    order_id = stage.confirmed()
    offer_id = stage.cleo_is_asked()
    for verb in ("preparing", "ready"):
        stage.must(stage.board(order_id, verb))
    backdate(order_id, timedelta(minutes=20))
    began = utc_now() - timedelta(minutes=19)
    times = [began + timedelta(minutes=4 * n) for n in range(5)]
    queue = [
        action("accept", at=times[0], offer_id=offer_id),
        action("arrived", at=times[1], order_id=order_id) | {"at": "restaurant"},
        action("picked_up", at=times[2], order_id=order_id),
        action("arrived", at=times[3], order_id=order_id) | {"at": "customer"},
        action("delivered", at=times[4], order_id=order_id),
    ]

    assert send(stage, *reversed(queue)) == [(200, "done")] * 5

    ride = Assignment.objects.get(order_id=order_id)
    assert [
        ride.assigned_at,
        ride.arrived_at,
        ride.picked_up_at,
        ride.at_customer_at,
        ride.delivered_at,
    ] == times
    order = Order.objects.get(pk=order_id)
    assert (order.status, order.picked_up_at, order.delivered_at) == ("delivered", times[2], times[4])
    stage.assert_clean()


def test_the_same_queue_again_changes_nothing(stage: Stage) -> None:
    order_id = stage.on_the_road()
    act = action("delivered", at=utc_now(), order_id=order_id)
    first = stage.cleo.post("/api/v1/driver/actions/", {"actions": [act]}, format="json").json()
    ride = Assignment.objects.values().get(order_id=order_id)
    again = stage.cleo.post("/api/v1/driver/actions/", {"actions": [act, act]}, format="json").json()

    assert [row["replayed"] for row in first["results"] + again["results"]] == [False, True, True]
    assert Assignment.objects.values().get(order_id=order_id) == ride
    other = act | {"action": "picked_up"}
    assert send(stage, other) == [(422, "idempotency_key_reused")]


def test_what_is_refused_does_not_hold_up_the_rest_and_may_be_sent_again(stage: Stage) -> None:
    order_id = stage.assigned()
    early = action("picked_up", at=utc_now(), order_id=order_id)
    stray = action("delivered", at=utc_now(), order_id=uuid4())
    here = action("arrived", at=utc_now(), order_id=order_id) | {"at": "restaurant"}

    assert sorted(send(stage, early, stray, here)) == [
        (200, "done"),
        (404, "assignment_not_found"),
        (409, "order_not_ready"),
    ]
    for verb in ("preparing", "ready"):
        stage.must(stage.board(order_id, verb))
    assert send(stage, early) == [(200, "done")]


def test_impossible_times_are_refused(stage: Stage) -> None:
    order_id = stage.on_the_road()
    tomorrow, yesterday = (utc_now() + timedelta(days=days) for days in (1, -1))

    assert send(stage, action("delivered", at=tomorrow, order_id=order_id)) == [(422, "action_in_future")]
    assert send(stage, action("delivered", at=yesterday, order_id=order_id)) == [(422, "action_too_early")]
    assert Order.objects.get(pk=order_id).status == "picked_up"
    assert not IdempotencyRecord.objects.filter(key__startswith="driver-action").exists()


def test_a_clock_that_is_seconds_off_is_corrected(stage: Stage) -> None:
    order_id = stage.on_the_road()
    before = utc_now()

    assert send(stage, action("delivered", at=before + timedelta(seconds=5), order_id=order_id)) == [
        (200, "done")
    ]
    assert before <= Assignment.objects.get(order_id=order_id).delivered_at <= utc_now()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"action": "decline"}, "offer_id"),
        ({"action": "arrived"}, "at"),
        ({"action": "fly"}, "action"),
        ({"device_at": "2026-05-04T12:00:00"}, "device_at"),
        ({"lat": 60.1}, "non_field_errors"),
        ({"override_reason": "because"}, "override_reason"),
    ],
)
def test_a_malformed_action_is_refused(stage: Stage, changes: dict[str, Any], field: str) -> None:
    body = action("delivered", at=utc_now(), order_id=uuid4()) | changes
    answer = stage.cleo.post("/api/v1/driver/actions/", {"actions": [body]}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, f"actions.0.{field}")


def test_others_carry_out_nothing(stage: Stage, as_: ClientOf, dov: Any) -> None:
    order_id = stage.on_the_road()
    queue = {"actions": [action("delivered", at=utc_now(), order_id=order_id)]}

    assert as_(dov).post("/api/v1/driver/actions/", queue, format="json").json()["code"] == "not_a_driver"
    assert Order.objects.get(pk=order_id).status == "picked_up"


def test_far_away_is_an_alert_that_a_reason_lifts(stage: Stage) -> None:
    order_id = stage.on_the_road()
    see_cleo(FAR)

    refused = stage.ride(order_id, "delivered")

    assert (refused.status_code, refused.json()["code"]) == TOO_FAR
    assert (refused.json()["distance_m"] > 4_000, refused.json()["limit_m"]) == (True, 500)
    alert = PlaceAlert.objects.get(assignment__order_id=order_id)
    assert (alert.step, alert.override_reason) == ("delivered", "")
    assert Order.objects.get(pk=order_id).status == "picked_up"

    stage.must(stage.ride(order_id, "delivered", {"override_reason": "met_elsewhere"}))

    alert.refresh_from_db()
    assert (alert.override_reason, PlaceAlert.objects.count()) == ("met_elsewhere", 1)
    assert Order.objects.get(pk=order_id).status == "delivered"


def test_each_step_is_held_against_its_place(stage: Stage) -> None:
    order_id = stage.assigned()
    for verb in ("preparing", "ready"):
        stage.must(stage.board(order_id, verb))
    see_cleo(FAR)

    for verb, body in (("arrived", {"at": "restaurant"}), ("picked-up", {})):
        assert stage.ride(order_id, verb, body).json()["code"] == "too_far_away"
    stage.must(stage.ride(order_id, "picked-up", {"override_reason": "wrong_position"}))
    assert stage.ride(order_id, "arrived", {"at": "customer"}).json()["code"] == "too_far_away"

    steps = PlaceAlert.objects.order_by("reported_at").values_list("step", "override_reason")
    assert list(steps) == [("at_restaurant", ""), ("picked_up", "wrong_position"), ("at_customer", "")]


def test_what_was_done_is_not_asked_again_from_far_away(stage: Stage) -> None:
    order_id = stage.on_the_road()
    see_cleo(FAR)
    stage.must(stage.ride(order_id, "picked-up"))
    assert not PlaceAlert.objects.exists()


def test_a_late_report_says_itself_where_it_was(stage: Stage) -> None:
    order_id = stage.on_the_road()
    moment = utc_now() - timedelta(minutes=5)
    Assignment.objects.filter(order_id=order_id).update(
        assigned_at=moment, picked_up_at=moment, arrived_at=None
    )
    see_cleo(FAR)  # by now; not when he delivered
    late = action("delivered", at=moment + timedelta(minutes=1), order_id=order_id)

    there = {"lat": FAR.lat, "lng": FAR.lng}
    assert send(stage, late | there) == [TOO_FAR]
    assert send(stage, late) == [(200, "done")]
