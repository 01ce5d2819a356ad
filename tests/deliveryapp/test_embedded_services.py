"""PostgreSQL and Valkey as our children: whoever starts them, however it ends, state stays, processes go."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from deliveryapp.embedded.errors import ServiceError
from deliveryapp.embedded.postgres import PostgresCluster
from deliveryapp.embedded.postgres_binaries import find_binaries
from deliveryapp.embedded.processes import (
    NAMESPACE,
    Command,
    nobody_identity,
    run_to_end,
    unprivileged_identity,
)
from deliveryapp.embedded.rundir import LONGEST_SOCKET_PATH, forget_sockets, locked, others_may_enter
from deliveryapp.embedded.services import (
    TEMPORARY_PREFIX,
    YOUNG_S,
    Services,
    running_services,
    temporary_services,
)
from deliveryapp.embedded.stack import ROOT
from deliveryapp.embedded.supervisor import Supervisor
from deliveryapp.embedded.valkey import ValkeyServer, find_binary
from tests.deliveryapp.embedded_helpers import CACHE_DIR, kill_hard, parent, read_line, survivors
from tests.live import poll

HOLD = """
import sys, time
from pathlib import Path
from deliveryapp.embedded.services import running_services
with running_services(Path(sys.argv[1]), cache_dir=Path(sys.argv[2])) as services:
    print("DATABASE", services.database_url, flush=True)
    print("REDIS", services.redis_url, flush=True)
    print("UID", __import__("os").geteuid(), flush=True)
    if sys.argv[3] == "hold":
        time.sleep(60)
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def run_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory to run in, its path short enough for sockets, with nothing given by the environment."""
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")
    with tempfile.TemporaryDirectory(prefix="deliveryapp-test-") as directory:
        yield Path(directory) / "run"


def remember(services: Services, word: str) -> None:
    with psycopg.connect(services.database_url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
        connection.execute("INSERT INTO kept VALUES (%s)", [word])
    with redis.Redis.from_url(services.redis_url) as client:
        client.rpush("kept", word)


def remembered(database_url: str, redis_url: str) -> tuple[list[str], list[str]]:
    with psycopg.connect(database_url) as connection:
        rows = [word for (word,) in connection.execute("SELECT word FROM kept ORDER BY word")]
    with redis.Redis.from_url(redis_url) as client:
        return rows, [word.decode() for word in client.lrange("kept", 0, -1)]


def is_answering(database_url: str) -> bool:
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_they_start_answer_and_leave_no_process(run_dir: Path) -> None:
    with running_services(run_dir, cache_dir=CACHE_DIR) as services:
        remember(services, "soup")
        assert remembered(services.database_url, services.redis_url) == (["soup"], ["soup"])
        assert set(services.started) == {"postgres", "valkey"}
        assert services.env() == {"DATABASE_URL": services.database_url, "REDIS_URL": services.redis_url}
        with psycopg.connect(services.database_url) as connection:
            shown = connection.execute("SELECT current_setting('max_connections'), current_setting('fsync')")
            assert shown.fetchone() == ("200", "on")
        with redis.Redis.from_url(services.redis_url) as client:
            assert client.info("server")["process_id"] == services.started["valkey"]
            assert client.config_get("maxmemory-policy", "appendonly") == {
                "maxmemory-policy": "noeviction",
                "appendonly": "yes",
            }
        assert survivors(run_dir) != []
    assert survivors(run_dir) == []


def test_state_is_kept_over_a_restart(run_dir: Path) -> None:
    for word in ("bread", "soup"):
        with running_services(run_dir, cache_dir=CACHE_DIR) as services:
            remember(services, word)
    with running_services(run_dir, cache_dir=CACHE_DIR) as services:
        assert remembered(services.database_url, services.redis_url) == (["bread", "soup"], ["bread", "soup"])


def test_kill_9_of_the_parent_leaves_no_process_and_loses_nothing(run_dir: Path) -> None:
    with parent(HOLD, run_dir, CACHE_DIR, "hold") as process:
        database_url = read_line(process, starts="DATABASE ")
        redis_url = read_line(process, starts="REDIS ")
        remember(Services(database_url=database_url, redis_url=redis_url, started={}), "soup")
        kill_hard(process)
    poll(lambda: survivors(run_dir) == [], what="everything it started to be gone", timeout_s=8)
    with running_services(run_dir, cache_dir=CACHE_DIR) as services:
        assert remembered(services.database_url, services.redis_url) == (["soup"], ["soup"])


def test_it_can_start_again_while_what_a_killed_parent_left_is_still_ending(run_dir: Path) -> None:
    with parent(HOLD, run_dir, CACHE_DIR, "hold") as process:
        read_line(process, starts="REDIS ")
        kill_hard(process)
    with running_services(run_dir, cache_dir=CACHE_DIR) as services:
        remember(services, "soup")


def test_a_pid_file_with_the_number_of_a_living_stranger_does_not_stop_the_start(run_dir: Path) -> None:
    with running_services(run_dir, cache_dir=CACHE_DIR, redis_url="not needed") as services:
        lines = (run_dir / "postgres" / "postmaster.pid").read_text().splitlines()
        socket_lock = (run_dir / "postgres-socket" / ".s.PGSQL.5432.lock").read_text().splitlines()
        pid = services.started["postgres"]
        os.kill(pid, signal.SIGKILL)
        poll(lambda: not Path(f"/proc/{pid}").exists(), what="the server to be gone")
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        for file, old in (
            ("postgres/postmaster.pid", lines),
            ("postgres-socket/.s.PGSQL.5432.lock", socket_lock),
        ):
            (run_dir / file).write_text("\n".join([str(stranger.pid), *old[1:], ""]))
        with running_services(run_dir, cache_dir=CACHE_DIR, redis_url="not needed") as services:
            assert is_answering(services.database_url)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_killed_server_comes_back_by_itself_with_what_was_committed(run_dir: Path) -> None:
    told: list[str] = []
    with running_services(run_dir, cache_dir=CACHE_DIR, announce=told.append) as services:
        remember(services, "soup")
        for pid in services.started.values():
            os.kill(pid, signal.SIGKILL)

        def is_back() -> bool:
            try:
                return remembered(services.database_url, services.redis_url) == (["soup"], ["soup"])
            except (psycopg.OperationalError, redis.ConnectionError):
                return False

        poll(is_back, what="both servers to be back", timeout_s=15)
    assert sorted(told) == [
        "postgres died (SIGKILL); starting it again in 0.5 s",
        "valkey died (SIGKILL); starting it again in 0.5 s",
    ]


def test_two_on_the_same_state_are_refused(run_dir: Path) -> None:
    with running_services(run_dir, cache_dir=CACHE_DIR, database_url="not needed") as services:
        with parent(HOLD, run_dir, CACHE_DIR, "end") as second:
            output, _ = second.communicate()
        assert f"{run_dir} is in use by process {os.getpid()}" in output
        assert second.returncode == 1
        with redis.Redis.from_url(services.redis_url) as client:
            assert client.ping() is True


def test_what_the_environment_names_is_used_and_nothing_started(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/city")
    monkeypatch.setenv("REDIS_URL", "redis://cache.example/3")
    with running_services(run_dir, cache_dir=CACHE_DIR) as services:
        assert services == Services(
            database_url="postgresql://db.example/city", redis_url="redis://cache.example/3", started={}
        )
    assert sorted(path.name for path in run_dir.iterdir()) == ["lock"]


def test_only_what_is_missing_is_started(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example/city")
    with running_services(run_dir, cache_dir=CACHE_DIR) as services:
        assert services.database_url == "postgresql://db.example/city"
        assert list(services.started) == ["valkey"]
    assert not (run_dir / "postgres").exists()


def test_a_path_too_long_for_a_socket_works(run_dir: Path) -> None:
    deep = run_dir / ("d" * 60) / ("e e" * 20)
    with running_services(deep, cache_dir=CACHE_DIR) as services:
        remember(services, "soup")
        for url in services.env().values():
            assert len(url) < LONGEST_SOCKET_PATH
            assert str(deep) not in url
    with running_services(deep, cache_dir=CACHE_DIR) as services:
        assert remembered(services.database_url, services.redis_url) == (["soup"], ["soup"])
    sockets = Path(services.database_url.partition("host=")[2])
    assert sockets.exists()
    forget_sockets(deep)
    assert not sockets.exists()


def test_another_major_version_is_refused_before_it_touches_the_data(run_dir: Path) -> None:
    with running_services(run_dir, cache_dir=CACHE_DIR, redis_url="not needed"):
        pass
    (run_dir / "postgres" / "PG_VERSION").write_text("12\n")
    with (
        pytest.raises(ServiceError, match=r"was made by PostgreSQL 12, but this machine now has \d+"),
        running_services(run_dir, cache_dir=CACHE_DIR, redis_url="not needed"),
    ):
        pass
    assert survivors(run_dir) == []


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_stranger_on_the_same_socket_is_not_taken_for_our_child(run_dir: Path, name: str) -> None:
    with running_services(run_dir, cache_dir=CACHE_DIR) as services:
        server: dict[str, Callable[[], PostgresCluster | ValkeyServer]] = {
            "postgres": lambda: PostgresCluster(
                home=run_dir, binaries=find_binaries(CACHE_DIR), identity=unprivileged_identity()
            ),
            "valkey": lambda: ValkeyServer(home=run_dir, binary=find_binary()),
        }
        ready = server[name]().spec().ready
        assert ready(services.started[name]) is True
        assert ready(os.getpid()) is False


@needs_root
def test_root_without_user_namespaces_runs_it_as_nobody(run_dir: Path) -> None:
    """In a temporary directory: pytest's own is closed to others, which has a test of its own."""
    identity = nobody_identity()
    with locked(run_dir), Supervisor(log_dir=run_dir / "logs") as supervisor:
        home = Path("/var/tmp") / f"deliveryapp-test-{os.getpid()}"
        home.mkdir(mode=0o755)
        try:
            cluster = PostgresCluster(home=home, binaries=find_binaries(home / "cache"), identity=identity)
            cluster.prepare()
            supervisor.start(cluster.spec())
            cluster.create_database("city")
            assert is_answering(cluster.url("city"))
            pid = supervisor.pid("postgres")
            assert Path(f"/proc/{pid}").stat().st_uid == identity.uid
            assert (home / "postgres").stat().st_uid == identity.uid
            supervisor.stop()
        finally:
            shutil.rmtree(home)


