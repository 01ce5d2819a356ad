"""What placing an order costs: CPU of ours, SQL statements and commits, against bare single-row commits."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from deliveryapp import identity
from deliveryapp.api.renderers import to_json
from deliveryapp.models import IdempotencyRecord, User
from orders.models import Address
from payments.gateways import gateway
from restaurants.models import MenuItem, Restaurant

CONTROL_COMMITS = 300
TRANSACTION_WORDS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@dataclass(frozen=True, slots=True)
class PlacingCost:
    """CPU in milliseconds of this process, per order; rates per second on one connection."""

    orders: int
    cpu_ms: float
    provider_cpu_ms: float
    statements: int
    commits: int
    orders_per_s: float
    commits_per_s: float

    def lines(self) -> list[str]:
        return [
            f"orders placed            {self.orders:>8}",
            f"SQL statements an order  {self.statements:>8}",
            f"commits an order         {self.commits:>8}",
            f"CPU an order             {self.cpu_ms:>8.2f} ms (median)",
            f"  of it the payment SDK  {self.provider_cpu_ms:>8.2f} ms",
            f"orders/s, one client     {self.orders_per_s:>8.0f}",
            f"bare commits/s           {self.commits_per_s:>8.0f} (control: one INSERT each)",
            f"orders per bare commit   {self.orders_per_s / self.commits_per_s:>8.3f}",
        ]


def measure(*, orders: int) -> PlacingCost:
    """Places `orders` orders through the API in this process, with a real sandbox payment server."""
    call_command("migrate", verbosity=0)
    call_command("seed_city", city="helsinki", restaurants=5, drivers=1, customers=5, always_open=100)
    with _sandbox() as url, override_settings(STRIPE_API_BASE=url, ALLOWED_HOSTS=["testserver"]):
        gateway.cache_clear()
        place = _placer()
        for _ in range(10):
            place()
        with CaptureQueriesContext(connection) as queries:
            place()
        statements = [query["sql"] for query in queries.captured_queries]  # the next request clears the log
        cpu_ms, wall_s = _timed(place, orders)
        return PlacingCost(
            orders=orders,
            cpu_ms=cpu_ms,
            provider_cpu_ms=_provider_cpu_ms(),
            statements=sum(not sql.startswith(TRANSACTION_WORDS) for sql in statements),
            commits=sum(sql.startswith("COMMIT") for sql in statements),
            orders_per_s=orders / wall_s,
            commits_per_s=_bare_commits_per_s(),
        )


def _placer() -> Callable[[], None]:
    user = User.objects.get(email="ada@demo.example")
    client = Client(headers={"authorization": f"Bearer {identity.issue(user=user).access}"})
    body = _cart(user)

    def place() -> None:
        key = {"Idempotency-Key": str(uuid4())}
        answer = client.post("/api/v1/orders/", body, content_type="application/json", headers=key)
        if answer.status_code != 201:
            raise RuntimeError(f"placing answered {answer.status_code}: {answer.content[:300]!r}")

    return place


def _cart(user: User) -> bytes:
    """Two dishes without options, enough to meet any minimum, to a saved address."""
    address = Address.objects.filter(customer_id=user.pk).first()
    restaurant = Restaurant.objects.order_by("id").first()
    assert address is not None
    assert restaurant is not None
    items = MenuItem.objects.filter(restaurant=restaurant).exclude(option_groups__min_choices__gt=0)[:2]
    cart: dict[str, Any] = {
        "restaurant_id": restaurant.pk,
        "lines": [{"item_id": item.pk, "quantity": 3} for item in items],
        "delivery": {"address_id": address.pk},
        "tip_minor": 100,
        "payment_method": "pm_card_visa",
        "allow_duplicate": True,
    }
    return to_json(cart)


def _timed(call: Callable[[], None], times: int) -> tuple[float, float]:
    """(median CPU in ms, wall clock in s for all)."""
    cpu_ms = []
    started = time.perf_counter()
    for _ in range(times):
        before = time.process_time()
        call()
        cpu_ms.append((time.process_time() - before) * 1_000)
    return median(cpu_ms), time.perf_counter() - started


def _provider_cpu_ms() -> float:
    provider = gateway("stripe")

    def look() -> None:
        provider.retrieve("pi_unknown")

    return _timed(look, 50)[0]


def _bare_commits_per_s() -> float:
    user = User.objects.get(email="ada@demo.example")

    def commit() -> None:
        with transaction.atomic():
            IdempotencyRecord.objects.create(user=user, key=str(uuid4()), request_hash="bench")

    return CONTROL_COMMITS / _timed(commit, CONTROL_COMMITS)[1]


@contextmanager
def _sandbox() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        port_file = Path(folder) / "port"
        argv = [sys.executable, "-m", "payments.sandbox", "--port", "0", "--port-file", str(port_file)]
        process = subprocess.Popen(argv)
        try:
            while not (port_file.exists() and port_file.read_text().strip()):
                if process.poll() is not None:
                    raise RuntimeError("the sandbox payment server did not start")
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port_file.read_text().strip()}"
        finally:
            process.terminate()
            process.wait(10)
