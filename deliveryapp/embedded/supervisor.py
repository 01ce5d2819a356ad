"""Keeps named children alive: starts them, waits until they answer, restarts what dies, stops all in the end.

One thread of its own starts and tends every child, because a child's death signal is bound to the thread that
started it. Callers only ask and look.
"""

from __future__ import annotations

import atexit
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from deliveryapp.embedded.errors import ChildFailedError, InterruptedByUserError, ServiceError
from deliveryapp.embedded.processes import Command, Process, describe_exit, tail
from deliveryapp.embedded.reaper import Reaper

TICK_S = 0.05
PROBE_EVERY_S = 0.05
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 10.0
STABLE_S = 20.0
QUICK_DEATHS_ALLOWED = 8


def always_ready(_pid: int) -> bool:
    return True


def nothing_before() -> None:
    return


def tell_nobody(_message: str) -> None:
    return


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """A child by name; ``ready`` gets its pid and says whether it serves, ``before_start`` runs each time."""

    name: str
    command: Command
    ready: Callable[[int], bool] = always_ready
    ready_timeout_s: float = 60.0
    before_start: Callable[[], None] = nothing_before


@dataclass(kw_only=True)
class _Child:
    spec: ChildSpec
    process: Process | None = None
    exit_code: int | None = None
    restarts_it: bool = False
    restart_at_s: float | None = None
    started_at_s: float = 0.0
    quick_deaths: int = 0
    restarts: int = 0
    given_up: bool = False


