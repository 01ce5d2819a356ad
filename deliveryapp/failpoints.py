"""Named places where a test has a process killed: the crash sweep (tests/faults) arms one and waits.

Nothing happens, at the price of one comparison, unless settings for development or tests name a directory in
FAILPOINTS; production refuses that. A point is armed by a file of its name in there, which says how often it
may still be passed. It lies outside the processes, so that the next one does not die of the same blow.
"""

import fcntl
import os
import signal
from pathlib import Path

_directory: Path | None = None
SPENT = "0"


def enable(directory: Path | None) -> None:
    """From now on look for armed points there; None: never."""
    global _directory
    _directory = directory


def failpoint(*name: str) -> None:
    """Kill this process with SIGKILL when the point of this name, its parts joined by dots, is armed and its
    turn has come.
    """
    if _directory is not None:
        _pass(_directory / ".".join(name))


def arm(directory: Path, name: str, *, hit: int) -> None:
    """Whoever comes to the point as number `hit` dies there, and nobody after him."""
    (directory / name).write_text(str(hit))


def is_spent(directory: Path, name: str) -> bool:
    """Has somebody died there since it was armed?"""
    return (directory / name).read_text() == SPENT


def _pass(point: Path) -> None:
    try:
        file = point.open("r+")
    except FileNotFoundError:
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        left = int(file.read())
        if left == 0:
            return
        file.seek(0)
        file.write(str(left - 1))
        file.truncate()
    if left == 1:
        os.kill(os.getpid(), signal.SIGKILL)