@needs_root
def test_nobody_gets_a_home_elsewhere_if_he_cannot_enter_ours(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deliveryapp.embedded.services.unprivileged_identity", nobody_identity)
    run_dir.mkdir(mode=0o700)
    for word in ("bread", "soup"):
        with running_services(run_dir) as services:
            remember(services, word)
    elsewhere = (run_dir / "elsewhere").readlink()
    try:
        assert elsewhere.parent == Path("/var/tmp")
        with running_services(run_dir) as services:
            rows, _ = remembered(services.database_url, services.redis_url)
        assert rows == ["bread", "soup"]
    finally:
        shutil.rmtree(elsewhere)


def namespaces_work() -> bool:
    return run_to_end(Command(argv=("true",), env={}, cwd=Path("/"), identity=NAMESPACE)).returncode == 0


@needs_root
@pytest.mark.parametrize(
    "prefix",
    [
        pytest.param(
            ("unshare", "--user", "--map-user=1000", "--map-group=1000"),
            marks=pytest.mark.skipif(not namespaces_work(), reason="user namespaces are forbidden here"),
            id="in a namespace",
        ),
        pytest.param(
            ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"),
            marks=pytest.mark.skipif(
                not (others_may_enter(Path(os.__file__)) and others_may_enter(ROOT)),
                reason="Python or the checkout is closed to other users",
            ),
            id="as nobody",
        ),
    ],
)
def test_an_ordinary_user_runs_it_plainly(prefix: tuple[str, ...]) -> None:
    home = Path("/var/tmp") / f"deliveryapp-user-{os.getpid()}"
    home.mkdir(mode=0o777)
    home.chmod(0o777)
    try:
        with parent(
            HOLD, home / "run", home / "cache", "end", prefix=prefix, env={"HOME": str(home)}
        ) as process:
            output, _ = process.communicate()
        assert process.returncode == 0, output
        assert "UID 0" not in output
        assert survivors(home) == []
    finally:
        shutil.rmtree(home)


def test_a_directory_of_somebody_else_is_refused_with_a_reason(run_dir: Path) -> None:
    run_dir.parent.joinpath("file").touch()
    with (
        pytest.raises(ServiceError, match="is not ours to write"),
        running_services(run_dir.parent / "file" / "run"),
    ):
        pass


def test_temporary_services_leave_no_files_and_sweep_what_a_killed_one_left(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    old, young = tmp_path / f"{TEMPORARY_PREFIX}old", tmp_path / f"{TEMPORARY_PREFIX}young"
    for left in (old, young):
        left.mkdir()
        (left / "file").touch()
    long_ago = old.stat().st_mtime - YOUNG_S - 1
    os.utime(old, (long_ago, long_ago))
    with temporary_services(CACHE_DIR, database_url="not needed") as services:
        with redis.Redis.from_url(services.redis_url) as client:
            assert client.config_get("appendonly") == {"appendonly": "no"}
        assert not old.exists()
    assert [path.name for path in tmp_path.iterdir()] == [young.name]
    assert not Path(services.redis_url.removeprefix("unix://").partition("?")[0]).parent.exists()


def test_without_a_wheel_or_a_system_server_it_says_what_to_do(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deliveryapp.embedded.postgres_binaries._pg0_program", lambda: None)
    monkeypatch.setattr("deliveryapp.embedded.postgres_binaries.SYSTEM_SERVERS", tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError, match="Install PostgreSQL 15 or newer, or set DATABASE_URL"):
        find_binaries(tmp_path)


def test_the_newest_server_of_the_system_is_the_fallback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deliveryapp.embedded.postgres_binaries._pg0_program", lambda: None)
    monkeypatch.setattr("deliveryapp.embedded.postgres_binaries.SYSTEM_SERVERS", tmp_path)
    for version in ("9", "15", "16"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "postgres").touch()
    found = find_binaries(tmp_path)
    assert (found.bin_dir, found.lib_dir) == (tmp_path / "16" / "bin", None)
