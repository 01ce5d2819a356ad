"""The simulator against the real processes: a small city with every kind of ending, and its closing table."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.live import LiveStack, live_stack, poll

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SPEED = 30.0
UNHURRIED = 15.0  # a kitchen's time to answer must outlast a restart of the web server
CITY = ("--kitchens", "7", "--drivers", "10", "--customers", "12", "--rate", "1")
NOBODY_FAILS = [
    *("--cancel-share", "0", "--reject-share", "0", "--no-answer-share", "0", "--decline-share", "0"),
]


@pytest.fixture(autouse=True)
def _city() -> None:
    call_command("seed_city", restaurants=8, drivers=10, customers=12, always_open=100, verbosity=0)


def simulate(live: LiveStack, report: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    urls = ("--base-url", live.base_url, "--live-url", live.live_url, "--sandbox-url", live.sandbox_url)
    speed = f"{live.stack.speed:g}"
    code = live.manage("simulate", *urls, *CITY, "--speed", speed, "--report", str(report), *arguments)
    assert report.exists(), live.log("simulate")
    return code, json.loads(report.read_text())


def test_every_ending_is_simulated_explained_and_paid_for(tmp_path: Path) -> None:
    shares = [
        *("--cancel-share", "0.1", "--reject-share", "0.1", "--no-answer-share", "0.1"),
        *("--decline-share", "0.1", "--three-ds-share", "0.1", "--double-submit-share", "0.3"),
        *("--min-delivered", "0.5"),
    ]
    with live_stack(speed=SPEED) as live:
        code, report = simulate(live, tmp_path / "report.json", "--orders", "10", *shares)
        log = live.log("simulate")
    assert report["findings"] == []
    assert (code, report["clean"], report["placed"]) == (0, True, 10)
    # A customer who changes his mind may be too late.
    assert report["states"]["delivered"] + report["states"]["cancelled"] == 9
    assert report["states"]["failed"] == 1
    (euros,) = report["money"]["sums"]
    assert euros["ordered_minor"] == euros["captured_minor"] > 0
    assert report["operations"]["doubles"] == report["operations"]["doubles_same"] > 0
    assert "✓ clean: every order ended as simulated, and the money followed." in log


def test_orders_survive_a_kill_9_of_web_live_and_worker(tmp_path: Path) -> None:
    with live_stack(speed=UNHURRIED) as live, ThreadPoolExecutor(1) as side:
        killed = side.submit(_kill_all, live)
        code, report = simulate(live, tmp_path / "report.json", "--orders", "6", *NOBODY_FAILS)
        killed.result()
    assert report["findings"] == []
    assert (code, report["states"]) == (0, {"delivered": 6})
    assert report["events"]["http_retry"] > 0
    assert report["events"]["socket_reconnect"] > 0


def _kill_all(live: LiveStack) -> None:
    """While orders are being placed and cooked."""
    poll(lambda: bool(re.search(r"placed [2-6]/6", live.log("simulate"))), what="orders", timeout_s=120)
    for name in ("web", "worker", "live"):
        live.kill(name, timeout_s=60)
