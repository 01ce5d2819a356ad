"""From the accepted offer to the door, and back when the driver cannot."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import transaction

from deliveryapp.clock import utc_now
from deliveryapp.models import OutboxEvent
from drivers import facade
from drivers.errors import AssignmentChanged, AssignmentNotFound, AssignmentState
from drivers.models import Assignment, Delivery
from drivers.services import assignments
from tests.drivers.stage import (
    DOOR,
    app_of,
    events_of,
    make_rider,
    north_of_kitchen,
    offers_of,
    request_delivery,
    rider_online,
    show,
    tick,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def on_the_way():
    """Cleo has accepted an order."""
    cleo = rider_online("Cleo", north_of_kitchen(1))
    order_id = request_delivery()
    tick()
    return cleo, order_id, cleo.accept_the_offer()


def pick_up(order_id, rider):
    with transaction.atomic():
        return facade.record_pick_up(order_id=order_id, user_id=rider.user.pk, now=utc_now())


def deliver(order_id, rider):
    with transaction.atomic():
        return facade.record_delivery(order_id=order_id, user_id=rider.user.pk, now=utc_now())


def test_the_whole_way(on_the_way):
    cleo, order_id, assignment = on_the_way
    at_kitchen = cleo.post(f"deliveries/{order_id}/arrived/", {"at": "restaurant"})
    picked_up = pick_up(order_id, cleo)
    show(cleo.id, at=DOOR)
    at_door = cleo.post(f"deliveries/{order_id}/arrived/", {"at": "customer"})
    delivered = deliver(order_id, cleo)

    assert (at_kitchen.json()["status"], at_door.json()["status"]) == ("arrived", "picked_up")
    assert (picked_up.status, delivered.status) == ("picked_up", "delivered")
    assert str(delivered.id) == assignment["id"]
    assert Delivery.objects.get(order_id=order_id).status == "delivered"
    assert (cleo.row.status, cleo.row.active_count) == ("available", 0)
    assert events_of(order_id)[2:] == [
        "DriverAssigned",
        "DriverArrived",
        "DriverPickedUp",
        "DriverArrived",
        "DriverDelivered",
    ]
    told = OutboxEvent.objects.filter(type="DriverArrived").order_by("seq")
    assert [row.data["at"] for row in told] == ["restaurant", "customer"]


def test_every_step_may_be_repeated_and_counts_once(on_the_way):
    cleo, order_id, _ = on_the_way
    for _ in range(2):
        assert cleo.post(f"deliveries/{order_id}/arrived/", {"at": "restaurant"}).status_code == 200
    first, second = pick_up(order_id, cleo), pick_up(order_id, cleo)
    show(cleo.id, at=DOOR)
    for _ in range(2):
        assert cleo.post(f"deliveries/{order_id}/arrived/", {"at": "customer"}).status_code == 200
    deliver(order_id, cleo)
    deliver(order_id, cleo)

    assert first.picked_up_at == second.picked_up_at
    assert events_of(order_id).count("DriverArrived") == 2
    assert (cleo.row.status, cleo.row.active_count) == ("available", 0)


def test_steps_out_of_order_are_refused(on_the_way):
    cleo, order_id, _ = on_the_way

    early = cleo.post(f"deliveries/{order_id}/arrived/", {"at": "customer"})
    with pytest.raises(AssignmentState) as refusal:
        deliver(order_id, cleo)

    assert (early.status_code, early.json()["code"]) == (409, "assignment_state")
    assert early.json()["status"] == 409
    assert refusal.value.extra == {"assignment_status": "assigned"}
    assert Assignment.objects.get(order_id=order_id).status == "assigned"


def test_strangers_learn_nothing(on_the_way):
    _, order_id, _ = on_the_way
    finn = rider_online("Finn")

    for act in (pick_up, deliver):
        with pytest.raises(AssignmentNotFound):
            act(order_id, finn)
        with pytest.raises(AssignmentNotFound):
            act(uuid4(), finn)
    for path, body in (("arrived", {"at": "restaurant"}), ("release", {"reason": "other"})):
        answer = finn.post(f"deliveries/{order_id}/{path}/", body)
        assert (answer.status_code, answer.json()["code"]) == (404, "assignment_not_found")
    assert Assignment.objects.get(order_id=order_id).status == "assigned"


def test_pick_up_and_delivery_insist_on_the_callers_transaction(on_the_way, monkeypatch):
    cleo, order_id, _ = on_the_way
    monkeypatch.setattr(transaction.get_connection(), "in_atomic_block", False)

    with pytest.raises(RuntimeError, match="inside a transaction"):
        facade.record_pick_up(order_id=order_id, user_id=cleo.user.pk, now=utc_now())


def test_a_driver_gives_the_order_back_and_another_gets_it(on_the_way):
    cleo, order_id, _ = on_the_way
    finn = rider_online("Finn", north_of_kitchen(8))

    answer = cleo.post(f"deliveries/{order_id}/release/", {"reason": "accident"})
    tick()

    assert (answer.status_code, answer.json()["status"]) == (200, "released")
    assert (cleo.row.status, cleo.row.active_count) == ("available", 0)
    assert offers_of(order_id) == [("Cleo", "accepted"), ("Finn", "pending")]
    finn.accept_the_offer()
    assert facade.assignment_of(order_id=order_id).driver_name == "Finn"
    released = OutboxEvent.objects.get(type="DriverReleased")
    assert released.data["requeued"] is True
    assert released.data["reason"] == "accident"
    again = cleo.post(f"deliveries/{order_id}/release/", {"reason": "accident"})
    assert (again.status_code, again.json()["code"]) == (404, "assignment_not_found")


def test_food_on_the_way_is_not_given_back(on_the_way):
    cleo, order_id, _ = on_the_way
    pick_up(order_id, cleo)

    answer = cleo.post(f"deliveries/{order_id}/release/", {"reason": "other"})

    assert (answer.status_code, answer.json()["code"]) == (409, "assignment_state")
    assert cleo.row.status == "busy"


def test_a_late_release_does_not_touch_the_next_assignment(on_the_way):
    """The textbook's release(driver) would free the driver's next order."""
    cleo, first_order, first = on_the_way
    cleo.post(f"deliveries/{first_order}/release/", {"reason": "other"})
    second_order = request_delivery()
    Delivery.objects.filter(order_id=first_order).update(next_search_at="2100-01-01T00:00Z")
    tick()
    second = cleo.accept_the_offer()

    for version in (0, 1, 2):
        with pytest.raises(AssignmentChanged):
            assignments.release(assignment_id=first["id"], version=version, reason="silent", now=utc_now())

    assert Assignment.objects.get(pk=second["id"]).status == "assigned"
    assert facade.assignment_of(order_id=second_order).driver_id == cleo.id
    assert (cleo.row.status, cleo.row.active_count) == ("busy", 1)


def test_a_release_that_saw_an_older_version_is_refused(on_the_way):
    cleo, order_id, assignment = on_the_way
    cleo.post(f"deliveries/{order_id}/arrived/", {"at": "restaurant"})

    with pytest.raises(AssignmentChanged):
        assignments.release(assignment_id=assignment["id"], version=0, reason="silent", now=utc_now())

    assert Assignment.objects.get(pk=assignment["id"]).status == "arrived"


def test_what_others_see_of_an_assignment(on_the_way):
    cleo, order_id, assignment = on_the_way

    seen = facade.assignment_of(order_id=order_id)

    assert str(seen.id) == assignment["id"]
    assert (seen.driver_id, seen.driver_user_id, seen.driver_name) == (cleo.id, cleo.user.pk, "Cleo")
    assert (seen.vehicle, seen.rating, seen.status, seen.region) == ("bicycle", 5.0, "assigned", "helsinki")
    assert facade.active_assignments(user_id=cleo.user.pk) == (seen,)
    [trip] = facade.live_trips(driver_ids=[cleo.id])[cleo.id]
    assert (trip.order_id, trip.picked_up) == (order_id, False)
    assert facade.role_of(user_id=cleo.user.pk) == {
        "id": cleo.id,
        "status": "busy",
        "region": "helsinki",
        "vehicle": "bicycle",
    }


def test_the_console_is_for_drivers(client, dov):
    cleo = make_rider("Cleo")
    assert client.get("/driver/").status_code == 302
    client.force_login(dov)
    assert client.get("/driver/").status_code == 403
    client.force_login(cleo.user)
    assert client.get("/driver/").status_code == 200
    assert app_of(dov).get("/api/v1/driver/me/").status_code == 403
