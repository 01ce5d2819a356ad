"""Drivers who ride and are not heard of (R7): released before pick-up, reported after it, never by our own
deafness.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from deliveryapp import positions
from deliveryapp.clock import utc_now
from deliveryapp.geo import Point
from deliveryapp.positions import PositionsUnavailable
from deliveryapp.redis import client, key
from drivers.models import Assignment, Driver
from drivers.services import silence
from drivers.services.assignments import release
from drivers.services.silence import Silence, watch_silence
from tests.drivers.stage import (
    KITCHEN,
    REGION,
    Rider,
    events_of,
    make_rider,
    offers_of,
    request_delivery,
    rider_online,
    show,
    tick,
)

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
LONG = timedelta(minutes=6)


def look(after: timedelta = timedelta(0)) -> Silence:
    return watch_silence(region=REGION, now=utc_now() + after)


def listen(minutes: int) -> None:
    """The watch was at work for so long, and the store remembers it."""
    since, now = utc_now() - minutes * MINUTE, utc_now()
    client().set(key("listening", REGION), f"{since.timestamp()} {now.timestamp()}")


def fall_silent(rider: Rider, ago: timedelta = LONG) -> None:
    """His last sign of life is so long ago, wherever we keep it."""
    at = utc_now() - ago
    for assignment in Assignment.objects.live().filter(driver_id=rider.id):
        moments = {
            name: at
            for name in ("assigned_at", "arrived_at", "picked_up_at")
            if getattr(assignment, name) is not None
        }
        Assignment.objects.filter(pk=assignment.pk).update(**moments)
    Driver.objects.filter(pk=rider.id).update(last_seen_at=at)
    positions.forget(region=REGION, driver_id=rider.id)


def riding(name: str = "Cleo", at: Point = KITCHEN) -> tuple[Rider, UUID]:
    rider = rider_online(name, at)
    order_id = request_delivery()
    tick()
    rider.accept_the_offer()
    return rider, order_id


def picked_up(rider: Rider, order_id: UUID) -> None:
    from django.db import transaction

    from drivers import facade

    with transaction.atomic():
        facade.record_pick_up(order_id=order_id, user_id=rider.user.pk, now=utc_now())


@pytest.fixture(autouse=True)
def _listening(db: None) -> Iterator[None]:
    listen(30)
    yield
    client().delete(key("listening", REGION))


class TestBeforePickUp:
    def test_he_is_released_and_somebody_else_is_asked(self) -> None:
        cleo, order_id = riding()
        fall_silent(cleo)
        fay = rider_online("Fay")

        assert look() == Silence(released=1)
        assignment = Assignment.objects.get()
        assert (assignment.status, assignment.release_reason) == ("released", "silent")
        assert (cleo.row.status, cleo.row.active_count) == ("offline", 0)
        assert events_of(order_id)[-1] == "DriverReleased"
        tick()
        assert offers_of(order_id) == [("Cleo", "accepted"), ("Fay", "pending")]
        assert len(fay.offers()) == 1

    def test_not_a_second_earlier(self) -> None:
        cleo, _ = riding()
        fall_silent(cleo, timedelta(minutes=4, seconds=55))
        assert look() == Silence()
        assert look(timedelta(seconds=6)) == Silence(released=1)

    @pytest.mark.parametrize("sign", ["live", "stored", "arrived"])
    def test_any_sign_of_life_counts(self, sign: str) -> None:
        cleo, order_id = riding()
        fall_silent(cleo)
        match sign:
            case "live":
                show(cleo.id)
            case "stored":
                Driver.objects.filter(pk=cleo.id).update(last_seen_at=utc_now() - 2 * MINUTE)
            case "arrived":
                assert cleo.post(f"deliveries/{order_id}/arrived/", {"at": "restaurant"}).status_code == 200
        assert look() == Silence()
        assert Assignment.objects.get().status in ("assigned", "arrived")

    def test_only_the_assignment_that_was_seen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """He arrives between the look and the blow."""
        cleo, order_id = riding()
        fall_silent(cleo)

        def later(**what: Any) -> Assignment:
            cleo.post(f"deliveries/{order_id}/arrived/", {"at": "restaurant"})
            return release(**what)

        monkeypatch.setattr(silence, "release", later)
        assert look() == Silence()
        assert (Assignment.objects.get().status, cleo.row.status) == ("arrived", "busy")

    def test_he_may_come_back_and_work(self) -> None:
        cleo, _ = riding()
        fall_silent(cleo)
        look()
        assert cleo.go_online().json()["status"] == "available"


class TestAfterPickUp:
    def test_he_keeps_the_order_and_it_is_told_once(self) -> None:
        cleo, order_id = riding()
        picked_up(cleo, order_id)
        fall_silent(cleo)

        with capture_logs() as logs:
            assert look() == Silence(reported=1)
        assert [(row["event"], row["log_level"]) for row in logs] == [("driver_silent", "error")]
        assert look() == Silence()
        assignment = Assignment.objects.get()
        assert (assignment.status, assignment.silent_since is not None) == ("picked_up", True)
        assert (cleo.row.status, cleo.row.active_count) == ("busy", 1)
        assert events_of(order_id)[-1] == "DriverSilent"

    def test_it_is_over_when_he_is_heard_again(self) -> None:
        cleo, order_id = riding()
        picked_up(cleo, order_id)
        fall_silent(cleo)
        look()
        show(cleo.id)

        assert look(timedelta(seconds=1)) == Silence(heard=1)
        assert Assignment.objects.get().silent_since is None
        assert events_of(order_id)[-2:] == ["DriverSilent", "DriverHeard"]


class TestItMayBeUs:
    def test_a_store_that_lost_everything_knows_nothing(self) -> None:
        cleo, _ = riding()
        fall_silent(cleo)
        client().delete(*client().keys(f"{key('', REGION)}*"))

        assert look() == Silence()
        assert look(MINUTE / 2) == Silence()
        assert Assignment.objects.get().status == "assigned"

    def test_but_it_learns(self) -> None:
        """Five minutes after it began anew, who still says nothing is silent."""
        cleo, _ = riding()
        fall_silent(cleo)
        client().delete(key("listening", REGION))
        for half_minutes in range(10):
            assert look(half_minutes * MINUTE / 2) == Silence(), half_minutes
        assert look(timedelta(minutes=5, seconds=20)) == Silence(released=1)

    def test_a_watch_that_slept_begins_anew(self) -> None:
        cleo, _ = riding()
        fall_silent(cleo)
        assert look(2 * MINUTE) == Silence()
        assert Assignment.objects.get().status == "assigned"

    def test_a_store_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cleo, _ = riding()
        fall_silent(cleo)

        def gone(**_: Any) -> None:
            raise PositionsUnavailable("connection refused")

        monkeypatch.setattr(positions, "get_many", gone)
        with capture_logs() as logs:
            assert look() == Silence(unknown=True)
        assert [row["event"] for row in logs] == ["silence_unknown"]
        assert Assignment.objects.get().status == "assigned"

    def test_many_at_once_are_left_alone_and_somebody_is_called(self) -> None:
        riders = [riding(f"Rider{number}") for number in range(4)]
        for rider, _ in riders[:3]:
            fall_silent(rider)
        with capture_logs() as logs:
            assert look() == Silence(unknown=True)
        [alert] = [row for row in logs if row["log_level"] == "error"]
        assert (alert["event"], alert["silent"], alert["riding"]) == ("drivers_silent_en_masse", 3, 4)
        assert Assignment.objects.live().count() == 4

    def test_two_of_two_are_believed(self) -> None:
        for name in ("Cleo", "Fay"):
            fall_silent(riding(name)[0])
        assert look() == Silence(released=2)

    def test_who_does_not_ride_is_nobodys_business(self) -> None:
        idle = make_rider("Idle")
        idle.go_online()
        fall_silent(idle)
        assert look() == Silence()
        assert idle.row.status == "available"
