"""PostgreSQL and Valkey for as long as a block of code runs; what the environment names is used instead."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deliveryapp.embedded.errors import ServiceError
from deliveryapp.embedded.postgres import PostgresCluster, home_for
from deliveryapp.embedded.postgres_binaries import find_binaries
from deliveryapp.embedded.processes import unprivileged_identity
from deliveryapp.embedded.rundir import forget_sockets, locked
from deliveryapp.embedded.supervisor import ChildSpec, Supervisor, tell_nobody
from deliveryapp.embedded.valkey import ValkeyServer, find_binary

DATABASE_NAME = "deliveryapp"
TEMPORARY_PREFIX = "deliveryapp-tmp-"
YOUNG_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Services:
    """Where they are, ``redis_url`` in redis-py's form; ``started`` has those that are ours, with pids."""

    database_url: str
    redis_url: str
    started: Mapping[str, int]

    def env(self) -> dict[str, str]:
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


@contextlib.contextmanager
def running_services(
    run_dir: Path,
    *,
    fast: bool = False,
    cache_dir: Path | None = None,
    database_url: str | None = None,
    redis_url: str | None = None,
    cancelled: threading.Event | None = None,
    announce: Callable[[str], None] = tell_nobody,
) -> Iterator[Services]:
    """Start what neither the arguments nor DATABASE_URL and REDIS_URL name, with its state in ``run_dir``.

    Raises RunDirInUseError if somebody else runs there, ServiceError if a server cannot be had or started,
    InterruptedByUserError once ``cancelled`` is set. ``fast`` trades durability for speed: tests only.
    """
    database_url = os.environ.get("DATABASE_URL", "") if database_url is None else database_url
    redis_url = os.environ.get("REDIS_URL", "") if redis_url is None else redis_url
    run_dir = run_dir.resolve()
    with locked(run_dir), Supervisor(log_dir=run_dir / "logs", announce=announce) as supervisor:
        specs: list[ChildSpec] = []
        cluster = None if database_url else _cluster(run_dir, fast=fast, cache_dir=cache_dir)
        if cluster is not None:
            cluster.prepare()
            specs.append(cluster.spec())
        if not redis_url:
            valkey = ValkeyServer(home=run_dir, binary=find_binary(), fast=fast)
            redis_url = valkey.url()
            specs.append(valkey.spec())
        supervisor.start(*specs, cancelled=cancelled)
        if cluster is not None:
            cluster.create_database(DATABASE_NAME)
            database_url = cluster.url(DATABASE_NAME)
        started = {spec.name: supervisor.pid(spec.name) or 0 for spec in specs}
        yield Services(database_url=database_url, redis_url=redis_url, started=started)


@contextlib.contextmanager
def temporary_services(
    cache_dir: Path,
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
    cancelled: threading.Event | None = None,
    announce: Callable[[str], None] = tell_nobody,
) -> Iterator[Services]:
    """The same, fast and with nothing kept; only the unpacked programs stay in ``cache_dir``.

    What a killed predecessor left in the temporary directory is removed first.
    """
    _sweep()
    run_dir = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX))
    run_dir.chmod(0o711)
    try:
        with running_services(
            run_dir,
            fast=True,
            cache_dir=cache_dir,
            database_url=database_url,
            redis_url=redis_url,
            cancelled=cancelled,
            announce=announce,
        ) as services:
            yield services
    finally:
        _remove(run_dir)


def _sweep() -> None:
    for left in Path(tempfile.gettempdir()).glob(f"{TEMPORARY_PREFIX}*"):
        # A young one may be about to be locked by whoever has just made it.
        with contextlib.suppress(ServiceError, FileNotFoundError):
            if time.time() - left.stat().st_mtime > YOUNG_S and left.stat().st_uid == os.geteuid():
                with locked(left):
                    _remove(left)


def _remove(run_dir: Path) -> None:
    forget_sockets(run_dir)
    shutil.rmtree(run_dir, ignore_errors=True)


def _cluster(run_dir: Path, *, fast: bool, cache_dir: Path | None) -> PostgresCluster:
    identity = unprivileged_identity()
    home = home_for(run_dir, identity)
    # A cache that the server's user cannot reach is of no use to it.
    cache = home_for(cache_dir.resolve(), identity) if cache_dir else home / "cache"
    return PostgresCluster(
        home=home,
        binaries=find_binaries(cache),
        identity=identity,
        fast=fast,
        template_dir=cache if fast else None,
    )
