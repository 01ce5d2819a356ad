"""One run from the first log-in to the closing table."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Coroutine
from time import monotonic, time
from typing import Any, TextIO

from deliveryapp.city import City, load_city
from deliveryapp.routing import VEHICLES, router_for
from deliveryapp.simulator.client import Problem, Transport, Unreachable
from deliveryapp.simulator.customers import Customers
from deliveryapp.simulator.drivers import Driver
from deliveryapp.simulator.kitchens import Kitchen, kitchen_restaurants
from deliveryapp.simulator.measures import LOOP_LAG, POSITION_AGE, Measures
from deliveryapp.simulator.progress import show_progress
from deliveryapp.simulator.report import Facts, closing_table
from deliveryapp.simulator.verify import interrupted, verify
from deliveryapp.simulator.world import Options, World

SLOWEST_ORDER_S = 90 * 60  # of the city's time
SPARE_S, START_S = 180.0, 240.0
WATCHED = frozenset({"confirmed", "preparing", "ready", "picked_up"})


class CannotStart(Exception):
    """The city has no kitchens, drivers or customers, or the server does not answer."""


async def simulate(options: Options, *, out: TextIO) -> Facts:
    """Run the city, print progress and the closing table to `out`, and say what was found.

    Stays until SIGINT or SIGTERM when asked to; before the table these end the run early. Raises CannotStart.
    """
    stop = _stop_signal()
    transport = Transport(base_url=options.base_url, measures=Measures(), seed=options.seed)
    world = World(options=options, city=load_city(options.city), transport=transport)
    try:
        async with _open_city(world, stop=stop, out=out):
            facts = await _serve_customers(world, stop=stop, out=out)
            out.write(f"\n{closing_table(facts)}")
            out.flush()
            if options.stay and not stop.is_set():
                out.write("\nKitchens and drivers go on serving until ctrl-C.\n")
                out.flush()
                await stop.wait()
    finally:
        await transport.close()
    return facts


def _stop_signal() -> asyncio.Event:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


@contextlib.asynccontextmanager
async def _open_city(world: World, *, stop: asyncio.Event, out: TextIO) -> AsyncIterator[None]:
    """Kitchens and drivers at work; they go home at the end. Raises CannotStart."""
    out.write(
        f"Opening {world.city.name}: {world.options.kitchens} kitchens, {world.options.drivers} drivers\n"
    )
    out.flush()
    hiring = asyncio.ensure_future(_hire(world))
    try:
        if not await _done(hiring, stop=stop, timeout_s=START_S):
            raise CannotStart("stopped, or nobody could log in in time")
        kitchens, drivers = hiring.result()
    except (Unreachable, Problem) as reason:
        raise CannotStart(str(reason)) from reason
    if not kitchens or not drivers:
        raise CannotStart(
            f"{len(kitchens)} kitchens and {len(drivers)} drivers have an account; seed the city first"
        )
    out.write(f"At work: {len(kitchens)} restaurants, {len(drivers)} drivers\n")
    async with _background(
        *(kitchen.run() for kitchen in kitchens), *(driver.run() for driver in drivers), _sample(world)
    ):
        yield
    await asyncio.gather(*(driver.stop() for driver in drivers))


def _learn_streets(city: City) -> None:
    """Load the streets of each kind of vehicle now, not in the middle of the first rides."""
    start, end = city.addresses[0].location, city.addresses[-1].location
    for vehicle in VEHICLES:
        router_for(city.slug).route(start, end, vehicle=vehicle)


async def _hire(world: World) -> tuple[list[Kitchen], list[Driver]]:
    await asyncio.to_thread(_learn_streets, world.city)
    kitchens, drivers = await asyncio.gather(_hire_kitchens(world), _hire_drivers(world))
    return kitchens, drivers


async def _hire_kitchens(world: World) -> list[Kitchen]:
    sessions = [world.session("kitchen", number) for number in range(world.options.kitchens)]
    owned = await asyncio.gather(*(kitchen_restaurants(world, session) for session in sessions))
    world.restaurants = {restaurant_id for ids in owned for restaurant_id in ids}
    return [
        Kitchen(world, session, owns) for session, ids in zip(sessions, owned, strict=True) for owns in ids
    ]


async def _hire_drivers(world: World) -> list[Driver]:
    drivers = [Driver(world, number) for number in range(world.options.drivers)]
    started = await asyncio.gather(*(driver.start() for driver in drivers))
    return [driver for driver, works in zip(drivers, started, strict=True) if works]


@contextlib.asynccontextmanager
async def _background(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` beside the block and cancel it at its end; a failure in it ends the block."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(coroutine) for coroutine in work]
        yield
        for task in tasks:
            task.cancel()


async def _serve_customers(world: World, *, stop: asyncio.Event, out: TextIO) -> Facts:
    """Until all orders are final, the deadline has passed or somebody wants to stop; then check all."""
    customers = Customers(world)
    world.started = monotonic()
    async with _background(show_progress(world, out)):
        orders = asyncio.ensure_future(customers.run())
        await _done(orders, stop=stop, timeout_s=deadline_s(world.options))
    if stop.is_set():
        return interrupted(world)
    try:
        return await verify(world, customers)
    except Unreachable:
        return interrupted(world)


async def _done(work: asyncio.Future[Any], *, stop: asyncio.Event, timeout_s: float) -> bool:
    """Wait for `work` until `stop` or the time-out, which cancel it; whether it came to its end."""
    stopped = asyncio.ensure_future(stop.wait())
    done, _ = await asyncio.wait({work, stopped}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if work in done:
        await work  # raises what went wrong in it
        return True
    work.cancel()
    await asyncio.wait({work})
    return False


def deadline_s(options: Options) -> float:
    """A generous limit of the wall clock for the whole run."""
    placing_s = options.duration_s if options.orders is None else options.orders / options.rate
    return 1.5 * (placing_s or 0.0) + SLOWEST_ORDER_S / options.speed + SPARE_S


async def _sample(world: World) -> None:
    """About once a second: how old the positions are that customers look at, and how late this process is."""
    rng = world.rng("sampler")
    while True:
        wait_s = rng.uniform(0.5, 1.5)  # an even beat would see every driver at the same age for ever
        due = monotonic() + wait_s
        await asyncio.sleep(wait_s)
        world.measures.observe(LOOP_LAG, monotonic() - due)
        for order in world.open_orders():
            if order.position_at is not None and order.status in WATCHED:
                world.measures.observe(POSITION_AGE, time() - order.position_at)
