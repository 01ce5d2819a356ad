"""Fixtures of every test that drives orders; conftests import them."""

from __future__ import annotations

import pytest

from deliveryapp.models import User
from tests.cast import Kitchen, Sandbox
from tests.orders.stage import ClientOf, Stage


@pytest.fixture
def sandbox(sandbox: Sandbox) -> Sandbox:
    """With an empty effect log, so that audits see this test's money only."""
    sandbox.call("POST", "reset")
    return sandbox


@pytest.fixture
def stage(kitchen: Kitchen, sandbox: Sandbox, ada: User, bo: User, cleo: User, as_: ClientOf) -> Stage:
    return Stage(kitchen, sandbox, as_(ada), as_(bo), as_(cleo))
