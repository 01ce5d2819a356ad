"""What is going to happen to each order, drawn from the seed before anybody moves. Pure.

Fates are dealt by quota, not by dice: of each block of orders exactly the wanted share is rejected, cancelled
and so on, so that a run of 200 orders never misses its delivered share by bad luck.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

BLOCK = 200
CARD = "pm_card_visa"
DECLINED_CARD = "pm_card_visa_chargeDeclined"
THREE_DS_CARD = "pm_card_threeDSecure2Required"


class Fate(StrEnum):
    """How an order is meant to go; NORMAL and THREE_DS are meant to be delivered."""

    NORMAL = "normal"
    CANCEL = "cancel"
    REJECT = "reject"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    THREE_DS = "three_ds"


CARDS = {Fate.DECLINED: DECLINED_CARD, Fate.THREE_DS: THREE_DS_CARD}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlan:
    """What the seed decides of one order: `n` counts from 0, `customer` is an index into the accounts."""

    n: int
    customer: int
    fate: Fate
    double_submit: bool

    @property
    def payment_method(self) -> str:
        return CARDS.get(self.fate, CARD)


def stream(seed: int, *names: object) -> random.Random:
    """A random stream of its own for whoever `names` names; the same in every run with that seed."""
    return random.Random("/".join(map(str, (seed, *names))))


def plan_orders(
    *, seed: int, customers: int, shares: Mapping[Fate, float], double_share: float, orders: int | None
) -> Iterator[OrderPlan]:
    """One plan per order, endless when `orders` is None. Customers take turns in an order the seed shuffles.

    Raises ValueError when the shares are negative or add up to more than one.
    """
    if min(shares.values(), default=0.0) < 0 or sum(shares.values()) > 1:
        raise ValueError("shares must be at least 0 and add up to at most 1")
    turns, doubles = _turns(seed, customers), stream(seed, "doubles")
    numbers = itertools.count() if orders is None else range(orders)
    for n, fate, customer in zip(numbers, _fates(seed, shares, orders), turns, strict=False):
        yield OrderPlan(n=n, customer=customer, fate=fate, double_submit=doubles.random() < double_share)


def _fates(seed: int, shares: Mapping[Fate, float], orders: int | None) -> Iterator[Fate]:
    """Blocks of fates; what rounding leaves over is carried into the next block."""
    rng, size = stream(seed, "fates"), min(orders or BLOCK, BLOCK)
    carry = dict.fromkeys(shares, 0.5)
    while True:
        block = []
        for fate, share in shares.items():
            carry[fate] += share * size
            count = int(carry[fate])
            carry[fate] -= count
            block += [fate] * count
        block = block[:size]
        block += [Fate.NORMAL] * (size - len(block))
        rng.shuffle(block)
        yield from block


def _turns(seed: int, customers: int) -> Iterator[int]:
    rng, everybody = stream(seed, "turns"), list(range(customers))
    while everybody:
        rng.shuffle(everybody)
        yield from everybody
