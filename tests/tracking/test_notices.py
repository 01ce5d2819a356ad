"""Who is to be told something hears it at once: the customer, the kitchen's board, the driver's phone."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from django.db.models import F

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from orders.models import Order
from orders.services import follow_kitchen
from tests.cast import Kitchen, cart
from tests.drivers.stage import Rider, app_of
from tests.orders.stage import hurry
from tests.orders.test_scheduled import its_time_comes, slot
from tests.tracking.stage import confirm, find_driver, in_thread, place, socket
from tests.worker import drain

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("loop_ends_clean", "sandbox"),
]


def be_late(order_id: UUID) -> None:
    Order.objects.filter(pk=order_id).update(promised_ready_at=F("promised_ready_at") - timedelta(minutes=21))
    follow_kitchen(order_id=order_id, now=utc_now())
    hurry()
    drain()


async def test_a_late_kitchen_is_heard_by_all_three(
    ada: User, bo: User, kitchen: Kitchen, cleo: Rider
) -> None:
    order_id = await in_thread(place, ada, kitchen)
    await in_thread(confirm, bo, kitchen, order_id)
    await in_thread(find_driver, cleo)
    async with (
        socket(f"/ws/orders/{order_id}/", user=ada) as hers,
        socket(f"/ws/restaurants/{kitchen.restaurant.pk}/", user=bo) as board,
        socket("/ws/driver/", user=cleo.user) as phone,
    ):
        before = await hers.hear()
        await board.hear()
        await in_thread(be_late, order_id)
        status, hers_said = await hers.hear_each("status", "notice")
        board_said, card = await board.hear_each("notice", "order")
        moved, phone_said = await phone.hear_each("delivery", "notice")

    said = [(frame["kind"], frame["order_id"]) for frame in (hers_said, board_said, phone_said)]
    kinds = ("order_late", "kitchen_late", "pickup_moved")
    assert said == [(kind, str(order_id)) for kind in kinds]
    assert status["status"] == "confirmed"
    assert status["seq"] == before["seq"] + 1
    assert card["order"]["id"] == str(order_id)
    assert moved["event"] == "prep_time_changed"


async def test_a_scheduled_order_comes_to_the_board_when_its_time_has_come(
    ada: User, bo: User, kitchen: Kitchen
) -> None:
    def order() -> UUID:
        body = cart(kitchen, scheduled_for=slot(timedelta(days=1)).isoformat())
        answer = app_of(ada).post("/api/v1/orders/", body, format="json")
        assert answer.status_code == 201, answer.content
        drain()
        return UUID(answer.json()["id"])

    async with socket(f"/ws/restaurants/{kitchen.restaurant.pk}/", user=bo) as board:
        assert (await board.hear())["orders"] == []
        order_id = await in_thread(order)
        assert await board.is_silent()
        await in_thread(its_time_comes, order_id)
        frame = await board.hear_until("order")
    assert (frame["event"], frame["order"]["id"]) == ("ticket_opened", str(order_id))
