"""The relay as a process: woken by commits, on its own each second, and watchful of the broker's memory.

Rounds begin at least PACE_S apart: an event on an idle machine leaves at once, under load the rounds grow
instead of becoming more. Several relays may run; they share the shards (see `relay`).
"""

import threading
import time

import structlog
from django.db import InterfaceError, OperationalError, close_old_connections

from deliveryapp import lagging, redelivery, relay
from deliveryapp.transport import TransportDown
from deliveryapp.wakeups import Wakeups

log = structlog.get_logger(__name__)

PACE_S = 0.02
LOOK_EVERY_S = 1.0
LONGEST_PAUSE_S = 5.0


def run(stop: threading.Event) -> None:
    """Publish until `stop` is set. A database or broker that is away is waited for."""
    pauses_s = 0.0
    next_check_s = 0.0
    with Wakeups() as wakeups:
        while not stop.is_set():
            started_s = time.monotonic()
            try:
                if started_s >= next_check_s:
                    redelivery.check()
                    lagging.note()
                    next_check_s = started_s + LOOK_EVERY_S
                published = relay.publish_waiting()
                pauses_s = 0.0
            except (TransportDown, OperationalError, InterfaceError) as error:
                log.error("relay_failed", error=str(error))
                close_old_connections()
                pauses_s = min(2 * pauses_s or 0.1, LONGEST_PAUSE_S)
                stop.wait(pauses_s)
                continue
            if not published:
                wakeups.wait(LOOK_EVERY_S, stop)
            else:
                stop.wait(max(0.0, started_s + PACE_S - time.monotonic()))
