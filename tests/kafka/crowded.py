"""Many events of many orders, and the wait for what follows from them."""

from __future__ import annotations

from uuid import uuid4

from deliveryapp.transport import Wire
from tests.deliveryapp.toys import wire
from tests.kafka.handlers import ONCE, effects, times_each
from tests.live import poll


def events(orders: int, each: int, *, region: str = "helsinki") -> list[Wire]:
    """So many events of so many orders, all orders side by side."""
    subjects = [uuid4() for _ in range(orders)]
    return [wire(subject, seq, region=region) for seq in range(1, each + 1) for subject in subjects]


def await_effects(wires: list[Wire], *, timeout_s: float = 30.0) -> None:
    for handler in ONCE:
        poll(
            lambda handler=handler: effects(handler).keys() >= times_each(wires).keys(),  # type: ignore[misc]
            what=f"{len(wires)} effects of {handler}",
            timeout_s=timeout_s,
        )
