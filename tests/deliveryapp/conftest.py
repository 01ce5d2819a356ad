"""Fixtures for the kernel's engines: toys in place of the real subscriptions and sagas."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
import redis

from deliveryapp import identity, nudges, outbox, saga, subscriptions
from deliveryapp.identity import TokenPair
from deliveryapp.models import User
from tests.deliveryapp import toys

Nudge = tuple[str, dict[str, Any]]
Queue = Callable[[str], list[Nudge]]

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
    toys.batches.clear()
    _forget_subscriptions()


def _forget_subscriptions() -> None:
    subscriptions.subscriptions.cache_clear()
    subscriptions.subscribers_of.cache_clear()


@pytest.fixture
def queue(_redis: redis.Redis) -> Queue:
    """What a worker of this queue would get: task and arguments, oldest first."""

    def read(name: str) -> list[Nudge]:
        messages = [json.loads(raw) for raw in reversed(_redis.lrange(f"celery:{name}", 0, -1))]
        bodies = [json.loads(base64.b64decode(message["body"])) for message in messages]
        return [(message["headers"]["task"], body[1]) for message, body in zip(messages, bodies, strict=True)]

    return read


@pytest.fixture
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[Nudge]:
    """What would have been sent to the workers and the relay: task and arguments, oldest first."""
    sent: list[Nudge] = []
    monkeypatch.setattr(nudges, "nudge", lambda task, **ids: sent.append((task, ids)))
    monkeypatch.setattr(nudges, "tell", lambda task, **arguments: sent.append((task, arguments)))
    monkeypatch.setattr(outbox, "wake_relay", lambda: sent.append(("relay", {})))
    return sent


@pytest.fixture
def script(settings: Any, nudged: list[Nudge]) -> Iterator[toys.Script]:
    """The toy saga is the only one; nudges are only remembered."""
    settings.SAGAS = ("tests.deliveryapp.toys.TOY",)
    saga.sagas.cache_clear()
    toys.script.clear()
    yield toys.script
    saga.sagas.cache_clear()
