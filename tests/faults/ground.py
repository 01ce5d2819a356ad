"""A PostgreSQL and a Valkey with all their durability, to be killed: not those of the other tests."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import redis

from deliveryapp.embedded.services import running_services
from deliveryapp.embedded.supervisor import Supervisor
from deliveryapp.embedded.valkey import ValkeyServer, find_binary
from tests.services_plugin import CACHE_DIR


@dataclass(frozen=True)
class Ground:
    run_dir: Path
    database_url: str
    redis_url: str
    _valkey: Supervisor
    _may_start: threading.Event = field(default_factory=threading.Event)

    def env(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}

    def query(self, sql: str, *params: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            answer = connection.execute(sql, params or None)
            return answer.fetchall() if answer.description else []

    def database_pid(self) -> int:
        [pid_file] = self.run_dir.glob("**/postmaster.pid")
        return int(pid_file.read_text().splitlines()[0])

    def valkey_pid(self) -> int:
        with redis.Redis.from_url(self.redis_url) as client:
            return int(client.info("server")["process_id"])

    def valkey_away(self, seconds: float) -> None:
        """Killed, and not started again before so long."""
        self._may_start.clear()
        try:
            os.kill(self.valkey_pid(), signal.SIGKILL)
            threading.Event().wait(seconds)
        finally:
            self._may_start.set()


@contextlib.contextmanager
def private_ground(run_dir: Path) -> Iterator[Ground]:
    run_dir.chmod(0o711)
    may_start = threading.Event()
    may_start.set()
    server = ValkeyServer(home=run_dir, binary=find_binary())
    spec = replace(server.spec(), before_start=lambda: bool(may_start.wait()) and None)
    with (
        running_services(
            run_dir / "database", cache_dir=CACHE_DIR, database_url="", redis_url="below"
        ) as database,
        Supervisor(log_dir=run_dir / "logs") as valkey,
    ):
        valkey.start(spec)
        yield Ground(run_dir, database.database_url, server.url(), valkey, may_start)
