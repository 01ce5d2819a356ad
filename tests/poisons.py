"""What a bad event makes of a handler (F14)."""

from __future__ import annotations

import contextlib
import resource
import time
from pathlib import Path

MEMORY_LEFT = 128 * 1024 * 1024  # bytes


def loop() -> None:
    """Without end, and no exception gets it out: as a loop in C, or one that catches everything."""
    while True:
        with contextlib.suppress(Exception):
            time.sleep(0.05)


def swell() -> None:
    """Eats memory until there is no more: 128 MB, by a limit like that of a container."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY_LEFT, limits[1]))
    eaten = []
    try:
        while True:
            eaten.append(bytearray(MEMORY_LEFT // 16))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
