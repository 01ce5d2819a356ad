"""Reading an instance: tab-separated files, minutes since the start of operations, coordinates in metres."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class OrderRow:
    id: str
    place: int
    placed_min: int
    kitchen_id: str
    ready_min: int


@dataclass(frozen=True, slots=True)
class CourierRow:
    id: str
    place: int
    on_min: int
    off_min: int


@dataclass(frozen=True, slots=True)
class Rules:
    """`meters_per_minute`, service and limits in minutes, pay in dollars."""

    meters_per_minute: float
    pickup_service_min: float
    dropoff_service_min: float
    target_min: float
    maximum_min: float
    pay_per_order: float
    pay_per_hour: float


@dataclass(frozen=True, slots=True)
class Instance:
    """Places are rows of `xy_m`; `names` are their ids in the files."""

    name: str
    rules: Rules
    orders: tuple[OrderRow, ...]
    couriers: tuple[CourierRow, ...]
    kitchens: dict[str, int]
    names: tuple[str, ...]
    xy_m: NDArray[np.float64]

    def travel_s(self, origins: Sequence[int], destinations: Sequence[int]) -> NDArray[np.float64]:
        """Seconds from each origin (rows) to each destination (columns); whole minutes, rounded up."""
        away_m = self.xy_m[np.asarray(origins, dtype=np.intp), None] - self.xy_m[list(destinations)]
        metres = np.sqrt((away_m**2).sum(axis=2))
        return np.asarray(np.ceil(metres / self.rules.meters_per_minute) * MINUTE_S)


def read_instance(folder: Path) -> Instance:
    """Raises ValueError when a file is missing or is not what it should be."""
    try:
        return _read(folder)
    except (OSError, IndexError, ValueError, KeyError) as error:
        raise ValueError(f"{folder} is not an instance: {error}") from error


def _read(folder: Path) -> Instance:
    orders, kitchens, couriers = (_rows(folder / f"{name}.txt") for name in _TABLES)
    rules = Rules(*(float(value) for value in _rows(folder / "instance_parameters.txt")[0]))
    rows = kitchens + couriers + orders
    place = {row[0]: index for index, row in enumerate(rows)}
    return Instance(
        name=folder.name,
        rules=rules,
        orders=tuple(OrderRow(r[0], place[r[0]], int(r[3]), r[4], int(r[5])) for r in orders),
        couriers=tuple(CourierRow(r[0], place[r[0]], int(r[3]), int(r[4])) for r in couriers),
        kitchens={row[0]: place[row[0]] for row in kitchens},
        names=tuple(place),
        xy_m=np.array([[float(row[1]), float(row[2])] for row in rows]),
    )


_TABLES = ("orders", "restaurants", "couriers")


def _rows(file: Path) -> list[list[str]]:
    return [line.split("\t") for line in file.read_text().splitlines()[1:] if line.strip()]
