"""The cast and their stage: Ada orders, Bo cooks, Cleo rides, Dov must see nothing."""

from __future__ import annotations

import subprocess
import sys
import time as clock
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from rest_framework.test import APIClient

if TYPE_CHECKING:
    from deliveryapp.models import User
    from restaurants.models import MenuItem, Restaurant

PASSWORD = "demo-pass-1"
KITCHEN_AT = (60.1699, 24.9400)
HOME = {
    "street": "Fredrikinkatu 1",
    "city": "Helsinki",
    "postcode": "00120",
    "lat": 60.1660,
    "lng": 24.9420,
    "note": "",
}


def make_user(name: str, **fields: Any) -> User:
    from deliveryapp.models import User

    return User.objects.create_user(f"{name.lower()}@demo.example", PASSWORD, name=name, **fields)


@pytest.fixture
def ada(db: None) -> User:
    return make_user("Ada")


@pytest.fixture
def bo(db: None) -> User:
    return make_user("Bo")


@pytest.fixture
def cleo(db: None) -> User:
    """A driver, not online yet."""
    from deliveryapp.clock import utc_now
    from deliveryapp.geo import Point
    from drivers.services.registering import NewDriver, register_drivers

    user = make_user("Cleo")
    point = Point(60.1690, 24.9390)
    row = NewDriver(user_id=user.pk, name="Cleo", region="helsinki", point=point)
    register_drivers(rows=[row], now=utc_now())
    return user


@pytest.fixture
def dov(db: None) -> User:
    return make_user("Dov")


@pytest.fixture
def sam(db: None) -> User:
    """Support."""
    return make_user("Sam", is_staff=True, is_superuser=True)


@dataclass(frozen=True)
class Kitchen:
    """Bo's restaurant, always open: soup at 12.50, and a burger at 14.00 whose size must be chosen."""

    restaurant: Restaurant
    soup: MenuItem
    burger: MenuItem
    large: Any  # option of the burger, 3.00 more
    regular: Any


@pytest.fixture
def kitchen(bo: User) -> Kitchen:
    return make_kitchen(bo, "bos-kitchen")


def make_kitchen(owner: User, slug: str) -> Kitchen:
    from restaurants.models import (
        MenuItem,
        MenuSection,
        OpeningHours,
        Option,
        OptionGroup,
        Restaurant,
        StaffMember,
    )

    lat, lng = KITCHEN_AT
    restaurant = Restaurant.objects.create(
        slug=slug,
        name=slug.replace("-", " ").title(),
        kind="restaurant",
        lat=lat,
        lng=lng,
        street="Mannerheimintie 5",
        city="Helsinki",
        region="helsinki",
        timezone="Europe/Helsinki",
        currency="EUR",
        prep_minutes=15,
        delivery_radius_m=3_000,
        delivery_fee_minor=290,
        delivery_fee_per_km_minor=100,
        minimum_order_minor=1_000,
        tax_bp=1_400,
    )
    OpeningHours.objects.bulk_create(
        OpeningHours(restaurant=restaurant, weekday=day, opens=time(0), closes=time(0)) for day in range(7)
    )
    StaffMember.objects.create(restaurant=restaurant, user=owner, role="owner")
    section = MenuSection.objects.create(restaurant=restaurant, name="Dishes", position=0)
    soup = MenuItem.objects.create(
        section=section, restaurant=restaurant, name="Soup", price_minor=1_250, position=0
    )
    burger = MenuItem.objects.create(
        section=section, restaurant=restaurant, name="Burger", price_minor=1_400, position=1
    )
    size = OptionGroup.objects.create(item=burger, name="Size", min_choices=1, max_choices=1, position=0)
    regular = Option.objects.create(group=size, name="Regular", price_delta_minor=0, position=0)
    large = Option.objects.create(group=size, name="Large", price_delta_minor=300, position=1)
    return Kitchen(restaurant=restaurant, soup=soup, burger=burger, large=large, regular=regular)


def cart(kitchen: Kitchen, **changes: Any) -> dict[str, Any]:
    """Two soups to Ada's home: 25.00 + 2.90 delivery + 1.00 service. Ordered again it is meant."""
    body = {
        "restaurant_id": str(kitchen.restaurant.pk),
        "lines": [{"item_id": str(kitchen.soup.pk), "quantity": 2}],
        "delivery": HOME,
        "payment_method": "pm_card_visa",
        "allow_duplicate": True,
    }
    return {**body, **changes}


@pytest.fixture
def as_(client: object) -> Callable[[User | None], APIClient]:
    """An API client that carries this person's access token."""
    from deliveryapp import identity

    def client_of(user: User | None) -> APIClient:
        api = APIClient()
        if user is not None:
            api.credentials(HTTP_AUTHORIZATION=f"Bearer {identity.issue(user=user).access}")
        return api

    return client_of


@dataclass(frozen=True)
class Sandbox:
    """The payment server of this test process and what it saw."""

    url: str

    @cached_property
    def _client(self) -> httpx.Client:
        """One for all calls, since making one reads every certificate there is; it keeps no connection."""
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.Client(base_url=f"{self.url}/_sandbox/", limits=limits)

    def call(self, method: str, path: str, **how: Any) -> Any:
        """An admin call; its answer."""
        return self._client.request(method, path, **how).raise_for_status().json()

    def all_effects(self) -> list[dict[str, Any]]:
        """Every money effect, in order, as the server tells of it."""
        seen: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", "effects", params={"after": len(seen), "limit": 1_000})
            seen += page["effects"]
            if not page["has_more"]:
                return seen

    def effects(self, order_id: object) -> list[tuple[str, int]]:
        """(kind, amount) of every money effect of this order, in order."""
        ours = [row for row in self.all_effects() if row["metadata"].get("order_id") == str(order_id)]
        return [(row["kind"], row["amount"]) for row in ours]

    def faults(self, *rules: dict[str, Any]) -> None:
        self.call("POST", "faults", json=list(rules))

    def calm(self) -> None:
        self.call("DELETE", "faults")


@pytest.fixture(scope="session")
def _sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    port_file = Path(tmp_path_factory.mktemp("sandbox")) / "port"
    argv = [sys.executable, "-m", "payments.sandbox", "--port", "0", "--port-file", str(port_file)]
    process = subprocess.Popen(argv)
    deadline = clock.monotonic() + 20
    while not (port_file.exists() and port_file.read_text().strip()):
        assert process.poll() is None, "the sandbox died"
        assert clock.monotonic() < deadline, "the sandbox did not start"
        clock.sleep(0.02)
    yield Sandbox(f"http://127.0.0.1:{port_file.read_text().strip()}")
    process.terminate()
    process.wait(10)


@pytest.fixture
def sandbox(_sandbox_process: Sandbox, settings: Any) -> Iterator[Sandbox]:
    """All that the gateway sends in a test is held against the types of the official SDK."""
    from payments.gateways import gateway
    from tests.payments.witness import sdk_types_kept

    settings.STRIPE_API_BASE = _sandbox_process.url
    gateway.cache_clear()
    try:
        with sdk_types_kept():
            yield _sandbox_process
    finally:
        _sandbox_process.calm()
        gateway.cache_clear()
