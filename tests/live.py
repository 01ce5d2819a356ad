"""Real processes against this process's test database, for journeys, faults and browsers.

The test needs rows that others can see, ``@pytest.mark.django_db(transaction=True)``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deliveryapp.embedded.stack import PROCESSES, Ports, Secrets, Stack
from deliveryapp.embedded.supervisor import ChildSpec, Supervisor

DEFAULT_SPEED = 20.0
# Of config/settings/test.py, so that what the test signs the processes accept, and the other way round.
SECRETS = Secrets(django="unused", token_signing="unused", webhook="whsec_test")


@dataclass(frozen=True, kw_only=True)
class LiveStack:
    """Where the processes answer, and a hand on each of them."""

    base_url: str
    live_url: str
    sandbox_url: str
    supervisor: Supervisor
    stack: Stack

    def pid(self, name: str) -> int:
        pid = self.supervisor.pid(name)
        assert pid is not None, f"{name} is down"
        return pid

    def signal(self, name: str, number: signal.Signals) -> None:
        os.kill(self.pid(name), number)

    def kill(self, name: str, *, timeout_s: float = 30.0) -> None:
        """kill -9, and wait until the supervisor's new one answers."""
        before = self.supervisor.restarts(name)
        self.signal(name, signal.SIGKILL)
        poll(
            lambda: self.supervisor.restarts(name) > before,
            what=f"{name} to be restarted",
            timeout_s=timeout_s,
        )
        spec = self._spec(name)
        poll(lambda: spec.ready(self.pid(name)), what=f"{name} to answer again", timeout_s=timeout_s)

    def start(self, name: str) -> None:
        """Start one that was not among the first."""
        self.supervisor.start(self._spec(name))

    def start_twin(self, name: str) -> str:
        """A second one of a kind, beside the first; its name."""
        twin = replace(self._spec(name), name=f"{name}-twin")
        self.supervisor.start(twin)
        return twin.name

    def manage(self, *arguments: str) -> int:
        """Run ``manage.py`` in the environment of the processes; its exit code, its output in ``log``."""
        name = arguments[0]
        return self.supervisor.run(name, self.stack.manage(*arguments), log=self.supervisor.log(name))

    def log(self, name: str) -> str:
        file = self.supervisor.log(name)
        return file.read_text(errors="replace") if file.exists() else ""

    def _spec(self, name: str) -> ChildSpec:
        (spec,) = self.stack.specs([name])
        return spec


@contextlib.contextmanager
def live_stack(
    processes: Sequence[str] = PROCESSES,
    settings_env: Mapping[str, str] | None = None,
    *,
    speed: float = DEFAULT_SPEED,
    payment_faults: str = "[]",
    groups: Sequence[str] = (),
    services: Mapping[str, str] | None = None,
) -> Iterator[LiveStack]:
    """Start these processes and stop them at the end; ``settings_env`` adds to their environment.

    ``groups`` are the consumer groups that may be among them, as ``consume-GROUP``. ``services`` are the URLs
    of a database and a Valkey; this test process's own unless told.
    """
    with tempfile.TemporaryDirectory(prefix="deliveryapp-live-") as directory:
        run_dir = Path(directory)
        stack = Stack(
            run_dir=run_dir,
            services=services or {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL")},
            ports=Ports.pick(),
            secrets=SECRETS,
            speed=speed,
            payment_faults=payment_faults,
            extra_env=settings_env or {},
            groups=groups,
        )
        with Supervisor(log_dir=run_dir / "logs") as supervisor:
            supervisor.start(*stack.specs(processes))
            yield LiveStack(
                base_url=stack.base_url,
                live_url=stack.live_url,
                sandbox_url=stack.sandbox_url,
                supervisor=supervisor,
                stack=stack,
            )


def poll(condition: Callable[[], bool], *, what: str, timeout_s: float = 30.0) -> None:
    """Look until it is so; fail with ``what`` we waited for."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s for {what}"
        time.sleep(0.05)