class Supervisor:
    """A context manager; leaving it stops every child."""

    def __init__(self, *, log_dir: Path, announce: Callable[[str], None] = tell_nobody) -> None:
        self.log_dir = log_dir
        self._announce = announce
        self._children: dict[str, _Child] = {}
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._stopped = False
        self._reaper = Reaper()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()
        # Whoever forgets us: at exit a daemon thread is frozen and could not stop anything any more.
        atexit.register(self.stop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, *specs: ChildSpec, cancelled: threading.Event | None = None) -> None:
        """Start all at once and return when each is ready; from then on each is restarted when it dies.

        Raises ChildFailedError (with the end of its log) or InterruptedByUserError; stop() cleans up after
        both.
        """
        children = [self._add(spec) for spec in specs]
        for child in children:
            self._in_thread(partial(self._spawn, child))
        for child in children:
            self._await_ready(child, cancelled=cancelled)
            child.restarts_it = True

    def run(
        self, name: str, command: Command, *, log: Path | None, cancelled: threading.Event | None = None
    ) -> int:
        """Run a command to its end and return its exit code; without a log it shares our output."""
        child = self._add(ChildSpec(name=name, command=command))
        self._in_thread(lambda: self._spawn(child, log=log, shares_output=log is None))
        while child.exit_code is None:
            if cancelled is not None and cancelled.is_set():
                self._in_thread(lambda: self._end(child, hurry=None))
                raise InterruptedByUserError(name)
            time.sleep(PROBE_EVERY_S)
        return child.exit_code

    def pid(self, name: str) -> int | None:
        """Of the child as it runs now; None while it is down."""
        process = self._children[name].process
        return process.pid if process else None

    def restarts(self, name: str) -> int:
        return self._children[name].restarts

    def given_up(self) -> list[str]:
        """Children that died so often, so fast, that we stopped restarting them."""
        return [name for name, child in self._children.items() if child.given_up]

    def log(self, name: str) -> Path:
        return self.log_dir / f"{name}.log"

    def stop(self, *, hurry: threading.Event | None = None) -> None:
        """Stop all in reverse order, each within its own limit, at once when ``hurry`` is set. Idempotent."""
        if self._stopped:
            return
        self._in_thread(lambda: self._stop_all(hurry))
        self._stopped = True
        self._thread.join()
        self._reaper.close()
        atexit.unregister(self.stop)

    def _add(self, spec: ChildSpec) -> _Child:
        child = _Child(spec=spec)
        # A new dictionary: the thread may be on its way through the old one.
        self._children = {**self._children, spec.name: child}
        self.log(spec.name).unlink(missing_ok=True)
        return child

    def _await_ready(self, child: _Child, *, cancelled: threading.Event | None) -> None:
        deadline = time.monotonic() + child.spec.ready_timeout_s
        while True:
            if cancelled is not None and cancelled.is_set():
                raise InterruptedByUserError(child.spec.name)
            process = child.process
            if child.exit_code is not None or process is None:
                raise self._failure(
                    child, f"ended with {describe_exit(child.exit_code or 0)} before it was ready"
                )
            if child.spec.ready(process.pid):
                return
            if time.monotonic() > deadline:
                raise self._failure(child, f"was not ready within {child.spec.ready_timeout_s:.0f} s")
            time.sleep(PROBE_EVERY_S)

    def _failure(self, child: _Child, what: str) -> ChildFailedError:
        log = self.log(child.spec.name)
        return ChildFailedError(name=child.spec.name, what=f"{what} (log: {log})", log_tail=tail(log))

    # What follows runs in the supervisor's thread only.

    def _run(self) -> None:
        while not self._stopped:
            try:
                self._jobs.get(timeout=TICK_S)()
            except queue.Empty:
                for child in self._children.values():
                    self._tend(child, now_s=time.monotonic())

    def _in_thread(self, job: Callable[[], None]) -> None:
        """Have the thread do it, wait, and raise here what it raised there."""
        outcome: Future[None] = Future()

        def run() -> None:
            try:
                job()
            except (ServiceError, OSError) as error:
                outcome.set_exception(error)
            else:
                outcome.set_result(None)

        self._jobs.put(run)
        outcome.result()

    def _spawn(self, child: _Child, *, log: Path | None = None, shares_output: bool = False) -> None:
        child.spec.before_start()
        command = child.spec.command
        child.process = Process(command, log=None if shares_output else log or self.log(child.spec.name))
        child.started_at_s, child.restart_at_s = time.monotonic(), None
        self._reaper.watch(group=child.process.pid, stop_signal=command.stop_signal)

    def _tend(self, child: _Child, *, now_s: float) -> None:
        if child.process is not None and (code := child.process.exit_code()) is not None:
            self._bury(child, child.process, code)
            if child.restarts_it:
                self._plan_restart(child, code, now_s=now_s)
        elif child.restart_at_s is not None and now_s >= child.restart_at_s:
            self._restart(child, now_s=now_s)

    def _bury(self, child: _Child, process: Process, code: int) -> None:
        process.kill_group()
        self._reaper.forget(group=process.pid)
        child.exit_code = code
        child.process = None

    def _plan_restart(self, child: _Child, code: int, *, now_s: float) -> None:
        quick = now_s - child.started_at_s < STABLE_S
        child.quick_deaths = child.quick_deaths + 1 if quick else 1
        name, died = child.spec.name, f"{child.spec.name} died ({describe_exit(code)})"
        if child.quick_deaths > QUICK_DEATHS_ALLOWED:
            child.given_up, child.restart_at_s = True, None
            self._announce(f"{died} {child.quick_deaths} times; giving up. Its log: {self.log(name)}")
            return
        backoff_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (child.quick_deaths - 1))
        child.restart_at_s = now_s + backoff_s
        self._announce(f"{died}; starting it again in {backoff_s:.1f} s")

    def _restart(self, child: _Child, *, now_s: float) -> None:
        try:
            self._spawn(child)
        except (ServiceError, OSError) as error:
            self._announce(f"{child.spec.name} could not be started: {error}")
            child.started_at_s = now_s
            self._plan_restart(child, 1, now_s=now_s)
            return
        child.restarts += 1
        child.exit_code = None

    def _stop_all(self, hurry: threading.Event | None) -> None:
        for child in reversed(self._children.values()):
            self._end(child, hurry=hurry)

    def _end(self, child: _Child, *, hurry: threading.Event | None) -> None:
        child.restarts_it, child.restart_at_s = False, None
        if child.process is not None:
            self._bury(child, child.process, child.process.stop(hurry=hurry))
