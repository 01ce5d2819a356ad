"""The supervisor: what dies comes back, what must end ends, in order, within a bound, whoever is killed."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deliveryapp.embedded import supervisor as supervisor_module
from deliveryapp.embedded.errors import ChildFailedError, InterruptedByUserError
from deliveryapp.embedded.processes import Command, command_line
from deliveryapp.embedded.supervisor import ChildSpec, Supervisor
from tests.deliveryapp.embedded_helpers import kill_hard, parent, read_line, survivors
from tests.live import poll

SLEEP = "import os, time; print('on', os.getpid(), flush=True); time.sleep(60)"
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("on", os.getpid(), flush=True)
time.sleep(60)
"""
# A child with a child of its own in its group, as granian and celery have; the grandchild ignores SIGTERM.
WITH_WORKER = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {STUBBORN!r}])
time.sleep(60)
"""

RUN_THREE = """
import os, signal, sys, threading, time
from pathlib import Path
from deliveryapp.embedded.interrupts import Interrupts
from deliveryapp.embedded.processes import Command
from deliveryapp.embedded.supervisor import ChildSpec, Supervisor
run_dir, child = Path(sys.argv[1]), sys.argv[2]
with Interrupts() as interrupts:
    supervisor = Supervisor(log_dir=run_dir)
    for name in ("first", "second", "third"):
        argv = (sys.executable, "-c", child, name, str(run_dir))
        command = Command(argv=argv, env=dict(os.environ), cwd=run_dir, stop_timeout_s=30)
        ready = lambda pid, log=run_dir / f"{name}.log": log.exists() and "on" in log.read_text()
        supervisor.start(ChildSpec(name=name, command=command, ready=ready))
    print("READY", flush=True)
    interrupts.requested.wait()
    supervisor.stop(hurry=interrupts.hurry)
print("STOPPED", flush=True)
"""
TELLS_ITS_END = """
import pathlib, signal, sys, time
def end(*_):
    with (pathlib.Path(sys.argv[2]) / "ends").open("a") as ends:
        ends.write(sys.argv[1] + " ")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("on", flush=True)
time.sleep(60)
"""


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, told: list[str]) -> Iterator[Supervisor]:
    with Supervisor(log_dir=tmp_path / "logs", announce=told.append) as supervisor:
        yield supervisor


def python(code: str, cwd: Path, *, stop_timeout_s: float = 5.0) -> Command:
    argv = (sys.executable, "-c", code)
    return Command(argv=argv, env=dict(os.environ), cwd=cwd, stop_timeout_s=stop_timeout_s)


def has_logged(log: Path, word: str) -> bool:
    return log.exists() and word in log.read_text()


def test_a_killed_child_is_started_again(supervisor: Supervisor, told: list[str], tmp_path: Path) -> None:
    supervisor.start(ChildSpec(name="worker", command=python(SLEEP, tmp_path)))
    first = supervisor.pid("worker")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    poll(lambda: supervisor.restarts("worker") == 1, what="the restart")
    assert supervisor.pid("worker") not in {first, None}
    assert told == ["worker died (SIGKILL); starting it again in 0.5 s"]


def test_the_workers_of_a_killed_child_are_gone_before_it_starts_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start(ChildSpec(name="web", command=python(WITH_WORKER, tmp_path)))
    log = supervisor.log("web")
    poll(lambda: has_logged(log, "on"), what="its worker")
    worker = int(log.read_text().split()[1])
    first = supervisor.pid("web")
    assert first is not None
    assert command_line(worker) != ""
    os.kill(first, signal.SIGKILL)
    poll(lambda: supervisor.restarts("web") == 1, what="the restart")
    poll(lambda: command_line(worker) == "", what="the old worker to be gone", timeout_s=1)


def test_one_that_dies_at_once_each_time_is_given_up(
    supervisor: Supervisor, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "FIRST_BACKOFF_S", 0.01)
    monkeypatch.setattr(supervisor_module, "QUICK_DEATHS_ALLOWED", 2)
    supervisor.start(ChildSpec(name="worker", command=python("raise SystemExit(3)", tmp_path)))
    poll(lambda: supervisor.given_up() == ["worker"], what="it to give up")
    assert told == [
        "worker died (exit code 3); starting it again in 0.0 s",
        "worker died (exit code 3); starting it again in 0.0 s",
        f"worker died (exit code 3) 3 times; giving up. Its log: {supervisor.log('worker')}",
    ]


def test_a_child_that_ends_before_it_is_ready_fails_with_the_end_of_its_log(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    code = "print('no such port'); raise SystemExit(4)"
    spec = ChildSpec(name="web", command=python(code, tmp_path), ready=lambda _pid: False)
    with pytest.raises(ChildFailedError, match=r"(?s)web ended with exit code 4 before .*no such port"):
        supervisor.start(spec)


def test_a_child_that_never_becomes_ready_fails_in_time(supervisor: Supervisor, tmp_path: Path) -> None:
    spec = ChildSpec(
        name="web", command=python(SLEEP, tmp_path), ready=lambda _pid: False, ready_timeout_s=0.2
    )
    with pytest.raises(ChildFailedError, match="web was not ready within 0 s"):
        supervisor.start(spec)


def test_a_stop_request_ends_the_wait_for_a_start(supervisor: Supervisor, tmp_path: Path) -> None:
    asked = threading.Event()
    asked.set()
    spec = ChildSpec(name="web", command=python(SLEEP, tmp_path), ready=lambda _pid: False)
    with pytest.raises(InterruptedByUserError):
        supervisor.start(spec, cancelled=asked)


def test_a_command_runs_to_its_end_and_gives_its_exit_code(supervisor: Supervisor, tmp_path: Path) -> None:
    code = supervisor.run(
        "migrate", python("print('done'); raise SystemExit(7)", tmp_path), log=tmp_path / "log"
    )
    assert code == 7
    assert (tmp_path / "log").read_text() == "done\n"


def test_a_stop_request_ends_a_command(supervisor: Supervisor, tmp_path: Path) -> None:
    asked = threading.Event()
    threading.Timer(0.3, asked.set).start()
    with pytest.raises(InterruptedByUserError):
        supervisor.run("simulate", python(SLEEP, tmp_path), log=tmp_path / "log", cancelled=asked)
    assert survivors(tmp_path) == []


def test_a_child_added_while_the_others_are_tended_disturbs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The announcement of a death is made on the way through the children: one is added in that moment."""
    monkeypatch.setattr(supervisor_module, "FIRST_BACKOFF_S", 0.01)
    tended, added = threading.Event(), threading.Event()

    def hold(_message: str) -> None:
        tended.set()
        added.wait(5)

    def add(supervisor: Supervisor) -> None:
        tended.wait(5)
        threading.Timer(0.3, added.set).start()
        supervisor.start(ChildSpec(name="second", command=python(SLEEP, tmp_path)))

    with Supervisor(log_dir=tmp_path, announce=hold) as supervisor:
        adder = threading.Thread(target=add, args=(supervisor,), daemon=True)
        adder.start()
        supervisor.start(ChildSpec(name="first", command=python("raise SystemExit(3)", tmp_path)))
        adder.join(10)
        assert not adder.is_alive()
        assert supervisor.pid("second") is not None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all_in_reverse_order(tmp_path: Path, number: signal.Signals) -> None:
    with parent(RUN_THREE, tmp_path, TELLS_ITS_END) as process:
        read_line(process, starts="READY")
        process.send_signal(number)
        read_line(process, starts="STOPPED")
        assert process.wait() == 0
    assert (tmp_path / "ends").read_text() == "third second first "
    assert survivors(tmp_path) == []


