"""A real Kafka for tests; skipped where there is none, but never in CI."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from deliveryapp.embedded.errors import ServiceError
from deliveryapp.embedded.supervisor import Supervisor
from deliveryapp.kafka.broker.fetch import ensure_jars
from deliveryapp.kafka.broker.java import find_java
from deliveryapp.kafka.broker.server import KafkaBroker


@dataclass(frozen=True, kw_only=True)
class RunningBroker:
    bootstrap_servers: str
    supervisor: Supervisor
    _may_start: threading.Event

    def kill(self) -> None:
        """kill -9; its supervisor starts it again, on the same port with the same log."""
        self._signal(signal.SIGKILL)

    @contextlib.contextmanager
    def gone(self) -> Iterator[None]:
        """Killed, and not started again before the end of the block."""
        self._may_start.clear()
        try:
            self.kill()
            yield
        finally:
            self._may_start.set()

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """It takes connections and what is sent, and acknowledges nothing before the end of the block."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        pid = self.supervisor.pid("kafka")
        assert pid is not None
        os.kill(pid, number)


@contextlib.contextmanager
def running_broker() -> Iterator[RunningBroker]:
    try:
        java, jars = find_java(), ensure_jars(say=lambda _: None)
    except ServiceError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no Kafka here: {error}")
    with tempfile.TemporaryDirectory(prefix="deliveryapp-kafka-") as directory:
        home = Path(directory)
        server = KafkaBroker(home=home, java=java, jars=jars)
        server.prepare()
        may_start = threading.Event()
        may_start.set()
        with Supervisor(log_dir=home / "logs") as children:
            children.start(replace(server.spec(), before_start=lambda: bool(may_start.wait()) and None))
            yield RunningBroker(
                bootstrap_servers=server.bootstrap_servers, supervisor=children, _may_start=may_start
            )
