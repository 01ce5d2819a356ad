"""Jobs: what one driver takes from one kitchen. At first every order is a job; some are put together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import permutations

from drivers.dispatch.picture import OpenOrder, Place, Service, Travel


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`orders` in the order of their drop-offs. `stamps_s` are the drop-offs counted from the pick-up,
    `ride_s` the time from pick-up until the driver is free; `apart_s` is what its orders together lose
    against each being picked up when ready and ridden straight to its door."""

    orders: tuple[OpenOrder, ...]
    ready_at_s: float
    stamps_s: tuple[float, ...]
    ride_s: float
    apart_s: float

    @property
    def kitchen_id(self) -> str:
        return self.orders[0].kitchen_id

    @property
    def pickup(self) -> Place:
        return self.orders[0].pickup

    @property
    def end(self) -> Place:
        return self.orders[-1].dropoff

    @property
    def size(self) -> int:
        return sum(order.size for order in self.orders)


@dataclass(frozen=True, slots=True)
class Legs:
    """Seconds of riding between places of one picture, looked up when first asked for."""

    travel: Travel
    vehicle: str
    known: dict[tuple[Place, Place], float]

    def __call__(self, origin: Place, destination: Place) -> float:
        key = (origin, destination)
        if key not in self.known:
            self.known[key] = float(self.travel([origin], [destination], self.vehicle)[0, 0])
        return self.known[key]

    def learn(self, origin: Place, destinations: Sequence[Place]) -> None:
        """Ask for several legs at once."""
        row = self.travel([origin], destinations, self.vehicle)[0].tolist()
        self.known.update(zip(((origin, place) for place in destinations), row, strict=True))


def single(order: OpenOrder, direct_s: float, service: Service) -> Job:
    stamp_s = service.after_pickup_s + direct_s + service.before_dropoff_s
    return Job(
        orders=(order,),
        ready_at_s=order.ready_at_s,
        stamps_s=(stamp_s,),
        ride_s=stamp_s + service.after_dropoff_s,
        apart_s=0.0,
    )


def joined(orders: Iterable[OpenOrder], legs: Legs, service: Service) -> Job:
    """One bag with the sequence of drop-offs that the orders like best (all are tried; bags are small)."""
    chosen = tuple(orders)
    ready_at_s = max(order.ready_at_s for order in chosen)
    pickup = chosen[0].pickup
    best: tuple[float, tuple[OpenOrder, ...], list[float]] | None = None
    for sequence in permutations(chosen):
        stamps_s = _stamps(sequence, legs, service)
        if best is None or sum(stamps_s) < best[0]:
            best = sum(stamps_s), sequence, stamps_s
    assert best is not None
    direct_s = sum(
        service.after_pickup_s + legs(pickup, order.dropoff) + service.before_dropoff_s for order in chosen
    )
    waits_s = sum(ready_at_s - order.ready_at_s for order in chosen)
    return Job(
        orders=best[1],
        ready_at_s=ready_at_s,
        stamps_s=tuple(best[2]),
        ride_s=best[2][-1] + service.after_dropoff_s,
        apart_s=best[0] - direct_s + waits_s,
    )


def _stamps(sequence: Sequence[OpenOrder], legs: Legs, service: Service) -> list[float]:
    at_s, place, stamps_s = service.after_pickup_s, sequence[0].pickup, []
    for order in sequence:
        stamps_s.append(at_s + legs(place, order.dropoff) + service.before_dropoff_s)
        at_s, place = stamps_s[-1] + service.after_dropoff_s, order.dropoff
    return stamps_s
