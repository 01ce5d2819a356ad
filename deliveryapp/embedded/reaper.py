"""A small process that outlives its parent by a few seconds, to end what the parent could not.

The parent writes ``+GROUP SIGNAL`` for every process group it starts and ``-GROUP`` for every one that is
gone. When the pipe closes, the parent is dead, however it died: each group left gets its signal, and SIGKILL
after GRACE_S. Death signals (launch.py) reach only direct children; this reaches the workers that a server or
a task runner has forked.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

GRACE_S = 3.0
POLL_S = 0.05


class Reaper:
    """The parent's end of the pipe."""

    def __init__(self) -> None:
        argv = [sys.executable, "-I", "-S", str(Path(__file__).resolve())]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True, text=True)

    @property
    def pid(self) -> int:
        return self._process.pid

    def watch(self, *, group: int, stop_signal: int) -> None:
        self._tell(f"+{group} {stop_signal}\n")

    def forget(self, *, group: int) -> None:
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """Let the reaper end; what it still watches it will end first."""
        # A reaper that somebody killed leaves only a broken pipe, and its work to the death signals.
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()

    def _tell(self, line: str) -> None:
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            pipe.write(line)
            pipe.flush()


def main() -> None:
    """Read orders until the pipe closes, then end the groups that are left."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups = _read_orders()
    for group, stop_signal in groups.items():
        _signal_group(group, stop_signal)
    deadline = time.monotonic() + GRACE_S
    while time.monotonic() < deadline and any(_signal_group(group, 0) for group in groups):
        time.sleep(POLL_S)
    for group in groups:
        _signal_group(group, signal.SIGKILL)


def _read_orders() -> dict[int, int]:
    groups: dict[int, int] = {}
    for line in iter(sys.stdin.readline, ""):
        group, _, stop_signal = line[1:].partition(" ")
        if line.startswith("+"):
            groups[int(group)] = int(stop_signal)
        else:
            groups.pop(int(group), None)
    return groups


def _signal_group(group: int, signal_number: int) -> bool:
    """True if somebody of that group was there to be signalled."""
    try:
        os.killpg(group, signal_number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()
