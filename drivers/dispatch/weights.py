"""What the rolling horizon's costs weigh. Seconds, or seconds per second; docs/dispatch.md explains each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    approach: float = 0.3
    """A second of riding empty to a kitchen, against a second of food waiting."""
    ride: float = 0.3
    """Share of the price of a driver's time that a job's own ride costs: short jobs first in a shortage."""
    fair_s: float = 120.0
    """An order for somebody whose guaranteed pay is earned, rather than for one with room below it."""
    leaving_s: float = 60.0
    leaving_within_s: float = 2_400.0
    """For whom the shift ends so soon, his time is worth less: nobody can use it later."""
    put_off_s: float = 1_800.0
    """When an order that nobody has time for would be picked up: so long from now."""
    rounds: int = 2
    """Jobs one after the other that are planned for a driver."""

    price_base: float = 0.02
    price_slope: float = 0.6
    price_from_load: float = 0.5
    price_most: float = 1.0
    """Price of a second of a driver's time, in seconds of delay: rises with load above `price_from_load`."""
    window_s: float = 1_800.0
    approach_guess_s: float = 400.0
    job_guess_s: float = 1_500.0
    coming: float = 0.3
    """Load: work that is known and `coming` times what the last hour makes expect, by the hands there are."""

    largest_bag: int = 3
    bag_spread_s: float = 1_200.0
    """Orders ready further apart never share a bag."""


OURS = Weights()
