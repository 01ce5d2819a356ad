"""`/ws/restaurants/{id}/`: the board of a kitchen (F6, N2)."""

from __future__ import annotations

import pytest

from tests.tracking.stage import confirm, find_driver, in_thread, place, socket

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("loop_ends_clean", "sandbox"),
]


async def test_the_board_fills_as_orders_are_placed(ada, bo, kitchen):
    first = await in_thread(place, ada, kitchen)
    async with socket(f"/ws/restaurants/{kitchen.restaurant.pk}/", user=bo) as board:
        snapshot = await board.hear()
        second = await in_thread(place, ada, kitchen)
        placed = await board.hear()

    assert snapshot["type"] == "snapshot"
    assert [order["id"] for order in snapshot["orders"]] == [str(first)]
    assert (placed["type"], placed["event"]) == ("order", "OrderPlaced")
    assert (placed["order"]["id"], placed["order"]["status"]) == (str(second), "placed")
    [line] = placed["order"]["lines"]
    assert {name: line[name] for name in ("name", "quantity", "options", "note")} == {
        "name": "Soup",
        "quantity": 2,
        "options": [],
        "note": "",
    }


async def test_the_card_says_who_comes_for_the_food(ada, bo, kitchen, cleo):
    order_id = await in_thread(place, ada, kitchen)
    await in_thread(confirm, bo, kitchen, order_id)
    async with socket(f"/ws/restaurants/{kitchen.restaurant.pk}/", user=bo) as board:
        assert (await board.hear())["orders"][0]["driver"] is None
        await in_thread(find_driver, cleo)
        card = await board.hear()

    assert card["event"] == "DriverAssigned"
    assert card["order"]["driver"]["name"] == "Cleo"


async def test_the_board_is_for_its_staff_and_support(ada, bo, kitchen, sam, dov, cleo):
    route = f"/ws/restaurants/{kitchen.restaurant.pk}/"
    for user in (bo, sam):
        async with socket(route, user=user) as board:
            assert (await board.hear()) == {"type": "snapshot", "orders": []}
    for user in (ada, dov, cleo.user):
        async with socket(route, user=user) as board:
            assert await board.close_code() == 4404
