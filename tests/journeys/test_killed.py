"""kill -9 in the middle of running orders: after the restart each ends as if nothing had been."""

from __future__ import annotations

from itertools import groupby

import pytest

from deliveryapp.models import SagaStep
from orders.models import Order
from tests.journeys.people import eventually
from tests.journeys.town import Town
from tests.journeys.wreck import Wreck
from tests.orders.stage import path_of

WITHIN_S = 62.0  # a lease begun just before the blow, and the sweep's second

pytestmark = [pytest.mark.journey, pytest.mark.slow]


def test_orders_survive_their_worker(town: Town, wreck: Wreck) -> None:
    assert wreck.known_states == {"capturing": "authorized", "voiding": "authorized"}, (
        "the blow came too late"
    )

    for quarter, order_id in (wreck.placed, wreck.confirmed):
        quarter.cleo.take(order_id)
        quarter.bring(order_id)
    quarter, order_id = wreck.assigned
    quarter.bring(order_id)
    quarter, order_id = wreck.capturing
    quarter.cleo.act(order_id, "delivered")

    for _, order_id in (wreck.placed, wreck.confirmed, wreck.assigned, wreck.capturing):
        town.expect_end(order_id, "completed", "hold", "capture")
        # A kitchen that its dead worker kept waiting may be late: that is told in place.
        assert [to for to, _ in groupby(to for to, _, _ in path_of(order_id))] == [
            *("created", "placed", "confirmed", "preparing", "ready", "picked_up", "delivered")
        ]
    quarter, order_id = wreck.voiding
    town.expect_end(order_id, "compensated", "hold", "release")
    assert quarter.ada.order(order_id)["payment"]["status"] == "voided"
    town.assert_clean()


def test_work_in_hand_is_resumed_within_a_minute(wreck: Wreck) -> None:
    """The lease of the dead, not the hour of a broker's visibility time-out."""
    for _, order_id in (wreck.capturing, wreck.voiding):
        begun = SagaStep.objects.filter(run__subject_id=order_id, started_at__gt=wreck.killed_at)
        eventually(begun.exists, True, timeout_s=WITHIN_S)
        waited_s = (begun.earliest("started_at").started_at - wreck.killed_at).total_seconds()
        assert waited_s < WITHIN_S


def test_a_key_survives_its_web_server(town: Town, wreck: Wreck) -> None:
    """The client cannot know what became of its request; it asks with the same key until it is told."""
    ada, kitchen = wreck.customer.ada, wreck.customer.kitchen
    assert wreck.answer_after_restart in (201, 202, 409)  # settled, unsettled, still in the hands of the dead
    eventually(lambda: ada.place(wreck.key).status_code, 201, timeout_s=120)

    order = Order.objects.get(restaurant_id=kitchen.restaurant.pk)
    assert ada.must(ada.place(wreck.key), 201)["id"] == str(order.pk)
    assert [row["id"] for row in ada.orders()] == [str(order.pk)]
    assert path_of(order.pk)[:2] == [("created", "customer", ""), ("placed", "system", "")]
    # Its kitchen was given as much time as any other, and let it pass.
    town.expect_end(order.pk, "compensated", "hold", "release")
    assert path_of(order.pk)[2:] == [("cancelled", "system", "restaurant_timeout")]
    town.assert_clean()
