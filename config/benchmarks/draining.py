"""What carrying events costs: a backlog through relay and workers into a handler, and one event at a time.

Controls in the same run: bare single-row commits on one connection, and Celery tasks that do nothing.
"""

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from config.benchmarks.counting import QUEUE, TABLE
from deliveryapp import outbox
from deliveryapp.clock import utc_now
from deliveryapp.embedded.processes import Command, Process
from deliveryapp.ids import new_id
from deliveryapp.models import OutboxEvent
from deliveryapp.outbox import outbox_row
from deliveryapp.redis import client, key
from deliveryapp.transactions import durable
from orders.events import OrderReady

WORKERS = 2
SINGLES = 200
CONTROL_COMMITS = 500
CONTROL_TASKS = 5_000
SPREAD = 8  # events of one order
TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class DrainingCost:
    """CPU in milliseconds; rates per second."""

    events: int
    wall_s: float
    relay_cpu_ms: float
    worker_cpu_ms: float
    idle_ms: tuple[float, float]
    commits_per_s: float
    tasks_per_s: float

    def lines(self) -> list[str]:
        p50_ms, p99_ms = self.idle_ms
        rate = self.events / self.wall_s
        return [
            f"events drained           {self.events:>9} in {self.wall_s:.1f} s",
            f"events/s                 {rate:>9.0f}",
            f"CPU an event, relay      {self.relay_cpu_ms:>9.3f} ms",
            f"CPU an event, workers    {self.worker_cpu_ms:>9.3f} ms",
            f"idle, commit to handler  {p50_ms:>9.1f} ms (median of {SINGLES}), 99 %: {p99_ms:.1f} ms",
            f"bare commits/s           {self.commits_per_s:>9.0f} (control: one INSERT each)",
            f"Celery tasks/s           {self.tasks_per_s:>9.0f} (control: they do nothing)",
            f"events per bare commit   {rate / self.commits_per_s:>9.2f}",
        ]


def measure(*, events: int) -> DrainingCost:
    """Drains `events` events through a relay process and a worker with WORKERS children."""
    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS bench_effect; {TABLE}")
    commits_per_s = _bare_commits_per_s()
    with _process("-m", "celery", "-A", "config", "worker", *_WORKER) as worker:
        _await_tasks(WORKERS)  # it is up
        tasks_per_s = CONTROL_TASKS / _await_tasks(CONTROL_TASKS)
        _pile_up(events)
        before_ms = _cpu_ms(worker)
        started_s = time.perf_counter()
        with _process("manage.py", "relay") as relay:
            _poll(lambda: _effects() >= events, "the backlog to be drained", timeout_s=900)
            wall_s = time.perf_counter() - started_s
            cpu_ms = _cpu_ms(relay), _cpu_ms(worker) - before_ms
            idle_ms = _idle_ms()
    relay_ms, worker_ms = (total / events for total in cpu_ms)
    return DrainingCost(events, wall_s, relay_ms, worker_ms, idle_ms, commits_per_s, tasks_per_s)


_WORKER = (
    *("-Q", QUEUE, "-c", str(WORKERS), "--include", "config.benchmarks.counting", "-l", "WARNING"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
)


@contextmanager
def _process(*arguments: str) -> Iterator[Process]:
    """Python with these arguments, from the project's folder; its output only when it fails."""
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.bench"}
    command = Command(argv=(sys.executable, *arguments), env=env, cwd=settings.BASE_DIR)
    with tempfile.TemporaryDirectory() as folder:
        process = Process(command, log=Path(folder) / "log")
        try:
            yield process
        finally:
            process.stop(hurry=threading.Event())


def _event() -> OrderReady:
    return OrderReady(order_id=new_id(), restaurant_id=new_id(), region="helsinki")


def _pile_up(events: int) -> None:
    now, rows = utc_now(), []
    for number in range(events):
        seq = number % SPREAD + 1
        if seq == 1:
            event = _event()
        rows.append(outbox_row(event, seq=seq, now=now))
    OutboxEvent.objects.bulk_create(rows, batch_size=2_000)


def _idle_ms() -> tuple[float, float]:
    """(median, 99th percentile) from the commit of one event to its handler, when nothing else happens."""
    committed: dict[UUID, float] = {}
    for _ in range(SINGLES):
        event, known = _event(), _effects()
        with durable():
            outbox.publish(event, seq=1, now=utc_now())
        committed[event.order_id] = time.time()
        _poll(lambda known=known: _effects() > known, "a single event", timeout_s=10)  # type: ignore[misc]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.subject, extract(epoch FROM b.at) FROM bench_effect b"
            " JOIN deliveryapp_outboxevent e ON e.id = b.event_id WHERE e.subject = ANY(%s)",
            [list(committed)],
        )
        took_ms = sorted((float(at) - committed[subject]) * 1_000 for subject, at in cursor.fetchall())
    return took_ms[len(took_ms) // 2], took_ms[len(took_ms) * 99 // 100]


def _bare_commits_per_s() -> float:
    started_s = time.perf_counter()
    for _ in range(CONTROL_COMMITS):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_effect (event_id) VALUES (%s)", [new_id()])
    took_s = time.perf_counter() - started_s
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE bench_effect")
    return CONTROL_COMMITS / took_s


def _await_tasks(count: int) -> float:
    """Send so many tasks that do nothing; seconds until the last was taken."""
    started_s = time.perf_counter()
    with current_app.producer_or_acquire() as producer:
        for _ in range(count):
            current_app.send_task("bench.nothing", queue=QUEUE, producer=producer)
    waiting = f"celery:{QUEUE}"
    _poll(lambda: not client().llen(key(waiting)), "tasks to be taken", timeout_s=120)
    return time.perf_counter() - started_s


def _effects() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM bench_effect")
        return int(cursor.fetchone()[0])


def _poll(condition: Callable[[], bool], what: str, *, timeout_s: float) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"waited {timeout_s:.0f} s for {what}")
        time.sleep(0.002 if timeout_s < 60 else 0.2)


def _cpu_ms(process: Process) -> float:
    """User and system time of a process and its live children, from Linux's /proc."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == process.pid:  # its process group
            total += int(fields[11]) + int(fields[12])
    return total / TICKS_S * 1_000
