"""What the tests of the embedded services share: parents to kill, and a look at who survived them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from deliveryapp.embedded.stack import ROOT

CACHE_DIR = ROOT / ".run" / "cache"


def survivors(mark: Path | str) -> list[str]:
    """Processes, no zombies and not us, with ``mark`` in arguments, environment or working directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                shown = b" ".join([(entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()])
                place = (entry / "cwd").readlink()
                if str(mark).encode() in shown or str(mark) in str(place):
                    found.append(f"{entry.name}: {shown[:120]!r}")
    return found


@contextlib.contextmanager
def parent(
    code: str, *arguments: object, prefix: tuple[str, ...] = (), env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A Python process of its own running ``code``; killed at the end if it still runs."""
    process = subprocess.Popen(
        [*prefix, sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        env=bare_environment() | dict(env or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    overdue = threading.Timer(60, process.kill)
    overdue.start()
    try:
        yield process
    finally:
        overdue.cancel()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def bare_environment() -> dict[str, str]:
    """Ours without the services of this test run."""
    return {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}


def read_line(process: subprocess.Popen[str], *, starts: str) -> str:
    """The rest of the first line of its output that starts so; fails with all of it if it ends before."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if line.startswith(starts):
            return line.removeprefix(starts).strip()
    raise AssertionError(f"ended without a line {starts!r}:\n{''.join(seen)}")


def kill_hard(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
