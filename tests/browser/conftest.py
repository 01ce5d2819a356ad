"""A real Chromium against real processes; one set of processes for the folder, a new customer per test.

Skipped where there is no Chromium (CHROMIUM names one that is not on the path), but never in CI.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import redis
from django.db import connection
from django.db.models import CharField
from django.db.models.functions import Cast
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from tests import databases
from tests.cast import Kitchen, make_kitchen, make_user
from tests.drivers.stage import app_of
from tests.live import LiveStack, live_stack

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--enable-unsafe-swiftshader",  # WebGL without a graphics card
]
WAIT_MS = 30_000
ENDED = ("delivered", "cancelled", "failed")
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9"><rect width="16" height="9"/></svg>'


def chromium_path() -> str | None:
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    if path is None and os.environ.get("CI") != "true":
        pytest.skip("no Chromium found: install one, or set CHROMIUM to its path")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in this thread, and Django takes it for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=WAIT_MS / 2)
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass(frozen=True)
class City:
    """Bo's kitchen and Cleo on her bicycle, with everything running behind them."""

    url: str
    kitchen: Kitchen
    stack: LiveStack


@pytest.fixture(scope="package")
def stack(
    chromium: Browser, django_db_setup: None, django_db_blocker: DjangoDbBlocker, _redis: redis.Redis
) -> Iterator[LiveStack]:
    """Rows are committed, since other processes read them; the folder leaves an empty database."""
    with django_db_blocker.unblock():
        _redis.flushdb()  # queues of earlier tests
        # At the pace of people: at the speed of the demo an order times out while a browser still loads.
        with live_stack(speed=1) as stack:
            yield stack
        databases.empty(connection)


@pytest.fixture(scope="module")
def city(stack: LiveStack) -> Iterator[City]:
    """Bo and Cleo of this module; they move away before the next, whose board is empty."""
    from deliveryapp.clock import utc_now
    from drivers.models import Driver
    from drivers.services.registering import NewDriver, register_drivers
    from restaurants.models import Restaurant

    bo, cleo = make_user("Bo"), make_user("Cleo")
    kitchen = make_kitchen(bo, "bos-kitchen")
    kitchen.restaurant.picture_svg = PICTURE
    kitchen.restaurant.save(update_fields=["picture_svg"])
    driver = NewDriver(user_id=cleo.pk, name="Cleo", region="helsinki", vehicle="bicycle")
    register_drivers(rows=[driver], now=utc_now())
    yield City(url=stack.base_url, kitchen=kitchen, stack=stack)
    _cancel_what_is_open()
    Restaurant.objects.update(slug=Cast("pk", CharField()), is_active=False)
    Driver.objects.filter(active_count=0).update(status=Driver.Status.OFFLINE)
    for user in (bo, cleo):
        user.email = f"{user.pk}@demo.example"
        user.save(update_fields=["email"])


def _cancel_what_is_open() -> None:
    """An order that waits for a driver would be offered to the next module's Cleo."""
    from orders.models import Order

    support = app_of(make_user(f"Sam-{time.monotonic_ns()}", is_staff=True, is_superuser=True))
    for order_id in Order.objects.exclude(status__in=ENDED).values_list("pk", flat=True):
        path = f"/api/v1/orders/{order_id}/cancel/"
        answer = support.post(
            path, {"reason": "the day is over"}, "json", headers={"Idempotency-Key": str(order_id)}
        )
        assert answer.status_code == 200, answer.content


@dataclass
class Watched:
    """Pages whose consoles are read: whatever a test did not announce is a failure."""

    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))

    def expect(self, part: str) -> None:
        """What is refused on purpose shows up as a failed resource; `part` is a part of that line."""
        self.expected.append(part)

    def _note(self, message: ConsoleMessage) -> None:
        line = f"{message.text} {message.location.get('url', '')}"
        if message.type == "error" and not any(part in line for part in self.expected):
            self.problems.append(line)


@pytest.fixture
def console() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    assert watched.problems == []


Visit = Callable[..., Page]


@pytest.fixture
def visit(chromium: Browser, city: City, console: Watched) -> Iterator[Visit]:
    """`visit(path, size=PHONE)` opens a page for somebody new; `visit(path, beside=page)` a tab beside it."""
    contexts: list[BrowserContext] = []

    def open_page(path: str, *, size: dict[str, int] = DESKTOP, beside: Page | None = None) -> Page:
        context = beside.context if beside else _context(chromium, city, size)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        console.watch(page)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def _context(chromium: Browser, city: City, size: dict[str, int]) -> BrowserContext:
    return chromium.new_context(
        base_url=city.url,
        viewport=size,
        locale="en-GB",
        timezone_id="Europe/Helsinki",
        reduced_motion="reduce",
    )
