"""The simulator against the real processes: a small city with every kind of ending, and its closing table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.live import LiveStack, live_stack

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SPEED = 30.0
CITY = ("--kitchens", "7", "--drivers", "10", "--customers", "12", "--rate", "1")


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