def test_a_second_signal_hurries(tmp_path: Path) -> None:
    with parent(RUN_THREE, tmp_path, STUBBORN) as process:
        read_line(process, starts="READY")
        began_s = time.monotonic()
        process.send_signal(signal.SIGINT)
        # Two signals at once may arrive as one.
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            assert time.monotonic() - began_s < 10
            time.sleep(0.1)
    assert survivors(tmp_path) == []


def test_a_child_that_will_not_end_is_killed_at_its_limit(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(ChildSpec(name="worker", command=python(STUBBORN, tmp_path, stop_timeout_s=0.5)))
    poll(lambda: has_logged(supervisor.log("worker"), "on"), what="the child to be stubborn")
    began_s = time.monotonic()
    supervisor.stop()
    assert 0.5 <= time.monotonic() - began_s < 5
    assert survivors(tmp_path) == []


RUN_ONE = """
import os, sys, time
from pathlib import Path
from deliveryapp.embedded.processes import Command
from deliveryapp.embedded.supervisor import ChildSpec, Supervisor
run_dir = Path(sys.argv[1])
supervisor = Supervisor(log_dir=run_dir)
command = Command(argv=(sys.executable, "-c", sys.argv[2]), env=dict(os.environ), cwd=run_dir)
supervisor.start(ChildSpec(name="web", command=command))
print("REAPER", supervisor._reaper.pid, flush=True)
time.sleep(60)
"""
FORGETFUL = """
import os, sys
from contextlib import contextmanager
from pathlib import Path
from deliveryapp.embedded.processes import Command
from deliveryapp.embedded.supervisor import ChildSpec, Supervisor
run_dir = Path(sys.argv[1])
@contextmanager
def running():
    with Supervisor(log_dir=run_dir) as supervisor:
        command = Command(argv=(sys.executable, "-c", sys.argv[2]), env=dict(os.environ), cwd=run_dir)
        supervisor.start(ChildSpec(name="web", command=command))
        yield
context = running()
context.__enter__()
"""


def test_kill_9_of_the_parent_ends_even_workers_that_ignore_a_polite_signal(tmp_path: Path) -> None:
    with parent(RUN_ONE, tmp_path, WITH_WORKER) as process:
        read_line(process, starts="REAPER ")
        poll(lambda: has_logged(tmp_path / "web.log", "on"), what="the worker")
        kill_hard(process)
        poll(lambda: survivors(tmp_path) == [], what="all to be gone", timeout_s=8)


def test_children_die_with_their_parent_even_if_the_reaper_was_killed_first(tmp_path: Path) -> None:
    with parent(RUN_ONE, tmp_path, SLEEP) as process:
        os.kill(int(read_line(process, starts="REAPER ")), signal.SIGKILL)
        # Until then it is still the launcher, which looks after itself.
        poll(lambda: has_logged(tmp_path / "web.log", "on"), what="the child")
        kill_hard(process)
        poll(lambda: survivors(tmp_path) == [], what="all to be gone", timeout_s=8)


def test_a_parent_that_forgets_to_stop_stops_at_exit(tmp_path: Path) -> None:
    """Its context is closed by the interpreter's end, when the supervisor's thread is frozen already."""
    with parent(FORGETFUL, tmp_path, SLEEP) as process:
        assert process.wait(timeout=15) == 0
    assert survivors(tmp_path) == []
