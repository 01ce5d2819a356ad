"""What the actors share, what a customer's phone shows, and the line that tells how a run goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import time

import pytest

from deliveryapp.city import load_city
from deliveryapp.simulator.client import Transport
from deliveryapp.simulator.measures import Measures
from deliveryapp.simulator.plans import Fate, OrderPlan
from deliveryapp.simulator.progress import progress_line
from deliveryapp.simulator.run import deadline_s
from deliveryapp.simulator.watching import OrderScreen
from deliveryapp.simulator.world import Options, SimOrder, World, parse_time, seconds_since

OPTIONS = Options(
    base_url="http://127.0.0.1:9",
    live_url="http://127.0.0.1:9",
    sandbox_url=None,
    city="grid:4x4",
    seed=1,
    speed=20.0,
    rate=0.5,
    orders=200,
    duration_s=None,
    customers=3,
    kitchens=2,
    drivers=2,
    shares={},
    double_share=0.0,
    driver_decline_share=0.0,
    min_delivered=0.95,
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    transport = Transport(base_url=OPTIONS.base_url, measures=Measures(), seed=1)
    yield World(options=OPTIONS, city=load_city(OPTIONS.city), transport=transport)
    await transport.close()


def sim_order(world: World, order_id: str = "order-1", *, status: str = "placed") -> SimOrder:
    plan = OrderPlan(n=0, customer=0, fate=Fate.NORMAL, double_submit=False)
    order = SimOrder(plan=plan, session=world.session("customer", 0), restaurant_id="r-1", order_id=order_id)
    order.status = status
    return order


class TestScreen:
    SNAPSHOT = {"type": "snapshot", "seq": 2, "order": {"status": "placed"}, "driver": None}

    async def test_follows_frames_from_the_snapshot_on(self, world: World) -> None:
        screen = OrderScreen(world, sim_order(world))
        await screen.on_frame(self.SNAPSHOT)
        await screen.on_frame({"type": "status", "seq": 3, "status": "confirmed"})
        assert screen.order.status == "confirmed"
        assert world.measures.events["frame_gap"] == 0
        assert not screen.final.is_set()

    async def test_old_frames_change_nothing(self, world: World) -> None:
        screen = OrderScreen(world, sim_order(world))
        await screen.on_frame(self.SNAPSHOT | {"seq": 4, "order": {"status": "preparing"}})
        await screen.on_frame({"type": "status", "seq": 3, "status": "confirmed"})
        assert screen.order.status == "preparing"

    async def test_a_gap_asks_for_the_snapshot(self, world: World) -> None:
        screen = OrderScreen(world, sim_order(world))
        await screen.on_frame(self.SNAPSHOT)
        await screen.on_frame({"type": "status", "seq": 4, "status": "preparing"})
        assert world.measures.events["frame_gap"] == 1

    async def test_the_end_is_the_end(self, world: World) -> None:
        screen = OrderScreen(world, sim_order(world))
        await screen.on_frame(self.SNAPSHOT)
        await screen.on_frame({"type": "position", "at": "2026-01-01T12:00:00Z"})
        await screen.on_frame({"type": "status", "seq": 3, "status": "cancelled"})
        await screen.on_frame({"type": "status", "seq": 4, "status": "confirmed"})
        assert (screen.order.status, screen.order.position_at) == ("cancelled", None)
        assert screen.final.is_set()

    async def test_a_released_driver_takes_his_position_with_him(self, world: World) -> None:
        screen = OrderScreen(world, sim_order(world))
        at = "2026-01-01T12:00:00.5+00:00"
        await screen.on_frame({"type": "driver", "driver": {"name": "Cleo", "position": {"at": at}}})
        assert screen.order.position_at == parse_time(at)
        await screen.on_frame({"type": "driver", "driver": None})
        assert screen.order.position_at is None


class TestWorld:
    async def test_a_kitchen_waits_for_the_customer_who_is_just_placing(self, world: World) -> None:
        world.placing("r-1", +1)
        asking = asyncio.create_task(world.order("order-1", "r-1"))
        await asyncio.sleep(0)
        assert not asking.done()
        order = sim_order(world)
        world.add(order)
        assert await asking is order

    async def test_an_order_of_somebody_else_is_nobodys(self, world: World) -> None:
        world.placing("r-2", +1)
        assert await world.order("order-1", "r-1") is None
        world.placing("r-1", +1)
        asking = asyncio.create_task(world.order("order-1", "r-1"))
        await asyncio.sleep(0)
        world.placing("r-1", -1)
        assert await asking is None

    async def test_the_same_names_draw_the_same(self, world: World) -> None:
        assert world.rng("driver", 1).random() == world.rng("driver", 1).random()
        assert world.rng("driver", 1).random() != world.rng("driver", 2).random()

    def test_times_of_the_server(self) -> None:
        assert parse_time("2026-01-01T00:00:00Z") == parse_time("2026-01-01T01:00:00+01:00") == 1_767_225_600
        assert parse_time("2026-01-01T00:00:00") == 1_767_225_600
        assert abs(seconds_since("2026-01-01T00:00:00Z") - (time() - 1_767_225_600)) < 1


class TestProgress:
    async def test_the_line(self, world: World) -> None:
        for number, status in enumerate(["delivered"] * 3 + ["cancelled", "placed", "ready", "ready"]):
            world.add(sim_order(world, f"order-{number}", status=status))
        world.drivers_online, world.drivers_busy = 40, 2
        assert progress_line(world, elapsed_s=65.2, bar=False) == (
            "1:05  placed 7/200  final 4 (delivered 3)  placed 1, ready 2  drivers busy 2/40  0.11 orders/s"
        )

    async def test_the_bar_fills_with_final_orders(self, world: World) -> None:
        assert progress_line(world, elapsed_s=0, bar=True).startswith("░" * 24)
        for number in range(100):
            world.add(sim_order(world, f"order-{number}", status="delivered"))
        assert progress_line(world, elapsed_s=1, bar=True).startswith("█" * 12 + "░" * 12)

    def test_the_deadline_is_generous(self) -> None:
        assert deadline_s(OPTIONS) == 1.5 * 400 + 270 + 180
