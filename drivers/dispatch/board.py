"""The numbers of one decision: drivers as rows, kitchens as columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.dispatch.jobs import Job, Legs, single
from drivers.dispatch.picture import OpenOrder, Picture, Place, Seconds, ShiftDriver


@dataclass(frozen=True, slots=True)
class Board:
    """`columns` finds a kitchen's column by its id; `there` is whether a driver is, or will be when free, at
    the kitchen."""

    picture: Picture
    drivers: Sequence[ShiftDriver]
    free_s: Seconds
    off_s: Seconds
    room: NDArray[np.float64]
    columns: dict[str, int]
    kitchens: Sequence[Place]
    travel_s: Seconds
    there: NDArray[np.bool_]
    legs: Legs


def set_up(picture: Picture, orders: Sequence[OpenOrder], drivers: Sequence[ShiftDriver]) -> Board:
    """Rides with an order are counted at the speed of the first driver's vehicle."""
    pickups = {order.kitchen_id: order.pickup for order in orders}
    kitchens = list(pickups.values())
    column = {place: index for index, place in enumerate(kitchens)}
    here = np.array([column.get(driver.place, -1) for driver in drivers])
    return Board(
        picture=picture,
        drivers=drivers,
        free_s=np.array([driver.free_at_s for driver in drivers]),
        off_s=np.array([driver.off_at_s for driver in drivers]),
        room=np.array([float(driver.capacity) for driver in drivers]),
        columns={kitchen: column[place] for kitchen, place in pickups.items()},
        kitchens=kitchens,
        travel_s=_travel_s(picture, drivers, kitchens),
        there=here[:, None] == np.arange(len(kitchens)),
        legs=Legs(picture.travel, drivers[0].vehicle, {}),
    )


def _travel_s(picture: Picture, drivers: Sequence[ShiftDriver], kitchens: Sequence[Place]) -> Seconds:
    """By each driver's own vehicle."""
    travel_s = np.empty((len(drivers), len(kitchens)))
    for vehicle in sorted({driver.vehicle for driver in drivers}):
        rows = [row for row, driver in enumerate(drivers) if driver.vehicle == vehicle]
        travel_s[rows] = picture.travel([drivers[row].place for row in rows], kitchens, vehicle)
    return travel_s


def singles(board: Board, orders: Sequence[OpenOrder]) -> list[Job]:
    """A job for every order, the direct rides asked for kitchen by kitchen."""
    by_kitchen: dict[Place, list[Place]] = {}
    for order in orders:
        by_kitchen.setdefault(order.pickup, []).append(order.dropoff)
    for pickup, dropoffs in by_kitchen.items():
        board.legs.learn(pickup, dropoffs)
    service = board.picture.service
    return [single(order, board.legs(order.pickup, order.dropoff), service) for order in orders]


def column_of(board: Board, jobs: Sequence[Job]) -> NDArray[np.intp]:
    return np.array([board.columns[job.kitchen_id] for job in jobs], dtype=np.intp)


def pickups_s(
    board: Board,
    jobs: Sequence[Job],
    *,
    free_s: Seconds | None = None,
    travel_s: Seconds | None = None,
    there: NDArray[np.bool_] | None = None,
) -> tuple[Seconds, Seconds]:
    """(pick-up, approach) of each job (columns) by each driver (rows): when he could take it, infinite where
    he may not, and how long he would ride to the kitchen. Other whereabouts than today's may be given."""
    free_s = board.free_s if free_s is None else free_s
    travel_s = board.travel_s if travel_s is None else travel_s
    there = board.there if there is None else there
    now_s, columns = board.picture.now_s, column_of(board, jobs)
    at_place = there[:, columns]
    approach_s = np.where(at_place, 0.0, travel_s[:, columns])
    arrival_s = np.where(at_place, free_s[:, None], np.maximum(free_s, now_s)[:, None] + approach_s)
    ready_s = np.array([job.ready_at_s for job in jobs])
    pickup_s = np.maximum(
        np.maximum(arrival_s + board.picture.service.before_pickup_s, now_s), ready_s[np.newaxis]
    )
    size = np.array([job.size for job in jobs])
    barred = (pickup_s > board.off_s[:, None]) | (size > board.room[:, None])
    return np.where(barred, np.inf, pickup_s), approach_s
