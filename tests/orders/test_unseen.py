"""Nobody in the kitchen sees the order: louder, then others, the telephone, support, and the time-out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import F

from deliveryapp.models import OutboxEvent, User
from orders.models import NotificationRequest, Order
from orders.services import sending
from restaurants.models import Restaurant, StaffMember, Ticket
from tests.orders.stage import Stage, hurry, saga_of
from tests.worker import drain

pytestmark = pytest.mark.django_db
LOUDER = ("in_app", "restaurant", "louder")
TELEPHONE = [("sms", "restaurant", "call"), ("call", "restaurant", "call")]
SUPPORT = ("in_app", "support", "support")


def after(order_id: UUID, seconds: float) -> list[tuple[str, str, str]]:
    """So long after it was placed, and what was asked for by then: (channel, audience, occurrence)."""
    order = Order.objects.get(pk=order_id)
    assert order.placed_at is not None
    Order.objects.filter(pk=order_id).update(placed_at=F("created_at") - timedelta(seconds=seconds))
    hurry()
    drain()
    rows = NotificationRequest.objects.filter(order_id=order_id, kind="ticket_unseen").order_by("id")
    return [(row.channel, row.audience, row.occurrence) for row in rows]


def test_the_ladder_is_climbed_rung_by_rung_and_each_once(stage: Stage, bo: User, dov: User) -> None:
    restaurant = stage.kitchen.restaurant
    Restaurant.objects.filter(pk=restaurant.pk).update(phone="+358 9 1234")
    StaffMember.objects.create(restaurant=restaurant, user=dov, role="kitchen")
    staff = [("push", "staff", str(person.pk)) for person in (bo, dov)]
    order_id = stage.placed()
    asked: list[tuple[str, str, str]] = []
    for seconds, rung in (
        (55, []),
        (61, [LOUDER]),
        (100, []),
        (121, staff),
        (181, TELEPHONE),
        (241, [SUPPORT]),
    ):
        asked += rung
        assert after(order_id, seconds) == asked, seconds
    assert saga_of(order_id)[:2] == ("running", "await_confirmation")
    rows = NotificationRequest.objects.filter(order_id=order_id)
    assert {(row.channel, row.state) for row in rows} == {
        ("in_app", "requested"),
        ("push", "sent"),
        ("sms", "sent"),
        ("call", "sent"),
    }
    assert OutboxEvent.objects.filter(type="NotificationRequested").count() == len(asked)
    assert after(order_id, 301) == asked
    assert Order.objects.get(pk=order_id).cancel_reason == "restaurant_timeout"
    stage.assert_clean()


@pytest.mark.parametrize("how", ["acknowledge", "confirm"])
def test_who_sees_it_or_answers_ends_it(stage: Stage, bo: User, how: str) -> None:
    order_id = stage.placed()
    assert after(order_id, 61) == [LOUDER]
    stage.must(stage.board(order_id, how, {"prep_minutes": 10}))
    assert after(order_id, 241) == [LOUDER]
    ticket = Ticket.objects.get(order_id=order_id)
    seen = (ticket.acknowledged_at is not None, ticket.acknowledged_by)
    assert seen == ((True, bo.pk) if how == "acknowledge" else (False, None))


def test_a_dead_worker_leaves_no_rung_out(stage: Stage) -> None:
    """Nobody looked for four minutes: all rungs are climbed at once."""
    order_id = stage.placed()
    assert len(after(order_id, 250)) == 5


def test_a_scheduled_order_is_not_missed_before_it_is_shown(stage: Stage) -> None:
    order_id = stage.placed()
    Order.objects.filter(pk=order_id).update(
        opens_at=F("created_at") - timedelta(seconds=61), scheduled_for=F("created_at") + timedelta(hours=1)
    )
    assert after(order_id, 3_600) == [LOUDER]


def test_what_cannot_be_sent_is_tried_again_and_what_nobody_needs_is_dropped(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    Restaurant.objects.filter(pk=stage.kitchen.restaurant.pk).update(phone="+358 9 1234")
    sent: list[Any] = []
    monkeypatch.setattr(sending.LogSender, "send", lambda _, message: sent.append(message))
    order_id = stage.placed()
    after(order_id, 181)
    told_by = {message.channel: message.address for message in sent}
    assert (len(sent), told_by.keys()) == (3, {"push", "sms", "call"})
    assert told_by["sms"] == told_by["call"] == "+358 9 1234"
    [sms] = NotificationRequest.objects.filter(channel="sms")
    sending.send_request(notification_id=sms.pk, now=sms.requested_at)
    assert len(sent) == 3  # once sent, it is

    stage.must(stage.board(order_id, "acknowledge"))
    NotificationRequest.objects.filter(pk=sms.pk).update(occurrence="late")
    sms.refresh_from_db()
    sms.state = "requested"
    sms.save()
    sending.send_request(notification_id=sms.pk, now=sms.requested_at)
    sms.refresh_from_db()
    assert (sms.state, len(sent)) == ("dropped", 3)
