"""Time as the business sees it.

The simulator can run the city faster than the wall clock; `SIMULATION_SPEED` (1 in production) tells the
platform by how much, so that preparation, rides and deadlines stay in proportion. Leases, retries and
network time-outs are never scaled: they belong to the machines, not to the city.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings


def utc_now() -> datetime:
    return datetime.now(UTC)


def speed() -> float:
    """Simulated seconds per real second."""
    return float(settings.SIMULATION_SPEED)


def scaled(duration: timedelta, *, floor: timedelta = timedelta(0)) -> timedelta:
    """How long `duration` of the city's time takes on the wall clock, at least `floor` when time runs
    fast.
    """
    return max(duration / speed(), min(floor, duration))


def unscaled(duration: timedelta) -> timedelta:
    """The city's time that passed in `duration` of the wall clock."""
    return duration * speed()
