"""Drivers: go online, take offers, ride the streets to the restaurant and to the door, hand over."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any

from deliveryapp.geo import Point
from deliveryapp.routing import router_for
from deliveryapp.simulator.client import NoSuchAccount, Problem, Unreachable
from deliveryapp.simulator.measures import ASSIGNED, POSITION_DROPPED
from deliveryapp.simulator.phone import PositionReporter
from deliveryapp.simulator.riding import Fix, Ride
from deliveryapp.simulator.sockets import Channel, Frame
from deliveryapp.simulator.world import World

POLL_S = (40.0, 80.0)
BLIND_POLL_S = (2.0, 4.0)
READY_POLL_S = 8.0
IGNORED_SHARE = 0.01
DECLINES = ("too_far", "busy", "vehicle", "other")
URL = "/api/v1/driver/"

Json = dict[str, Any]


class Driver:
    """One driver. The platform's list of deliveries decides what he does, so a restart changes nothing."""

    def __init__(self, world: World, number: int) -> None:
        self._world, self._session = world, world.session("driver", number)
        self._rng, self._taste = world.rng("driver", number), world.rng("taste", number)
        self._fix = Fix(self._rng.choice(world.city.addresses).location, 0.0, 0.0)
        self._ride: tuple[Ride, float] | None = None
        self._vehicle, self._router = "bicycle", router_for(world.city.slug)
        self._news = asyncio.Event()
        self._considered: set[str] = set()
        self._busy = self._is_coming_back = False
        self._tasks = asyncio.TaskGroup()
        self._channel = Channel(
            session=self._session,
            live_url=world.options.live_url,
            path="/ws/driver/",
            seed=world.options.seed,
            on_frame=self._on_frame,
        )
        self._reporter = PositionReporter(
            world, self._session, self._channel, self.where, world.rng("phone", number)
        )

    async def start(self) -> bool:
        """Log in and go online; False when there is no such account. Raises Problem, Unreachable."""
        try:
            me = await self._session.get(f"{URL}me/")
            self._vehicle = me["vehicle"]
            await self._session.post(f"{URL}online/", _lat_lng(self._fix.point))
        except NoSuchAccount:
            return False
        except Problem as problem:
            if problem.status != 409:  # 409: still on a delivery since before a restart
                raise
        self._world.drivers_online += 1
        return True

    async def run(self) -> None:
        """Work until cancelled."""
        async with self._tasks:
            self._tasks.create_task(self._channel.run())
            self._tasks.create_task(self._reporter.run())
            while True:
                delivery = await self._next_delivery()
                self._show(busy=delivery is not None)
                if delivery is None:
                    await self._wait_for_news(self._rng.uniform(*self._poll_s()))
                else:
                    await self._step(delivery)

    async def stop(self) -> None:
        """End the shift; a driver on the way stays on the way."""
        try:
            await self._session.call("POST", f"{URL}offline/", json={}, patience_s=1.0)
        except (Problem, Unreachable, NoSuchAccount):
            return

    def _learn_shift(self, status: str) -> None:
        if status == "offline" and not self._is_coming_back:
            self._is_coming_back = True
            self._tasks.create_task(self._come_back())

    def _learn_dropped(self, reasons: list[str]) -> None:
        """Points that the platform did not believe; "offline" also tells of a missed end of the shift."""
        for reason in reasons:
            self._world.measures.events[f"{POSITION_DROPPED}{reason}"] += 1
            self._learn_shift(reason)

    async def _come_back(self) -> None:
        """The platform ended the shift after missed offers; he looks at his phone and goes online again."""
        await self._world.pause(self._taste.uniform(60, 180))
        await self._act(f"{URL}online/", _lat_lng(self.where().point))
        self._is_coming_back = False

    def where(self) -> Fix:
        """Where he is now: on his ride, or where the last one ended."""
        if self._ride is not None:
            ride, started = self._ride
            self._fix = ride.at((monotonic() - started) * self._world.options.speed)
        return self._fix

    def _poll_s(self) -> tuple[float, float]:
        return POLL_S if self._channel.is_open else BLIND_POLL_S

    def _show(self, *, busy: bool) -> None:
        self._world.drivers_busy += busy - self._busy
        self._busy = busy

    async def _on_frame(self, frame: Frame) -> None:
        match frame["type"]:
            case "snapshot":
                self._consider_all(frame["offers"])
                self._news.set()
            case "offer":
                self._consider_all([frame["offer"]])
            case "delivery":
                self._news.set()
            case "shift":
                self._learn_shift(frame["status"])
            case "ack":
                self._learn_dropped([point["reason"] for point in frame["dropped"]])

    async def _wait_for_news(self, timeout_s: float) -> bool:
        """Whether the platform said anything about his deliveries within `timeout_s`."""
        try:
            await asyncio.wait_for(self._news.wait(), timeout_s)
        except TimeoutError:
            return False
        finally:
            self._news.clear()
        return True

    async def _next_delivery(self) -> Json | None:
        """The delivery to work on; without one, offers that the socket may have missed are taken up."""
        try:
            deliveries = (await self._session.get(f"{URL}deliveries/"))["results"]
            if not deliveries:
                self._consider_all((await self._session.get(f"{URL}offers/"))["results"])
        except (Problem, Unreachable):
            await asyncio.sleep(1.0)
            return None
        started: list[Json] = [delivery for delivery in deliveries if delivery["status"] == "picked_up"]
        return next(iter([*started, *deliveries]), None)

    def _consider_all(self, offers: list[Json]) -> None:
        for offer in offers:
            if offer["id"] not in self._considered:
                self._considered.add(offer["id"])
                self._tasks.create_task(self._consider(offer))

    async def _consider(self, offer: Json) -> None:
        """Take the offer after a look at it; a few are declined or left to expire."""
        delay_s, dice = self._taste.uniform(4, 15), self._taste.random()
        await self._world.pause(delay_s)
        if dice < IGNORED_SHARE:
            self._world.measures.events["offer_ignored"] += 1
        elif dice < IGNORED_SHARE + self._world.options.driver_decline_share:
            await self._answer(offer, "decline", {"reason": self._taste.choice(DECLINES)})
        elif await self._answer(offer, "accept", {}):
            self._measure_assignment(offer["order_id"])
            self._news.set()

    async def _answer(self, offer: Json, action: str, body: Json) -> bool:
        try:
            await self._session.post(f"{URL}offers/{offer['id']}/{action}/", body)
        except (Problem, Unreachable):
            self._news.set()  # it may have worked all the same: look
            return False
        self._world.measures.events[f"offer_{action}"] += 1
        return True

    def _measure_assignment(self, order_id: str) -> None:
        order = self._world.orders.get(order_id)
        if order is not None and "confirmed" in order.marks and "assigned" not in order.marks:
            order.mark("assigned")
            self._world.measures.observe(ASSIGNED, order.marks["assigned"] - order.marks["confirmed"])

    async def _step(self, delivery: Json) -> None:
        """The next step of a delivery: to the restaurant, wait for the food, to the customer."""
        url = f"{URL}deliveries/{delivery['order_id']}/"
        match delivery["status"]:
            case "assigned":
                if await self._go_to(delivery["pickup"]):
                    await self._world.pause(self._rng.uniform(20, 60))
                    await self._act(f"{url}arrived/", {"at": "restaurant"})
            case "arrived":
                if delivery["order_status"] == "ready":
                    await self._world.pause(self._rng.uniform(10, 40))
                    await self._act(f"{url}picked-up/", {})
                else:
                    await self._wait_for_news(READY_POLL_S)
            case "picked_up":
                if await self._go_to(delivery["dropoff"]):
                    await self._act(f"{url}arrived/", {"at": "customer"})
                    await self._world.pause(self._rng.uniform(30, 120))
                    await self._act(f"{url}delivered/", {})

    async def _act(self, url: str, body: Json) -> bool:
        """One button; when it is refused the list of deliveries says how to go on, after a breath.

        He stands where he says: where his last positions were lost, he insists.
        """
        try:
            await self._session.post(url, body)
        except Problem as problem:
            if problem.code == "too_far_away" and "override_reason" not in body:
                self._world.measures.events["seen_far_away"] += 1
                return await self._act(url, body | {"override_reason": "wrong_position"})
            await asyncio.sleep(1.0)
            return False
        except Unreachable:
            await asyncio.sleep(1.0)
            return False
        return True

    async def _go_to(self, place: Json) -> bool:
        """Ride there along the streets; False when news came on the way, which need to be read first."""
        goal = Point(place["lat"], place["lng"])
        route = self._router.route(self.where().point, goal, vehicle=self._vehicle)
        ride = Ride(route, pace=self._rng.uniform(0.9, 1.15))
        self._ride = (ride, monotonic())
        interrupted = await self._wait_for_news(max(0.01, ride.duration_s / self._world.options.speed))
        self.where()
        self._ride = None
        return not interrupted


def _lat_lng(point: Point) -> Json:
    return {"lat": point.lat, "lng": point.lng}
