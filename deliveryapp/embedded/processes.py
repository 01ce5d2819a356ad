"""One child process: started so that it cannot outlive us, stopped within a bound, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).resolve().with_name("launch.py")
NOBODY_ID = 65534
POLL_S = 0.02


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a child runs as: ourselves, an id in a user namespace of its own, or another user (root only)."""

    namespace_id: int | None = None
    uid: int | None = None
    gid: int | None = None

    def launcher_options(self) -> list[str]:
        options = {"--namespace-id": self.namespace_id, "--uid": self.uid, "--gid": self.gid}
        return [text for name, value in options.items() if value is not None for text in (name, str(value))]

    def owns(self) -> tuple[int, int]:
        """The user and group that files of such a child belong to."""
        return (
            os.geteuid() if self.uid is None else self.uid,
            os.getegid() if self.gid is None else self.gid,
        )


OURSELVES = Identity()
NAMESPACE = Identity(namespace_id=NOBODY_ID)


def unprivileged_identity() -> Identity:
    """Somebody who is not root, for programs that refuse to run as root.

    A user namespace needs no chown and works below a directory that only root may enter, but a container may
    forbid it; then it is the user nobody.
    """
    if os.geteuid() != 0:
        return OURSELVES
    if _namespaces_work():
        return NAMESPACE
    return nobody_identity()


def nobody_identity() -> Identity:
    entry = pwd.getpwnam("nobody")
    return Identity(uid=entry.pw_uid, gid=entry.pw_gid)


def _namespaces_work() -> bool:
    probe = Command(argv=("true",), env=dict(os.environ), cwd=Path("/"), identity=NAMESPACE)
    return run_to_end(probe).returncode == 0


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to run. ``stop_signal`` asks it to end; after ``stop_timeout_s`` its whole group is killed."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 8.0
    identity: Identity = OURSELVES

    def launch_argv(self) -> list[str]:
        options = ["--parent", str(os.getpid()), "--signal", str(int(self.stop_signal))]
        return [
            *(sys.executable, "-I", "-S", str(LAUNCHER)),
            *options,
            *self.identity.launcher_options(),
            *("--", *self.argv),
        ]


def run_to_end(command: Command) -> subprocess.CompletedProcess[str]:
    """Run a short command with its output kept; for set-up steps such as initdb."""
    return subprocess.run(
        command.launch_argv(),
        env=dict(command.env),
        cwd=command.cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


class Process:
    """A running child and whatever it has started in its process group.

    It dies with the *thread* that made this object, so that thread must live as long as the child may.
    """

    def __init__(self, command: Command, *, log: Path | None) -> None:
        self.command = command
        with _output(log) as output:
            self._popen = subprocess.Popen(
                command.launch_argv(),
                env=dict(command.env),
                cwd=command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output and subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the child, which is also the number of its process group."""
        return self._popen.pid

    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number if a signal ended it."""
        return self._popen.poll()

    def stop(self, *, hurry: threading.Event | None = None) -> int:
        """Ask it to end, wait up to its limit (not at all once ``hurry`` is set), kill what is left."""
        if self.exit_code() is None:
            self._popen.send_signal(self.command.stop_signal)
        deadline = time.monotonic() + self.command.stop_timeout_s
        while self.exit_code() is None and time.monotonic() < deadline and not (hurry and hurry.is_set()):
            time.sleep(POLL_S)
        self.kill_group()
        return self._popen.wait()

    def kill_group(self) -> None:
        """SIGKILL to every member of the group; workers may still be there when the leader is gone."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)


@contextlib.contextmanager
def _output(log: Path | None) -> Iterator[IO[bytes] | None]:
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        yield stream


def describe_exit(code: int) -> str:
    """'exit code 3' or 'SIGKILL'."""
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def command_line(pid: int) -> str:
    """Program and arguments of any process, joined by blanks; empty if there is none, or only a zombie."""
    # Small containers have /proc but no ps; macOS the other way round.
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    listing = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip()


def tail(log: Path, *, lines: int = 15) -> str:
    """The last lines of a log, indented; empty if there is none."""
    if not log.exists():
        return ""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 65536))
        text = stream.read().decode(errors="replace")
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])
