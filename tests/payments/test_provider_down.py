"""The provider is down for a while, as real processes see it: two of the web, a Celery worker, beat (F10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from config.audit import INVARIANTS, find_breaches, find_money_breaches
from deliveryapp import identity
from deliveryapp.circuit import State
from deliveryapp.models import User
from orders.models import Order
from payments.facade import circuits
from payments.models import PaymentOperation
from tests.cast import Kitchen, Sandbox, cart
from tests.live import LiveStack, live_stack, poll
from tests.orders.stage import ORDERS
from tests.payments.circuits import DOWN

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.journey,
]
RULES = {
    "PAYMENT_CIRCUIT_MIN_CALLS": "4",
    "PAYMENT_CIRCUIT_OPEN_S": "10",
    "PAYMENT_CIRCUIT_LONGEST_OPEN_S": "10",
}
Place = Callable[..., httpx.Response]


@pytest.fixture
def stack() -> Iterator[LiveStack]:
    with live_stack(("sandbox", "web", "worker", "beat"), RULES, speed=1) as stack:
        yield stack


@pytest.fixture
def place(stack: LiveStack, kitchen: Kitchen, ada: User) -> Iterator[Place]:
    headers = {"Authorization": f"Bearer {identity.issue(user=ada).access}"}
    with httpx.Client(base_url=stack.base_url, headers=headers, timeout=30) as app:

        def place(key: str | None = None) -> httpx.Response:
            return app.post(ORDERS, json=cart(kitchen), headers={"Idempotency-Key": key or str(uuid4())})

        yield place


def state() -> State:
    [status] = circuits()
    return status.state


def breaches(sandbox_url: str) -> list[str]:
    found = [f"{row.id}: {text}" for row in INVARIANTS for text in find_breaches(row)]
    return found + find_money_breaches(sandbox_url)


def test_refused_by_all_closed_by_the_worker_and_everything_settles(stack: LiveStack, place: Place) -> None:
    provider = Sandbox(stack.sandbox_url)
    assert place().status_code == 201
    provider.faults(DOWN)
    poll(lambda: place().status_code == 503, what="orders to be refused", timeout_s=60)
    written, key = Order.objects.count(), str(uuid4())
    refusals = [place(key) for _ in range(8)]  # both web workers answer some of them

    assert {answer.status_code for answer in refusals} == {503}
    assert {answer.json()["code"] for answer in refusals} == {"payment_unavailable"}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 12 for answer in refusals)
    assert Order.objects.count() == written

    provider.calm()
    poll(lambda: state() is State.CLOSED, what="the worker to find out", timeout_s=60)
    placed: Any = place(key)
    assert placed.status_code == 201
    assert Order.objects.count() == written + 1
    poll(
        lambda: set(Order.objects.values_list("status", flat=True)) == {"placed"},
        what="every order to be settled",
        timeout_s=90,
    )
    assert set(PaymentOperation.objects.values_list("state", flat=True)) == {"succeeded"}
    poll(lambda: breaches(stack.sandbox_url) == [], what="a clean audit", timeout_s=30)
