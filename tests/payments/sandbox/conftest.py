"""One server for all tests of a process, emptied before each; and servers of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stripe

from .process import Receiver, Server

Make = Callable[..., stripe.PaymentIntent]


@pytest.fixture(scope="session")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("sandbox"), "--seed", "7")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def sandbox(_shared: Server) -> Iterator[Server]:
    """An empty sandbox without webhook endpoints."""
    _shared.call("DELETE", "webhook_endpoints")
    _shared.call("POST", "reset")
    yield _shared
    _shared.call("DELETE", "faults")


@pytest.fixture
def own_sandbox(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers that the test may kill."""
    made: list[Server] = []

    def make(*options: str, state: bool = True) -> Server:
        server = Server(tmp_path, *options, state=state)
        server.start()
        made.append(server)
        return server

    yield make
    for server in made:
        server.kill()


@pytest.fixture(scope="session")
def _client(_shared: Server) -> stripe.StripeClient:
    return _shared.client()


@pytest.fixture
def client(sandbox: Server, _client: stripe.StripeClient) -> stripe.StripeClient:
    return _client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def hold_params(**more: object) -> dict[str, object]:
    """Ada's order of 12.99 EUR, held on her card."""
    return {
        "amount": 1299,
        "currency": "eur",
        "capture_method": "manual",
        "confirm": True,
        "payment_method": "pm_card_visa",
        "allowed_payment_method_types": ["card"],
        "metadata": {"order_id": "order-1"},
        **more,
    }


@pytest.fixture
def hold(client: stripe.StripeClient) -> Make:
    """Creates and confirms a manual-capture intent."""

    def make(**more: object) -> stripe.PaymentIntent:
        return client.v1.payment_intents.create(hold_params(**more))  # type: ignore[arg-type]

    return make
