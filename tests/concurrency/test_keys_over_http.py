"""Two requests at once over real HTTP to real server processes, 200 rounds of each kind (R2, R5).

Each kind has a control: the same rounds without its guard, which must go wrong at least once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from config.audit import find_money_breaches
from deliveryapp import identity
from deliveryapp.models import IdempotencyRecord, User
from orders.models import Order
from tests.cast import HOME, Kitchen, Sandbox, cart, make_kitchen, make_user
from tests.crowd import ROUNDS, at_once
from tests.live import live_stack

pytestmark = [pytest.mark.race, pytest.mark.slow]
Submit = Callable[..., httpx.Response]


@dataclass(frozen=True)
class Counterside:
    """Bo's kitchen behind two server processes, and no workers: what is placed stays placed."""

    url: str
    kitchen: Kitchen
    sandbox: Sandbox


@pytest.fixture
def _empty_redis() -> None:
    """Nobody here uses it, and the processes are connected to it."""


@pytest.fixture(scope="module")
def counter(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Counterside]:
    """Rows are committed, since other processes read them; the module leaves an empty database."""
    with django_db_blocker.unblock():
        kitchen = make_kitchen(make_user("Bo"), "bos-kitchen")
        with live_stack(["sandbox", "web"], speed=1) as stack:
            yield Counterside(stack.base_url, kitchen, Sandbox(stack.sandbox_url))
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def ada(counter: Counterside, django_db_blocker: DjangoDbBlocker) -> Iterator[User]:
    """Somebody new for each test."""
    with django_db_blocker.unblock():
        yield make_user(f"Ada-{uuid4().hex[:8]}")


@pytest.fixture
def screens(counter: Counterside, ada: User) -> Iterator[tuple[Submit, Submit]]:
    """Two of Ada's screens, each with a connection of its own that is already open."""
    head = {"Authorization": f"Bearer {identity.issue(user=ada).access}"}

    def screen(http: httpx.Client) -> Submit:
        def submit(key: str | None = None, **changes: Any) -> httpx.Response:
            headers = {"Idempotency-Key": key} if key else {}
            return http.post("/api/v1/orders/", json=cart(counter.kitchen, **changes), headers=headers)

        return submit

    with (
        httpx.Client(base_url=counter.url, headers=head, timeout=30, trust_env=False) as one,
        httpx.Client(base_url=counter.url, headers=head, timeout=30, trust_env=False) as other,
    ):
        for http in (one, other):
            assert http.get("/livez").status_code == 200
        yield screen(one), screen(other)


@pytest.fixture
def no_unique_key() -> Iterator[None]:
    """The guard is away: two records may have the same key."""
    [constraint] = IdempotencyRecord._meta.constraints
    with connection.schema_editor() as editor:
        editor.remove_constraint(IdempotencyRecord, constraint)
    yield
    IdempotencyRecord.objects.all().delete()
    with connection.schema_editor() as editor:
        editor.add_constraint(IdempotencyRecord, constraint)


def codes(*answers: httpx.Response) -> tuple[str, ...]:
    """What each came to: a status, or the code of its problem; sorted."""
    return tuple(sorted(a.json()["code"] if a.status_code >= 400 else str(a.status_code) for a in answers))


def orders_of(ada: User) -> int:
    return Order.objects.filter(customer_id=ada.pk).count()


def assert_each_is_held_once(counter: Counterside, ada: User) -> None:
    """The provider's log against our orders."""
    effects = httpx.get(f"{counter.sandbox.url}/_sandbox/effects?limit=1000").json()["effects"]
    held = Counter(row["order_id"] for row in effects if row["kind"] == "hold")
    mine = [str(pk) for pk in Order.objects.filter(customer_id=ada.pk).values_list("pk", flat=True)]
    assert {held[order_id] for order_id in mine} == {1}
    assert find_money_breaches(counter.sandbox.url) == []


def test_same_key_same_key(counter: Counterside, ada: User, screens: tuple[Submit, Submit]) -> None:
    for number in range(ROUNDS):
        key = f"twice {number}"
        answers = at_once(*[lambda screen=screen, key=key: screen(key) for screen in screens])

        assert codes(*answers) in (("201", "201"), ("201", "request_in_flight"))
        [told] = {answer.json()["id"] for answer in answers if answer.status_code == 201}
        marks = [answer.headers.get("Idempotent-Replayed") for answer in answers if answer.status_code == 201]
        assert marks.count(None) == 1
        if number % 10 == 0:
            assert screens[0](key).json()["id"] == told
    assert orders_of(ada) == ROUNDS
    assert_each_is_held_once(counter, ada)


def test_same_key_other_body(counter: Counterside, ada: User, screens: tuple[Submit, Submit]) -> None:
    for number in range(ROUNDS):
        key = f"either {number}"
        submits = [
            lambda screen=screen, key=key, tip=tip_minor: screen(key, tip_minor=tip)
            for screen, tip_minor in zip(screens, (0, 100), strict=True)
        ]
        answers = at_once(*submits)

        assert codes(*answers) == ("201", "idempotency_key_reused")
        if number % 10 == 0:
            assert codes(submits[0](), submits[1]()) == ("201", "idempotency_key_reused")
    assert orders_of(ada) == ROUNDS
    assert_each_is_held_once(counter, ada)


def test_same_cart_without_a_key(counter: Counterside, ada: User, screens: tuple[Submit, Submit]) -> None:
    for number in range(ROUNDS):
        door = {**HOME, "street": f"Fredrikinkatu {number}"}
        submits = [
            lambda screen=screen, door=door: screen(delivery=door, allow_duplicate=False)
            for screen in screens
        ]
        answers = at_once(*submits)

        assert codes(*answers) == ("201", "duplicate_order")
        bodies = {answer.status_code: answer.json() for answer in answers}
        assert bodies[409]["earlier_order"]["id"] == bodies[201]["id"]
    assert orders_of(ada) == ROUNDS
    assert_each_is_held_once(counter, ada)


@pytest.mark.usefixtures("no_unique_key")
@pytest.mark.parametrize("tips_minor", [(0, 0), (0, 100)], ids=["same body", "other body"])
def test_control_without_the_constraint_one_key_becomes_two_orders(
    ada: User, screens: tuple[Submit, Submit], tips_minor: tuple[int, int]
) -> None:
    """Both look for the key before either has written it: sooner or later in 200 rounds, mostly at once."""
    for number in range(1, 201):
        at_once(
            *[
                lambda screen=screen, tip=tip_minor, key=f"{number}": screen(key, tip_minor=tip)
                for screen, tip_minor in zip(screens, tips_minor, strict=True)
            ]
        )
        if orders_of(ada) > number:
            return
    pytest.fail("the race was never lost: these rounds prove nothing")


def test_control_with_a_word_for_it_the_same_cart_becomes_two_orders(
    ada: User, screens: tuple[Submit, Submit]
) -> None:
    answers = at_once(*[lambda screen=screen: screen(allow_duplicate=True) for screen in screens])
    assert codes(*answers) == ("201", "201")
    assert orders_of(ada) == 2
