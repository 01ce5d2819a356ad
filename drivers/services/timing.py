"""How long things may take on the wall clock: the city's durations at the simulation's speed, with floors."""

from datetime import timedelta

from deliveryapp.clock import scaled

MISSES_THAT_END_A_SHIFT = 3


def offer_lifetime() -> timedelta:
    """How long a driver has to answer."""
    return scaled(timedelta(seconds=45), floor=timedelta(seconds=12))


def search_deadline() -> timedelta:
    """How long a search may last before somebody is told."""
    return scaled(timedelta(minutes=15), floor=timedelta(seconds=45))


def search_pause(*, escalated: bool) -> timedelta:
    """From a fruitless search to the next, wider one."""
    if escalated:
        return scaled(timedelta(seconds=30), floor=timedelta(seconds=5))
    return scaled(timedelta(seconds=10), floor=timedelta(seconds=1))


def second_asking_after() -> timedelta:
    """When a driver who said no may be asked again, if nobody else is left."""
    return scaled(timedelta(seconds=60), floor=timedelta(seconds=10))


def silent_after() -> timedelta:
    """How long a riding driver may be unheard of (R7). Stored positions are up to half a minute old."""
    return scaled(timedelta(minutes=5), floor=timedelta(seconds=90))
