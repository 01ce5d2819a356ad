"""Events: every move of an order is told exactly once, by one registered class, without personal data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import get_type_hints
from uuid import UUID

import pytest

from config.audit.invariants import changes_in_place, legal_moves
from config.subscriptions import ORDER_EVENTS, SUBSCRIPTIONS
from deliveryapp.events import Event, registered
from deliveryapp.models import OutboxEvent, User
from orders import events as order_events
from orders.models import Order, OrderStatusChange
from tests.orders.stage import ClientOf, Stage

PLAIN = {UUID, str, int, bool, datetime, type(None)}
SOURCES = {"orders", "payments", "drivers", "restaurants"}
TOLD_BY = {
    "created": "OrderCreated",
    "placed": "OrderPlaced",
    "confirmed": "OrderConfirmed",
    "preparing": "OrderPreparing",
    "ready": "OrderReady",
    "picked_up": "OrderPickedUp",
    "delivered": "OrderDelivered",
    "cancelled": "OrderCancelled",
    "failed": "OrderFailed",
}
TOLD_IN_PLACE = {  # the state stays; here only an order that waits for its kitchen loses a piece
    "placed": "OrderAmended",
    "confirmed": "OrderPrepTimeChanged",
    "preparing": "OrderPrepTimeChanged",
}
ABOUT_OTHERS = "NotificationRequested"
PERSONAL = ("name", "email", "phone", "street", "address", "note", "lat", "lng", "card")


@pytest.fixture(params=sorted(registered()))
def kind(request: pytest.FixtureRequest) -> type[Event]:
    return registered()[request.param]


def test_an_event_is_made_of_ids_and_plain_facts(kind: type[Event]) -> None:
    hints = get_type_hints(kind)
    for field in fields(kind):
        parts = set(getattr(hints[field.name], "__args__", (hints[field.name],)))
        assert parts <= PLAIN, f"{kind.__name__}.{field.name}"
        assert not field.name.startswith(PERSONAL), f"{kind.__name__}.{field.name} looks personal"


def test_an_event_says_where_it_comes_from_and_what_it_is_about(kind: type[Event]) -> None:
    names = {field.name for field in fields(kind)}
    assert kind.source in SOURCES
    assert kind.__module__ == f"{kind.source}.events"
    assert {kind.subject_field, kind.key_field} <= names
    assert kind.topic
    assert kind.version >= 1


def test_what_is_subscribed_to_is_registered() -> None:
    for row in SUBSCRIPTIONS:
        assert {event.__name__ for event in row.events} <= set(registered()), row.name


def test_every_state_of_an_order_has_its_event() -> None:
    assert set(TOLD_BY) == {str(status) for status in Order.Status}
    of_the_order = {*TOLD_BY.values(), *TOLD_IN_PLACE.values()}
    assert {event.__name__ for event in ORDER_EVENTS} == of_the_order
    declared = {name for name, event in registered().items() if event.source == "orders"}
    assert declared == {*of_the_order, ABOUT_OTHERS}
    assert {getattr(order_events, name) for name in of_the_order} == set(ORDER_EVENTS)


def told_by(move: OrderStatusChange) -> str:
    in_place = move.from_status == move.to_status
    return (TOLD_IN_PLACE if in_place else TOLD_BY)[move.to_status]


def walks(stage: Stage, support: ClientOf, sam: User) -> Iterator[UUID]:
    """Orders that together make every legal move."""
    answer = stage.place(payment_method="pm_card_chargeDeclined")
    yield UUID(answer.json()["order_id"])
    for verbs in ((), ("confirm",), ("confirm", "preparing"), ("confirm", "preparing", "ready")):
        order_id = stage.placed()
        if not verbs:
            stage.must(stage.board(order_id, f"lines/{stage.lines(order_id)[0]}/remove", {"quantity": 1}))
        for verb in verbs:
            stage.must(stage.board(order_id, verb, {"prep_minutes": 5} if verb == "confirm" else {}))
            if verb != "ready":
                stage.must(stage.board(order_id, "prep-time", {"minutes": 10}))
        stage.must(stage.cancel(order_id))
        yield order_id
    delivered = stage.on_the_road()
    stage.must(stage.ride(delivered, "delivered"))
    yield delivered
    cancelled = stage.on_the_road()
    stage.must(stage.cancel(cancelled, by=support(sam)))
    yield cancelled


@pytest.mark.django_db
def test_every_legal_move_is_told_exactly_once(stage: Stage, as_: ClientOf, sam: User) -> None:
    seen: set[tuple[str, str]] = set()
    for order_id in walks(stage, as_, sam):
        moves = OrderStatusChange.objects.filter(order_id=order_id).order_by("seq")
        told = OutboxEvent.objects.filter(source="orders", subject=order_id).order_by("seq")

        assert [(row.seq, row.type) for row in told] == [(m.seq, told_by(m)) for m in moves]
        assert {row.data["order_id"] for row in told} == {str(order_id)}
        seen |= {(move.from_status, move.to_status) for move in moves}

    assert seen == {("", "created"), *legal_moves(), *changes_in_place()}
