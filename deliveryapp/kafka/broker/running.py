"""A broker for as long as a block of code runs; what KAFKA_BOOTSTRAP_SERVERS names is used instead."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from deliveryapp.embedded.rundir import locked
from deliveryapp.embedded.supervisor import Supervisor, tell_nobody
from deliveryapp.kafka.broker.fetch import ensure_jars
from deliveryapp.kafka.broker.java import find_java
from deliveryapp.kafka.broker.server import KafkaBroker


@contextlib.contextmanager
def running_kafka(
    run_dir: Path,
    *,
    port: int = 0,
    bootstrap_servers: str | None = None,
    cancelled: threading.Event | None = None,
    announce: Callable[[str], None] = tell_nobody,
) -> Iterator[str]:
    """Its bootstrap servers. ``port`` is taken if it is free, another one if not.

    Raises NoJavaError, DownloadError, RunDirInUseError, ServiceError if it does not start, and
    InterruptedByUserError once ``cancelled`` is set.
    """
    named = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "") if bootstrap_servers is None else bootstrap_servers
    if named:
        yield named
        return
    run_dir, java = run_dir.resolve(), find_java()
    jars = ensure_jars(say=announce, cancelled=cancelled)
    with locked(run_dir / "kafka"), Supervisor(log_dir=run_dir / "logs", announce=announce) as supervisor:
        broker = KafkaBroker(home=run_dir, java=java, jars=jars, port=port)
        broker.prepare()
        supervisor.start(broker.spec(), cancelled=cancelled)
        yield broker.bootstrap_servers
