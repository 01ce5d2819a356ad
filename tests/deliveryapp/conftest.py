"""Fixtures for the kernel's engines: toys in place of the real subscriptions and sagas."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest

from deliveryapp import identity, saga, subscriptions, transport
from deliveryapp.identity import TokenPair
from deliveryapp.models import User
from tests.deliveryapp import toys

hypothesis.settings.register_profile("busy machine", deadline=None)
hypothesis.settings.load_profile("busy machine")


@pytest.fixture
def pair(ada: User) -> TokenPair:
    """Ada's tokens on one device."""
    return identity.issue(user=ada)


@pytest.fixture
def subscribe(settings: Any) -> Iterator[Callable[[str], None]]:
    """Put a table of `toys` in the place of `config/subscriptions.py`."""

    def use(name: str) -> None:
        settings.EVENT_SUBSCRIPTIONS = f"tests.deliveryapp.toys.{name}"
        _forget_subscriptions()

    use("SUBSCRIPTIONS")
    yield use
    toys.broken_with.clear()
    _forget_subscriptions()


def _forget_subscriptions() -> None:
    subscriptions.subscriptions.cache_clear()
    subscriptions.subscribers_of.cache_clear()


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[toys.Recorder]:
    """The transport of the whole process: remembers sends and nudges."""
    made = toys.Recorder()
    monkeypatch.setitem(transport._TRANSPORTS, "celery", "tests.deliveryapp.toys.Recorder")
    transport.transport.cache_clear()
    monkeypatch.setattr(toys, "Recorder", lambda: made)
    yield made
    transport.transport.cache_clear()


@pytest.fixture
def script(settings: Any, recorder: toys.Recorder) -> Iterator[toys.Script]:
    """The toy saga is the only one; nudges are only remembered."""
    settings.SAGAS = ("tests.deliveryapp.toys.TOY",)
    saga.sagas.cache_clear()
    toys.script.clear()
    yield toys.script
    saga.sagas.cache_clear()
