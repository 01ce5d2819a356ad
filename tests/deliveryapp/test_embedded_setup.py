"""Ports, secrets, the command line and what make does before anything of ours is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deliveryapp.embedded import bootstrap
from deliveryapp.embedded.ports import free_port
from deliveryapp.embedded.rundir import forget_sockets, kept_secrets
from deliveryapp.embedded.showcase import box
from deliveryapp.embedded.stack import PROCESSES, ROOT, Ports, Stack
from tests.deliveryapp.embedded_helpers import parent, read_line, survivors
from tests.live import SECRETS

MANAGE = """
import runpy, sys
sys.argv[0] = "manage.py"
runpy.run_path("manage.py", run_name="__main__")
"""
ELSEWHERE = {"DATABASE_URL": "postgresql://db.example/city"}

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")


@pytest.fixture(autouse=True)
def _no_sockets_left(tmp_path: Path) -> Iterator[None]:
    """pytest's directories are too long for sockets, so those of the commands end up elsewhere."""
    yield
    for home in (tmp_path, tmp_path / "run"):
        forget_sockets(home)


def test_a_taken_port_is_not_given() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(preferred=port) != port
    assert free_port(preferred=port) == port
    assert free_port(preferred=port, taken=frozenset({port})) != port


def test_the_three_ports_differ() -> None:
    ports = Ports.pick(preferred=0)
    assert len({ports.web, ports.live, ports.sandbox}) == 3


def test_secrets_are_random_kept_and_readable_by_us_alone(tmp_path: Path) -> None:
    file = tmp_path / "run" / "secrets.json"
    first = kept_secrets(file, names=("django", "webhook"))
    assert len(set(first.values())) == 2
    assert min(map(len, first.values())) >= 48
    assert file.stat().st_mode & 0o777 == 0o600
    assert kept_secrets(file, names=("django", "webhook")) == first
    assert kept_secrets(file, names=("django", "webhook", "later")).items() > first.items()
    assert kept_secrets(tmp_path / "other.json", names=("django",)) != {"django": first["django"]}


def test_every_process_gets_the_addresses_of_the_others(tmp_path: Path) -> None:
    ports = Ports(web=8000, live=8001, sandbox=8002)
    services = {"DATABASE_URL": "postgresql://db.example/city", "REDIS_URL": "redis://cache.example/3"}
    stack = Stack(run_dir=tmp_path, services=services, ports=ports, secrets=SECRETS, speed=20)
    specs = stack.specs()
    assert [spec.name for spec in specs] == list(PROCESSES)
    for spec in specs:
        env = spec.command.env
        assert services.items() <= env.items()
        assert env["PUBLIC_URL"] == "http://127.0.0.1:8000"
        assert env["LIVE_URL"] == "http://127.0.0.1:8001"
        assert env["STRIPE_API_BASE"] == "http://127.0.0.1:8002"
        assert env["STRIPE_WEBHOOK_SECRETS"] == "whsec_test"
        assert env["SIMULATION_SPEED"] == "20"
    assert [spec.name for spec in stack.specs(["worker", "web"])] == ["web", "worker"]


def test_the_box_is_straight() -> None:
    drawn = box([("customer", "http://127.0.0.1:8000/", "ada@demo.example"), ("API", "", "")], title="Log in")
    assert drawn.splitlines() == [
        "+--------------------------------------------------------+",
        "|  Log in                                                |",
        "|                                                        |",
        "|  customer   http://127.0.0.1:8000/   ada@demo.example  |",
        "|  API                                                   |",
        "+--------------------------------------------------------+",
    ]


def test_the_services_command_prints_lines_to_export_and_ends_with_a_signal(tmp_path: Path) -> None:
    with parent(MANAGE, "services", "--run-dir", tmp_path / "run") as process:
        assert read_line(process, starts="export DATABASE_URL=").startswith("'postgresql://")
        assert read_line(process, starts="export REDIS_URL=").startswith("'unix://")
        process.terminate()
        assert process.wait(timeout=20) == 0
    assert survivors(tmp_path) == []


def test_the_services_command_runs_another_with_the_urls_set_and_passes_on_its_exit_code(
    tmp_path: Path,
) -> None:
    arguments = (
        "services",
        "--temporary",
        "--run-dir",
        tmp_path,
        "--",
        "sh",
        "-c",
        'echo "GOT $REDIS_URL"; exit 5',
    )
    with parent(MANAGE, *arguments, env={"DATABASE_URL": "postgresql://db.example/city"}) as process:
        assert read_line(process, starts="GOT ").startswith("unix://")
        assert process.wait(timeout=20) == 5


def test_a_demo_on_a_state_in_use_is_refused_clearly(tmp_path: Path) -> None:
    with parent(
        MANAGE, "services", "--run-dir", tmp_path, env={"DATABASE_URL": "postgresql://db.example/city"}
    ) as first:
        read_line(first, starts="export REDIS_URL=")
        with parent(MANAGE, "demo", "--run-dir", tmp_path) as second:
            line = read_line(second, starts=f"CommandError: {tmp_path} is in use by process {first.pid}")
            assert line == ": stop that one first, or choose another --run-dir."
            assert second.wait() == 1


@needs_make
def test_make_refuses_an_old_python_with_a_reason(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.8.10" && exit 0\nexit 1\n')
    old.chmod(0o755)
    outcome = subprocess.run(
        ["make", "--no-print-directory", f"PYTHON={old}", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 2
    assert outcome.stdout.splitlines() == [
        f"This project needs Python 3.11 or newer, but '{old}' is Python 3.8.10.",
        "Install one and name it: make PYTHON=python3.12 demo",
    ]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one for the bootstrap to work in."""
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "VENV_PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(bootstrap, "LOG", tmp_path / "install.log")
    return tmp_path


def test_the_bootstrap_makes_an_environment_once_and_again_when_an_included_file_changes(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "base.txt").write_text("")
    (checkout / "dev.txt").write_text("-r base.txt\n")
    bootstrap.install(checkout / "dev.txt")
    # On a slow machine each step tells its time more than once.
    steps = [line.partition("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert list(dict.fromkeys(steps)) == ["making .venv", "installing dev.txt"]
    for name in ("dev.txt", "base.txt"):
        bootstrap.install(checkout / name)
    assert capsys.readouterr().out == ""
    (checkout / "base.txt").write_text("# changed\n")
    bootstrap.install(checkout / "dev.txt")
    assert capsys.readouterr().out.startswith("installing dev.txt")


def test_the_bootstrap_shows_the_log_when_pip_fails(checkout: Path) -> None:
    (checkout / "base.txt").write_text("./no-such-package\n")
    with pytest.raises(bootstrap.BootstrapError, match=r"(?s)no-such-package.*installing base.txt failed"):
        bootstrap.install(checkout / "base.txt")
    assert not list((checkout / ".venv").glob(".installed-*"))


def test_a_missing_browser_is_an_error_in_ci_and_a_note_elsewhere(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    monkeypatch.delenv("CHROMIUM_PATH", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("CI", raising=False)
    bootstrap.ensure_browser()
    assert "the browser tests will be SKIPPED" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    with pytest.raises(bootstrap.BootstrapError, match="No Chromium for the browser tests: not root"):
        bootstrap.ensure_browser()
