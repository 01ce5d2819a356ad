"""The import contract is exhaustive: a stray module breaks the build, and so does a forbidden import."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "tracking", "orders", "payments", "drivers", "restaurants", "deliveryapp")
PLANTED = {
    "a stray room": ("orders/helpers.py", "", "doors, facade, rules, data"),
    "a service that knows HTTP": (
        "orders/services/stray.py",
        "from rest_framework import serializers\n",
        "no HTTP",
    ),
    "upward": ("restaurants/services/stray.py", "from orders import facade\n", "downward only"),
    "sideways": ("drivers/services/stray.py", "from payments import facade\n", "downward only"),
    "into another app": (
        "orders/services/stray.py",
        "from payments.services import operations\n",
        "payments: only facade",
    ),
    "a selector that calls a service": (
        "orders/selectors/stray.py",
        "from orders.services import placing\n",
        "doors, facade, rules, data",
    ),
    "an engine that knows Django": ("drivers/dispatch/stray.py", "import django\n", "engine is pure"),
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for app in APPS:
        only_code = shutil.ignore_patterns("__pycache__", "static", "templates", "data", "migrations")
        shutil.copytree(ROOT / app, folder / app, ignore=only_code)
    return folder


@pytest.fixture
def lint(copy: Path) -> Callable[[], subprocess.CompletedProcess[str]]:
    """Runs in the copy, which comes first on the path."""

    def run() -> subprocess.CompletedProcess[str]:
        tool = Path(sys.executable).parent / "lint-imports"
        environ = {**os.environ, "PYTHONPATH": str(copy), "COLUMNS": "200"}
        return subprocess.run(
            [tool, "--no-cache"], cwd=copy, env=environ, capture_output=True, text=True, check=False
        )

    return run


def test_the_house_as_it_is_keeps_the_contract(lint: Callable[[], subprocess.CompletedProcess[str]]) -> None:
    ended = lint()
    assert ended.returncode == 0, ended.stdout[-3_000:]


@pytest.mark.parametrize("name", PLANTED)
def test_an_offence_breaks_the_build(
    name: str, copy: Path, lint: Callable[[], subprocess.CompletedProcess[str]]
) -> None:
    path, code, contract = PLANTED[name]
    planted = copy / path
    planted.write_text(code)
    try:
        ended = lint()
    finally:
        planted.unlink()
    broken = [line for line in ended.stdout.splitlines() if " BROKEN" in line]
    assert ended.returncode != 0
    assert any(contract in line for line in broken), ended.stdout[-3_000:]
