"""Many at one line, with real threads on the real database (R3, R6, R7, R9; I8).

Each guard has a control: the same race without it, which must go wrong.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, Model

from deliveryapp.clock import utc_now
from deliveryapp.models import OutboxEvent
from drivers import facade
from drivers.models import Assignment, Delivery, Driver, Offer
from drivers.models.delivery import DeliveryQuerySet
from drivers.models.driver import DriverQuerySet
from drivers.services import assignments, dispatch, offers, online
from drivers.services.dispatch import run_tick
from tests.crowd import at_once
from tests.drivers.stage import REGION, crowd_online, events_of, request_delivery, rider_online, tick

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@contextlib.contextmanager
def without(model: type[Model], *names: str) -> Iterator[None]:
    """Take constraints off the table for a while."""
    constraints = [c for c in model._meta.constraints if c.name in names]
    with connection.schema_editor() as editor:
        for constraint in constraints:
            editor.remove_constraint(model, constraint)
    try:
        yield
    finally:
        for row in (Assignment, Offer, OutboxEvent, Delivery, Driver):
            row.objects.all().delete()
        with connection.schema_editor() as editor:
            for constraint in constraints:
                editor.add_constraint(model, constraint)


def pending_offer(order_id: UUID, driver: Driver) -> Offer:
    return Offer.objects.create(
        delivery=Delivery.objects.get(order_id=order_id),
        driver=driver,
        expires_at=utc_now() + timedelta(minutes=1),
        cost_s=1,
        distance_m=1,
        created_at=utc_now(),
    )


def accepting(offer: Offer) -> Callable[[], Assignment]:
    return lambda: offers.accept(user_id=offer.driver.user_id, offer_id=offer.pk, now=utc_now())


def ten_offers_for_each(drivers: Sequence[Driver]) -> list[Offer]:
    return [pending_offer(request_delivery(), driver) for driver in drivers for _ in range(10)]


def live_per_driver() -> Counter[str]:
    rows = Assignment.objects.live().values("driver__name").annotate(n=Count("id"))
    return Counter({row["driver__name"]: row["n"] for row in rows})


def assert_loads_fit() -> None:
    """I8: no order has two drivers, no driver more than he may carry, and the counter tells the truth."""
    assert not Driver.objects.filter(active_count__gt=F("capacity")).exists()
    doubles = Assignment.objects.live().values("order_id").annotate(n=Count("id")).filter(n__gt=1)
    assert list(doubles) == []
    live = live_per_driver()
    for driver in Driver.objects.all():
        assert driver.active_count == live[driver.name]
        assert (driver.status == "busy") == (driver.active_count == driver.capacity)


def test_fifty_orders_want_five_drivers(monkeypatch):
    """Two dispatchers plan at once while each driver rides whatever comes, until all fifty are delivered."""
    monkeypatch.setattr(dispatch, "search_pause", lambda *, escalated: timedelta(0))
    drivers = crowd_online(5)
    orders = [request_delivery() for _ in range(50)]
    deadline = time.monotonic() + 60
    rides: Counter[str] = Counter()

    def is_over() -> bool:
        assert time.monotonic() < deadline, "the orders are not delivered in time"
        return not Delivery.objects.exclude(status="delivered").exists()

    def dispatch_on() -> None:
        while not is_over():
            run_tick(region=REGION, now=utc_now())

    def ride(driver: Driver) -> None:
        while not is_over():
            for offer in Offer.objects.pending().filter(driver=driver):
                order_id = accepting(offer)().order_id
                for step in (facade.record_pick_up, facade.record_delivery):
                    with transaction.atomic():
                        step(order_id=order_id, user_id=driver.user_id, now=utc_now())
                rides[driver.name] += 1

    results = at_once(dispatch_on, dispatch_on, *[lambda d=driver: ride(d) for driver in drivers])

    assert [result for result in results if isinstance(result, Exception)] == []
    assert_loads_fit()
    assert Counter(Assignment.objects.values_list("order_id", "status")) == Counter(
        (order_id, "delivered") for order_id in orders
    )
    assert sum(rides.values()) == 50
    assert len(rides) == 5


def test_fifty_accepts_for_five_drivers_bind_five():
    """Even if a bug had offered ten orders to each at once."""
    drivers = crowd_online(5)
    with without(Offer, "offer_one_pending_per_driver"):
        results = at_once(*map(accepting, ten_offers_for_each(drivers)))

        won = [result for result in results if isinstance(result, Assignment)]
        assert len(won) == 5
        assert {type(result).__name__ for result in results} == {"Assignment", "DriverNotAvailable"}
        assert_loads_fit()


def test_control_without_the_conditional_update_drivers_are_overloaded(monkeypatch):
    drivers = crowd_online(5)
    pause = threading.Barrier(4)

    def read_then_write(self: DriverQuerySet, driver_id: UUID) -> bool:
        seen = Driver.objects.get(pk=driver_id)
        if seen.status != "available":
            return False
        with contextlib.suppress(threading.BrokenBarrierError):
            pause.wait(0.3)
        self.filter(pk=driver_id).update(active_count=seen.active_count + 1, status="busy")
        return True

    monkeypatch.setattr(DriverQuerySet, "take_slot", read_then_write)
    with without(Offer, "offer_one_pending_per_driver"):
        at_once(*map(accepting, ten_offers_for_each(drivers)))

        assert max(live_per_driver().values()) > 1
        with pytest.raises(AssertionError):
            assert_loads_fit()


def two_offers_for_one_order() -> tuple[UUID, list[Offer]]:
    order_id = request_delivery()
    return order_id, [pending_offer(order_id, driver) for driver in crowd_online(2)]


def test_two_drivers_accept_one_order_and_one_gets_it():
    with without(Offer, "offer_one_pending_per_delivery"):
        order_id, asked = two_offers_for_one_order()

        results = at_once(*map(accepting, asked))

        assert sorted(type(result).__name__ for result in results) == ["Assignment", "OfferWithdrawn"]
        assert Assignment.objects.live().filter(order_id=order_id).count() == 1
        assert_loads_fit()


def test_control_without_lock_and_constraint_one_order_gets_two_drivers(monkeypatch):
    pause = threading.Barrier(2)
    real_bind = offers._bind

    def bind_together(*args: Any) -> Assignment:
        pause.wait(5)
        return real_bind(*args)

    def unlocked(self: DeliveryQuerySet, **_: Any) -> DeliveryQuerySet:
        return self.order_by("id")

    monkeypatch.setattr(offers, "_bind", bind_together)
    monkeypatch.setattr(offers, "tell", lambda *args, **facts: None)
    monkeypatch.setattr(DeliveryQuerySet, "locked", unlocked)
    with (
        without(Offer, "offer_one_pending_per_delivery"),
        without(Assignment, "assignment_one_live_per_order"),
    ):
        order_id, asked = two_offers_for_one_order()

        at_once(*map(accepting, asked))

        assert Assignment.objects.live().filter(order_id=order_id).count() == 2


def test_accept_and_expiry_exclude_each_other():
    cleo = rider_online("Cleo")
    outcomes: Counter[str] = Counter()
    for head_start_ms in range(0, 30, 2):
        order_id = request_delivery()
        tick()
        soon = utc_now() + timedelta(milliseconds=head_start_ms)
        offer = Offer.objects.get(delivery__order_id=order_id, status="pending")
        Offer.objects.filter(pk=offer.pk).update(expires_at=soon)

        def expire(deadline: Any = soon) -> int:
            while utc_now() <= deadline:
                pass
            return offers.expire_overdue(region=REGION, now=utc_now())

        at_once(accepting(offer), expire)
        offers.expire_overdue(region=REGION, now=utc_now())  # the first may have stepped aside for the answer

        offer.refresh_from_db()
        outcomes[offer.status] += 1
        assert Assignment.objects.filter(order_id=order_id).count() == (offer.status == "accepted")
        assert_loads_fit()
        facade.cancel_delivery(order_id=order_id, reason="order_cancelled", now=utc_now())
        Driver.objects.update(missed_offers=0)

    assert set(outcomes) <= {"accepted", "expired"}
    assert cleo.row.status == "available"


def test_an_order_cancelled_while_it_is_accepted_keeps_no_driver():
    cleo = rider_online("Cleo")
    for _ in range(15):
        order_id = request_delivery()
        tick()
        offer = Offer.objects.get(delivery__order_id=order_id)

        at_once(
            accepting(offer),
            lambda order_id=order_id: facade.cancel_delivery(order_id=order_id, reason="gone", now=utc_now()),
        )

        assert not Assignment.objects.live().exists()
        assert Delivery.objects.get(order_id=order_id).status == "cancelled"
        assert (cleo.row.status, cleo.row.active_count) == ("available", 0)
        events_of(order_id)


def test_two_releases_of_one_assignment_free_the_driver_once():
    cleo = rider_online("Cleo")
    order_id = request_delivery()
    tick()
    assignment = Assignment.objects.get(pk=cleo.accept_the_offer()["id"])

    def release() -> Assignment:
        return assignments.release(assignment_id=assignment.pk, version=0, reason="silent", now=utc_now())

    results = at_once(*[release] * 6)

    assert Counter(type(result).__name__ for result in results) == {"Assignment": 1, "AssignmentChanged": 5}
    assert (cleo.row.status, cleo.row.active_count) == ("available", 0)
    assert events_of(order_id).count("DriverReleased") == 1


def test_a_driver_who_leaves_while_he_is_asked_keeps_no_offer():
    cleo = rider_online("Cleo")
    for _ in range(15):
        cleo.go_online()
        order_id = request_delivery()

        at_once(
            lambda: online.go_offline(user_id=cleo.user.pk, now=utc_now()),
            lambda: run_tick(region=REGION, now=utc_now()),
        )

        assert cleo.row.status == "offline"
        assert Offer.objects.pending().count() == 0
        facade.cancel_delivery(order_id=order_id, reason="gone", now=utc_now())


def test_two_ticks_at_once_make_one_offer_each():
    crowd_online(10)
    for _ in range(10):
        request_delivery()

    results = at_once(*[lambda: run_tick(region=REGION, now=utc_now())] * 4)

    assert sum(result.offered for result in results) == 10
    assert Offer.objects.pending().values("driver").distinct().count() == 10
    assert Offer.objects.pending().values("delivery").distinct().count() == 10
