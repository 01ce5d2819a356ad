"""A driver's shift, his offers and his answers, through the API (F7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drivers.models import Assignment, Delivery, Offer
from tests.drivers.stage import (
    DOOR,
    KITCHEN,
    age_refusals,
    app_of,
    events_of,
    let_expire,
    make_rider,
    north_of_kitchen,
    offers_of,
    request_delivery,
    rider_online,
    tick,
)

pytestmark = pytest.mark.django_db


def test_the_nearest_driver_is_asked_and_accepts():
    cleo = rider_online("Cleo", north_of_kitchen(2))
    finn = rider_online("Finn", north_of_kitchen(9))
    order_id = request_delivery()
    tick()

    [offer] = cleo.offers()
    assert finn.offers() == []
    assert offer["order_id"] == str(order_id)
    assert offer["pickup"] == {
        "name": "Bo's kitchen",
        "street": "Mannerheimintie 5",
        "lat": KITCHEN.lat,
        "lng": KITCHEN.lng,
    }
    assert offer["dropoff"] == {"lat": DOOR.lat, "lng": DOOR.lng}
    assert offer["payout"] == {"amount_minor": 620, "currency": "EUR"}
    assert 600 < offer["distance_m"] < 1_200

    answer = cleo.accept(offer["id"])

    assert answer.status_code == 200
    assert answer.json()["order_id"] == str(order_id)
    assert answer.json()["status"] == "assigned"
    assert (cleo.row.status, cleo.row.active_count) == ("busy", 1)
    assert Delivery.objects.get(order_id=order_id).status == "assigned"
    assert events_of(order_id) == ["DriverSearchStarted", "DriverOffered", "DriverAssigned"]
    assert cleo.offers() == []


def test_accepting_twice_gives_the_same_assignment():
    cleo = rider_online("Cleo")
    order_id = request_delivery()
    tick()
    [offer] = cleo.offers()

    first, second = cleo.accept(offer["id"]), cleo.accept(offer["id"])

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert cleo.row.active_count == 1
    assert events_of(order_id).count("DriverAssigned") == 1


def test_a_declined_offer_goes_to_the_next_driver():
    cleo = rider_online("Cleo", north_of_kitchen(1))
    finn = rider_online("Finn", north_of_kitchen(5))
    order_id = request_delivery()
    tick()
    [offer] = cleo.offers()

    answer = cleo.post(f"offers/{offer['id']}/decline/", {"reason": "too_far"})
    tick()

    assert (answer.status_code, answer.json()["status"]) == (200, "declined")
    assert offers_of(order_id) == [("Cleo", "declined"), ("Finn", "pending")]
    assert len(finn.offers()) == 1
    assert Offer.objects.get(pk=offer["id"]).decline_reason == "too_far"
    late = cleo.accept(offer["id"])
    assert (late.status_code, late.json()["code"]) == (409, "offer_answered")


def test_an_offer_that_nobody_answers_expires_and_goes_to_the_next_driver():
    cleo = rider_online("Cleo", north_of_kitchen(1))
    finn = rider_online("Finn", north_of_kitchen(5))
    order_id = request_delivery()
    tick()
    [offer] = cleo.offers()
    let_expire(order_id)

    late = cleo.accept(offer["id"])
    tick()

    assert (late.status_code, late.json()["code"]) == (409, "offer_expired")
    assert offers_of(order_id) == [("Cleo", "expired"), ("Finn", "pending")]
    assert len(finn.offers()) == 1
    assert cleo.row.missed_offers == 1
    assert events_of(order_id) == [
        "DriverSearchStarted",
        "DriverOffered",
        "DriverOfferExpired",
        "DriverOffered",
    ]
    again = cleo.accept(offer["id"])
    assert (again.status_code, again.json()["code"]) == (409, "offer_expired")


def test_three_unanswered_offers_in_a_row_end_the_shift():
    cleo = rider_online("Cleo")
    for _ in range(3):
        order_id = request_delivery()
        tick()
        let_expire(order_id)
    tick()

    assert cleo.row.status == "offline"
    assert [status for _, status in offers_of(order_id)] == ["expired"]


def test_an_answer_between_two_silences_keeps_the_shift():
    cleo = rider_online("Cleo")
    for answered in (False, False, True, False, False):
        order_id = request_delivery()
        tick()
        if answered:
            [offer] = cleo.offers()
            cleo.post(f"offers/{offer['id']}/decline/", {"reason": "other"})
        else:
            let_expire(order_id)
    tick()

    assert cleo.row.status == "available"


def test_who_said_no_is_asked_again_only_when_nobody_else_is_left_and_after_a_while():
    cleo = rider_online("Cleo")
    order_id = request_delivery()
    tick()
    [offer] = cleo.offers()
    cleo.post(f"offers/{offer['id']}/decline/", {"reason": "busy"})
    for _ in range(5):  # to the widest circle
        Delivery.objects.update(next_search_at="2020-01-01T00:00Z")
        tick()
    assert offers_of(order_id) == [("Cleo", "declined")]

    age_refusals(order_id, timedelta(minutes=2))
    Delivery.objects.update(next_search_at="2020-01-01T00:00Z")
    tick()

    assert offers_of(order_id) == [("Cleo", "declined"), ("Cleo", "pending")]


def test_an_order_offers_itself_to_one_driver_at_a_time_and_a_driver_gets_one_offer_at_a_time():
    riders = [rider_online("Cleo"), rider_online("Finn")]
    orders = [request_delivery(), request_delivery(), request_delivery()]
    for _ in range(3):
        tick()

    assert [len(rider.offers()) for rider in riders] == [1, 1]
    assert sorted(len(offers_of(order_id)) for order_id in orders) == [0, 1, 1]


def test_offers_are_only_visible_to_their_driver():
    cleo, dov = rider_online("Cleo"), make_rider("Dov")
    order_id = request_delivery()
    tick()
    [offer] = cleo.offers()

    for answer in (dov.accept(offer["id"]), dov.post(f"offers/{offer['id']}/decline/", {"reason": "other"})):
        assert (answer.status_code, answer.json()["code"]) == (404, "offer_not_found")
    assert offers_of(order_id) == [("Cleo", "pending")]
    assert dov.offers() == []


def test_a_driver_goes_online_and_offline():
    cleo = make_rider("Cleo", vehicle="scooter", rating_tenths=47)
    before = cleo.app.get("/api/v1/driver/me/").json()

    online = cleo.go_online().json()
    offline = cleo.post("offline/").json()

    assert (before["status"], before["vehicle"], before["rating"]) == ("offline", "scooter", 4.7)
    assert (online["status"], offline["status"]) == ("available", "offline")
    request_delivery()
    tick()
    assert Offer.objects.count() == 0


def test_going_online_twice_is_once():
    cleo = rider_online("Cleo")
    version = cleo.row.version

    cleo.go_online()

    assert (cleo.row.status, cleo.row.version) == ("available", version)


def test_going_offline_withdraws_the_pending_offer():
    cleo = rider_online("Cleo", north_of_kitchen(1))
    finn = rider_online("Finn", north_of_kitchen(5))
    order_id = request_delivery()
    tick()
    [offer] = cleo.offers()

    cleo.post("offline/")
    tick()

    assert offers_of(order_id) == [("Cleo", "withdrawn"), ("Finn", "pending")]
    assert len(finn.offers()) == 1
    late = cleo.accept(offer["id"])
    assert (late.status_code, late.json()["code"]) == (409, "offer_withdrawn")


def test_the_shift_cannot_end_with_an_order_on_hand():
    cleo = rider_online("Cleo")
    request_delivery()
    tick()
    cleo.accept_the_offer()

    answer = cleo.post("offline/")

    assert (answer.status_code, answer.json()["code"]) == (409, "active_delivery")
    assert cleo.row.status == "busy"


def test_a_driver_with_room_for_two_gets_a_second_offer_but_no_third():
    cleo = rider_online("Cleo", capacity=2)
    for _ in range(3):
        request_delivery()
    tick()
    cleo.accept_the_offer()
    assert (cleo.row.status, cleo.row.active_count) == ("available", 1)
    tick()
    Delivery.objects.update(next_search_at="2020-01-01T00:00Z")
    tick()
    cleo.accept_the_offer()
    Delivery.objects.update(next_search_at="2020-01-01T00:00Z")
    tick()

    assert (cleo.row.status, cleo.row.active_count) == ("busy", 2)
    assert cleo.offers() == []
    assert Assignment.objects.live().filter(driver_id=cleo.id).count() == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("online/", {}),
        ("online/", {"lat": 91, "lng": 24.9}),
        ("online/", {"lat": "north", "lng": 24.9}),
        ("online/", {"lat": 60.1, "lng": 181}),
        ("offers/01980000-0000-7000-8000-00000000f001/decline/", {"reason": "because"}),
        ("offers/01980000-0000-7000-8000-00000000f001/decline/", {}),
        ("deliveries/01980000-0000-7000-8000-00000000f001/arrived/", {"at": "home"}),
        ("deliveries/01980000-0000-7000-8000-00000000f001/release/", {"reason": "order_cancelled"}),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(path, body):
    cleo = make_rider("Cleo")

    answer = cleo.post(path, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert answer["Content-Type"] == "application/problem+json"
    assert cleo.row.status == "offline"


def test_nobody_but_drivers_gets_in(dov):
    for app, expected in ((app_of(None), (401, "unauthenticated")), (app_of(dov), (403, "not_a_driver"))):
        for answer in (
            app.get("/api/v1/driver/me/"),
            app.get("/api/v1/driver/offers/"),
            app.post("/api/v1/driver/online/", {"lat": 60.1, "lng": 24.9}, format="json"),
            app.post("/api/v1/driver/offline/", {}, format="json"),
        ):
            assert (answer.status_code, answer.json()["code"]) == expected
