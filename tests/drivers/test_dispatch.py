"""The dispatcher's tick: who is looked for, where, for how long, and what happens when something is
missing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deliveryapp import redis as shared_redis
from deliveryapp.clock import utc_now
from deliveryapp.models import OutboxEvent
from deliveryapp.redis import key
from drivers import facade
from drivers.dispatch import Policy, plan
from drivers.models import Assignment, Delivery, Driver, Offer
from drivers.services import dispatch
from drivers.services.dispatch import run_tick
from drivers.tasks import save_driver_positions
from tests.drivers.stage import (
    REGION,
    crowd_online,
    events_of,
    north_of_kitchen,
    offers_of,
    request_delivery,
    rider_online,
    show,
    tick,
)

pytestmark = pytest.mark.django_db
LONG_AGO = "2020-01-01T00:00Z"


def due_now() -> None:
    Delivery.objects.update(next_search_at=LONG_AGO)


def test_the_circle_widens_until_somebody_is_found():
    finn = rider_online("Finn", north_of_kitchen(60))  # 6.7 km
    order_id = request_delivery()
    radii = []
    for _ in range(3):
        due_now()
        tick()
        radii.append(Delivery.objects.get(order_id=order_id).radius_m)

    assert radii == [5_000, 8_000, 8_000]
    assert offers_of(order_id) == [("Finn", "pending")]
    assert len(finn.offers()) == 1


def test_a_fruitless_search_pauses_before_the_next():
    order_id = request_delivery()

    tick()

    pause = Delivery.objects.get(order_id=order_id).next_search_at - utc_now()
    assert timedelta(seconds=8) < pause <= timedelta(seconds=10)


def test_past_the_deadline_somebody_is_told_once_and_the_search_goes_on():
    order_id = request_delivery()
    Delivery.objects.update(deadline_at=LONG_AGO)
    for _ in range(3):
        due_now()
        tick()
    assert facade.is_escalated(order_id=order_id)
    assert events_of(order_id) == ["DriverSearchStarted", "NoDriverFound"]

    rider_online("Cleo")
    due_now()
    tick()

    assert offers_of(order_id) == [("Cleo", "pending")]


def test_only_drivers_who_are_free_on_shift_and_seen_lately_are_asked():
    busy, silent, elsewhere = rider_online("Busy"), rider_online("Silent"), rider_online("Elsewhere")
    request_delivery()
    Driver.objects.exclude(pk=busy.id).update(region="tampere")
    tick()
    busy.accept_the_offer()
    Driver.objects.filter(pk=silent.id).update(region=REGION)
    shared_redis.client().zadd(key("seen", REGION), {str(silent.id): 0})
    order_id = request_delivery()

    for _ in range(4):
        due_now()
        tick()

    assert offers_of(order_id) == []
    show(silent.id)
    due_now()
    tick()
    assert offers_of(order_id) == [("Silent", "pending")]
    assert elsewhere.offers() == []


def test_when_redis_is_down_the_stored_positions_serve(settings):
    crowd_online(1, north_of_kitchen(3))
    assert Driver.objects.filter(last_lat__isnull=False).count() == 0
    save_driver_positions()
    order_id = request_delivery()
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    shared_redis.client.cache_clear()
    try:
        run_tick(region=REGION, now=utc_now())
    finally:
        settings.REDIS_URL = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"][0]["address"]
        shared_redis.client.cache_clear()

    assert offers_of(order_id) == [("Rider 0", "pending")]


def test_stored_positions_follow_the_live_ones():
    [driver] = crowd_online(1, north_of_kitchen(3))

    save_driver_positions()

    driver.refresh_from_db()
    assert driver.last_lat == pytest.approx(north_of_kitchen(3).lat)
    assert driver.last_seen_at == pytest.approx(utc_now(), abs=timedelta(seconds=5))


def test_the_baseline_policy_can_be_chosen():
    rider_online("Cleo", north_of_kitchen(1), rating_tenths=10)
    rider_online("Finn", north_of_kitchen(3), rating_tenths=50)
    by_cost, by_distance = request_delivery(), request_delivery(ready_in=timedelta(0))
    Delivery.objects.filter(order_id=by_distance).update(region="elsewhere")
    tick()
    assert offers_of(by_cost) == [("Finn", "pending")]

    Offer.objects.all().delete()
    Delivery.objects.filter(order_id=by_distance).update(region=REGION)
    run_tick(region=REGION, now=utc_now(), policy=Policy.NEAREST)

    assert offers_of(by_distance) == [("Cleo", "pending")]


def test_what_one_planner_has_claimed_no_other_plans():
    rider_online("Cleo")
    request_delivery()

    first = run_tick(region=REGION, now=utc_now())
    second = run_tick(region=REGION, now=utc_now())

    assert (first.waiting, first.offered) == (1, 1)
    assert (second.waiting, second.offered) == (0, 0)


def test_a_tick_costs_the_same_number_of_statements_for_one_order_and_for_thirty():
    crowd_online(40)
    counts = []
    for size in (1, 30):
        for _ in range(size):
            request_delivery()
        with CaptureQueriesContext(connection) as queries:
            result = run_tick(region=REGION, now=utc_now())
        assert result.offered == size
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 20  # the test's own transaction adds six savepoint statements


def test_asking_for_a_driver_twice_is_once():
    order_id = request_delivery()
    request_delivery(order_id=order_id)

    assert Delivery.objects.filter(order_id=order_id).count() == 1
    assert events_of(order_id) == ["DriverSearchStarted"]


def test_a_cancelled_order_withdraws_the_offer():
    cleo = rider_online("Cleo")
    order_id = request_delivery()
    tick()
    [offer] = cleo.offers()

    facade.cancel_delivery(order_id=order_id, reason="order_cancelled", now=utc_now())
    facade.cancel_delivery(order_id=order_id, reason="order_cancelled", now=utc_now())

    late = cleo.accept(offer["id"])
    assert (late.status_code, late.json()["code"]) == (409, "offer_withdrawn")
    assert cleo.row.status == "available"
    assert events_of(order_id) == [
        "DriverSearchStarted",
        "DriverOffered",
        "DriverOfferWithdrawn",
        "DriverSearchEnded",
    ]
    due_now()
    tick()
    assert offers_of(order_id) == [("Cleo", "withdrawn")]


def test_a_cancelled_order_releases_its_driver():
    cleo = rider_online("Cleo")
    order_id = request_delivery()
    tick()
    assignment = cleo.accept_the_offer()

    facade.cancel_delivery(order_id=order_id, reason="order_cancelled", now=utc_now())
    facade.cancel_delivery(order_id=order_id, reason="order_cancelled", now=utc_now())

    row = Assignment.objects.get(pk=assignment["id"])
    assert (row.status, row.release_reason) == ("released", "order_cancelled")
    assert (cleo.row.status, cleo.row.active_count) == ("available", 0)
    released = OutboxEvent.objects.get(type="DriverReleased")
    assert released.data["assignment_id"] == assignment["id"]
    assert released.data["requeued"] is False
    assert facade.assignment_of(order_id=order_id) is None


def test_a_new_ready_time_reaches_the_offer():
    cleo = rider_online("Cleo")
    order_id = request_delivery()
    later = utc_now() + timedelta(minutes=40)

    facade.set_ready_at(order_id=order_id, ready_at=later, now=utc_now())
    tick()

    [offer] = cleo.offers()
    assert offer["ready_at"] == later.isoformat().replace("+00:00", "Z")


def test_a_driver_who_changed_since_the_plan_is_not_asked(monkeypatch):
    """Between reading and writing he left and came back: what was planned of him is stale."""
    cleo = rider_online("Cleo")
    order_id = request_delivery()

    def plan_while_he_moves(*args, **kwargs):
        proposals = plan(*args, **kwargs)
        cleo.post("offline/")
        cleo.go_online()
        return proposals

    monkeypatch.setattr(dispatch, "plan", plan_while_he_moves)
    result = run_tick(region=REGION, now=utc_now())
    monkeypatch.undo()

    assert (result.offered, result.lost) == (0, 1)
    tick()
    assert offers_of(order_id) == [("Cleo", "pending")]
