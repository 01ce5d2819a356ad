"""The simulator and the audit against the same processes: they pass what is right and see what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orders.models import Order, OrderLine
from tests.journeys.conftest import SPEED
from tests.journeys.town import Quarter, Town

pytestmark = [pytest.mark.journey, pytest.mark.slow]

SIZES = ("--restaurants", "5", "--drivers", "8", "--customers", "8")
ALL_SORTS = (
    *("--reject-share", "0.1", "--no-answer-share", "0.1", "--cancel-share", "0.1", "--decline-share", "0.1"),
    *("--three-ds-share", "0.1", "--double-submit-share", "0.3", "--min-delivered", "0.5"),
)
ONLY_REJECTIONS = (
    *("--reject-share", "1", "--no-answer-share", "0", "--cancel-share", "0"),
    *("--decline-share", "0", "--three-ds-share", "0"),
)
PEOPLE = ("--kitchens", "4", "--drivers", "8", "--customers", "8")


@pytest.fixture(scope="module")
def seeded(town: Town) -> Town:
    assert town.stack.manage("seed_city", "--always-open", *SIZES) == 0, town.stack.log("seed_city")
    return town


def simulate(town: Town, *options: str) -> tuple[int, str]:
    stack = town.stack
    urls = ("--base-url", stack.base_url, "--live-url", stack.live_url, "--sandbox-url", stack.sandbox_url)
    code = stack.manage("simulate", *urls, *PEOPLE, "--speed", str(SPEED), "--rate", "2", *options)
    return code, stack.log("simulate")


def audit(town: Town, *options: str) -> tuple[int, str]:
    code = town.stack.manage("audit", "--sandbox-url", town.stack.sandbox_url, *options)
    return code, town.stack.log("audit")


def test_every_ending_is_simulated_explained_and_paid_for(seeded: Town, tmp_path: Path) -> None:
    before = Order.objects.count()
    file = tmp_path / "report.json"
    code, output = simulate(seeded, "--orders", "12", *ALL_SORTS, "--report", str(file))

    assert code == 0, output
    assert Order.objects.count() == before + 12
    report = json.loads(file.read_text())
    assert (report["findings"], report["clean"], report["placed"]) == ([], True, 12)
    # A customer who changes his mind may be too late.
    states = report["states"]
    assert states["delivered"] + states["cancelled"] + states["failed"] == 12
    assert states["failed"] >= 1
    (euros,) = report["money"]["sums"]
    assert euros["ordered_minor"] == euros["captured_minor"] > 0
    assert report["operations"]["doubles"] == report["operations"]["doubles_same"] > 0
    assert "✓ clean: every order ended as simulated, and the money followed." in output
    seeded.assert_clean()


def test_too_few_deliveries_fail_the_run(seeded: Town) -> None:
    code, output = simulate(seeded, "--orders", "3", *ONLY_REJECTIONS)

    assert code == 1, output
    findings = [line.strip() for line in output.partition("findings:\n")[2].splitlines() if line]
    assert findings == ["✗ 0.0% delivered, below the minimum of 95.0%"], output


@contextmanager
def overcharged(order_id: object) -> Iterator[None]:
    """Somebody has meddled with a line of an order."""
    line = OrderLine.objects.get(order_id=order_id)
    OrderLine.objects.filter(pk=line.pk).update(total_minor=line.total_minor + 1)
    yield
    OrderLine.objects.filter(pk=line.pk).update(total_minor=line.total_minor)


def test_the_audit_sees_a_breach(town: Town, quarter: Quarter) -> None:
    order_id = quarter.placed()
    quarter.ada.cancel(order_id)
    town.expect_end(order_id, "compensated", "hold", "release")
    with overcharged(order_id):
        code, output = audit(town)
        assert code == 1, output
        assert f"I15 an order's price is the sum of its lines: order {order_id} says 2500" in output
    assert audit(town, "--wait", "60")[0] == 0, town.stack.log("audit")
