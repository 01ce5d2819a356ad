"""Tickets: one per order, numbered without a gap, also when everybody opens one at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError
from django.db.models import QuerySet

from restaurants.errors import RestaurantNotFound, TicketNotFound
from restaurants.facade import acknowledge_ticket, open_ticket, tickets, withdraw_ticket
from restaurants.models import Restaurant, Ticket
from restaurants.services import tickets as ticket_services
from tests.crowd import at_once
from tests.restaurants.conftest import Make

NOW = datetime(2025, 5, 5, 9, tzinfo=UTC)
LATER = NOW + timedelta(minutes=2)


@pytest.fixture
def luna(make: Make) -> Restaurant:
    return make("luna")


def open_one(restaurant: Restaurant, order_id: UUID | None = None, now: datetime = NOW) -> int:
    return open_ticket(order_id=order_id or uuid4(), restaurant_id=restaurant.pk, now=now)


def test_each_restaurant_counts_for_itself(luna: Restaurant, make: Make) -> None:
    sol = make("sol")
    assert [open_one(luna), open_one(luna), open_one(sol), open_one(luna)] == [1, 2, 1, 3]


def test_asking_again_gives_the_same_number(luna: Restaurant) -> None:
    order_id = uuid4()
    assert [open_one(luna, order_id), open_one(luna), open_one(luna, order_id, LATER)] == [1, 2, 1]
    assert tickets(order_ids=[order_id])[order_id].opened_at == NOW
    assert Restaurant.objects.get(pk=luna.pk).ticket_seq == Ticket.objects.count() == 2


def test_no_ticket_without_a_restaurant(db: None) -> None:
    with pytest.raises(RestaurantNotFound):
        open_ticket(order_id=uuid4(), restaurant_id=uuid4(), now=NOW)
    assert not Ticket.objects.exists()


def test_the_first_acknowledgement_counts(luna: Restaurant) -> None:
    order_id = uuid4()
    open_one(luna, order_id)
    assert acknowledge_ticket(order_id=order_id, now=NOW).acknowledged_at == NOW
    assert acknowledge_ticket(order_id=order_id, now=LATER).acknowledged_at == NOW


def test_a_withdrawn_ticket_stays_unseen(luna: Restaurant) -> None:
    order_id = uuid4()
    open_one(luna, order_id)
    withdraw_ticket(order_id=order_id, now=NOW)
    withdraw_ticket(order_id=order_id, now=LATER)
    seen = acknowledge_ticket(order_id=order_id, now=LATER)
    assert (seen.withdrawn_at, seen.acknowledged_at) == (NOW, None)


def test_orders_without_a_ticket(luna: Restaurant) -> None:
    known, unknown = uuid4(), uuid4()
    open_one(luna, known)
    withdraw_ticket(order_id=unknown, now=NOW)
    assert set(tickets(order_ids=[known, unknown])) == {known}
    with pytest.raises(TicketNotFound):
        acknowledge_ticket(order_id=unknown, now=NOW)


def open_at_once(restaurant: Restaurant, order_ids: list[UUID]) -> list[int | IntegrityError]:
    opens = [lambda order_id=order_id: open_one(restaurant, order_id) for order_id in order_ids]
    return at_once(*opens, refusals=IntegrityError)


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Holds each thread between reading the last number and writing the next, until another is there."""
    both = threading.Barrier(2)
    tickets_of = ticket_services._tickets

    def meet(order_id: UUID) -> QuerySet[Ticket]:
        with contextlib.suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return tickets_of(order_id)

    monkeypatch.setattr(ticket_services, "_tickets", meet)
    yield
    both.abort()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_tickets_opened_at_once_have_different_numbers(luna: Restaurant, meeting: None) -> None:
    numbers = open_at_once(luna, [uuid4() for _ in range(6)])
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]  # type: ignore[type-var]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_one_order_opened_at_once_has_one_ticket(luna: Restaurant, meeting: None) -> None:
    order_id = uuid4()
    assert open_at_once(luna, [order_id] * 6) == [1] * 6
    assert (Ticket.objects.count(), Restaurant.objects.get(pk=luna.pk).ticket_seq) == (1, 1)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_control_without_the_row_lock_numbers_collide(
    luna: Restaurant, meeting: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(rows: QuerySet[Any], **_: object) -> QuerySet[Any]:
        return rows.all()

    monkeypatch.setattr(QuerySet, "select_for_update", unlocked)
    monkeypatch.setattr(
        type(Restaurant.objects), "select_for_update", lambda manager, **_: manager.get_queryset()
    )
    outcomes = open_at_once(luna, [uuid4(), uuid4()])
    assert sorted(isinstance(outcome, IntegrityError) for outcome in outcomes) == [False, True]
