"""Who may do what with an order: every route of the URLconf, every actor; a route without a row fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.urls import URLPattern, URLResolver
from rest_framework.test import APIClient

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from drivers.facade import NewDriver, register_drivers
from orders.api.urls import urlpatterns
from orders.models import Amendment, OrderLine
from restaurants.models import StaffMember
from tests.cast import HOME, cart, make_kitchen, make_user
from tests.orders.stage import ClientOf, Stage, assert_problem, nothing_changes

pytestmark = pytest.mark.django_db
EVERYBODY = {"ada", "bo", "cook", "cleo", "dov", "rival", "rider", "sam"}


@dataclass(frozen=True)
class Row:
    """Who gets through, and who is told that he may not; everybody else with a token finds nothing there."""

    allowed: set[str]
    body: dict[str, Any] | None = None
    forbidden: frozenset[str] = frozenset()


ORDER = "orders/<uuid:order_id>/"
BOARD = "restaurants/<uuid:restaurant_id>/orders/"
TICKET = f"{BOARD}<uuid:order_id>/"
LINE = f"{TICKET}lines/<uuid:line_id>/"
SUSPENSION = "restaurants/<uuid:restaurant_id>/suspension/"
RIDE = "driver/deliveries/<uuid:order_id>/"
QUEUED = {
    "id": str(uuid4()),
    "action": "picked_up",
    "order_id": str(uuid4()),
    "device_at": "2026-05-04T12:00:00Z",
}
HERS, KITCHEN, RIDER = {"ada", "sam"}, {"bo", "cook"}, {"cleo"}

ROWS: dict[tuple[str, str], Row] = {
    ("post", "quotes/"): Row(EVERYBODY),
    ("get", "orders/"): Row(EVERYBODY),
    ("post", "orders/"): Row(EVERYBODY),
    ("get", ORDER): Row(HERS),
    ("get", f"{ORDER}status/"): Row(HERS),
    ("post", f"{ORDER}cancel/"): Row(HERS, {"reason": "no"}),
    ("get", f"{ORDER}alternatives/"): Row(HERS),
    ("get", f"{ORDER}receipt/"): Row(HERS),
    ("get", f"{ORDER}again/"): Row({"ada"}),
    ("get", f"{ORDER}refunds/"): Row(HERS),
    ("get", "credit/"): Row(EVERYBODY),
    ("post", f"{ORDER}refunds/"): Row({"sam"}, {"amount_minor": 1}),
    ("put", f"{ORDER}tip/"): Row({"ada"}, {"tip_minor": 0}),
    ("get", "restaurants/<uuid:restaurant_id>/earnings/"): Row({"bo"}, forbidden=frozenset({"cook"})),
    ("get", "driver/earnings/"): Row({"cleo", "rider"}, forbidden=frozenset(EVERYBODY - {"cleo", "rider"})),
    ("get", "addresses/"): Row(EVERYBODY),
    ("post", "addresses/"): Row(EVERYBODY, HOME),
    ("get", BOARD): Row(KITCHEN),
    ("post", f"{TICKET}acknowledge/"): Row(KITCHEN),
    ("post", f"{TICKET}confirm/"): Row(KITCHEN, {"prep_minutes": 5}),
    ("post", f"{TICKET}reject/"): Row(KITCHEN, {"reason": "other"}),
    ("post", f"{TICKET}cancel/"): Row(KITCHEN, {"reason": "other"}),
    ("post", f"{TICKET}prep-time/"): Row(KITCHEN, {"minutes": 5}),
    ("post", "restaurants/<uuid:restaurant_id>/close/"): Row({"bo"}, forbidden=frozenset({"cook"})),
    ("put", SUSPENSION): Row({"sam"}, {"reason": "no"}),
    ("delete", SUSPENSION): Row({"sam"}),
    ("post", f"{TICKET}preparing/"): Row(KITCHEN),
    ("post", f"{TICKET}ready/"): Row(KITCHEN),
    ("post", "driver/actions/"): Row(
        {"cleo", "rider"}, {"actions": [QUEUED]}, forbidden=frozenset(EVERYBODY - {"cleo", "rider"})
    ),
    ("post", f"{LINE}remove/"): Row(KITCHEN, {"quantity": 1}),
    ("post", f"{LINE}swap/"): Row(KITCHEN),
    ("post", f"{ORDER}amendments/<uuid:amendment_id>/answer/"): Row({"ada"}, {"answer": "accept"}),
    ("get", "restaurants/<uuid:restaurant_id>/today/"): Row(KITCHEN),
    ("get", "driver/deliveries/"): Row(EVERYBODY),
    ("post", f"{RIDE}picked-up/"): Row(RIDER),
    ("post", f"{RIDE}delivered/"): Row(RIDER),
}
PUBLIC = {("get", "restaurants/<uuid:restaurant_id>/slots/")}  # as open as the menu


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            assert isinstance(pattern, URLPattern)
            view = pattern.callback.view_class  # type: ignore[union-attr]
            methods = set(view.http_method_names) - {"options", "head"}
            yield from ((method, route) for method in methods if hasattr(view, method))


def test_every_route_has_a_row() -> None:
    assert set(routes(urlpatterns)) == set(ROWS) | PUBLIC


@dataclass(frozen=True)
class Company:
    """Everybody who may come by, and an order that Cleo rides, with a piece that was taken off."""

    stage: Stage
    order_id: UUID
    line_id: UUID
    amendment_id: UUID
    apps: dict[str, APIClient]

    def call(self, who: str, method: str, route: str, **ids: UUID) -> Any:
        ids = {"order_id": self.order_id, "restaurant_id": self.stage.kitchen.restaurant.pk, **ids}
        ids |= {"line_id": self.line_id, "amendment_id": self.amendment_id}
        path = route
        for name, value in ids.items():
            path = path.replace(f"<uuid:{name}>", str(value))
        app, body = self.apps[who], ROWS[method, route].body
        if method == "get":
            return app.get(f"/api/v1/{path}")
        sent = cart(self.stage.kitchen) if body is None and route in ("quotes/", "orders/") else body or {}
        if route == f"{LINE}swap/":
            sent = {"quantity": 1, "swap": {"item_id": str(self.stage.kitchen.soup.pk), "quantity": 1}}
        send = getattr(app, method)
        return send(f"/api/v1/{path}", sent, format="json", HTTP_IDEMPOTENCY_KEY=str(uuid4()))


def every(wanted: Callable[[str], bool]) -> pytest.MarkDecorator:
    """For each method and route that is wanted."""
    keys = [key for key in ROWS if wanted(key[1])]
    return pytest.mark.parametrize(("method", "route"), keys, ids=[" ".join(key) for key in keys])


@pytest.fixture
def company(stage: Stage, dov: User, sam: User, as_: ClientOf) -> Company:
    rival, rider, cook = make_user("Rival"), make_user("Rider"), make_user("Cook")
    make_kitchen(rival, "rivals-kitchen")
    StaffMember.objects.create(restaurant=stage.kitchen.restaurant, user=cook, role="kitchen")
    register_drivers(rows=[NewDriver(user_id=rider.pk, name="Rider", region="helsinki")], now=utc_now())
    apps = {
        "nobody": as_(None),
        "ada": stage.ada,
        "bo": stage.bo,
        "cook": as_(cook),
        "cleo": stage.cleo,
        "dov": as_(dov),
        "rival": as_(rival),
        "rider": as_(rider),
        "sam": as_(sam),
    }
    order_id = stage.assigned()
    line = OrderLine.objects.get(order=order_id)
    taken_off = Amendment.objects.create(
        order_id=order_id,
        state="removed",
        line_id=line.pk,
        quantity=1,
        amount_minor=0,
        made_by=line.pk,
        made_at=utc_now(),
    )
    return Company(stage, order_id, line.pk, taken_off.pk, apps)


@every(lambda route: True)
def test_who_gets_through(company: Company, method: str, route: str) -> None:
    allowed = ROWS[method, route].allowed
    with nothing_changes(company.stage.sandbox):
        assert_problem(company.call("nobody", method, route), 401, "unauthenticated")
        for who in sorted(ROWS[method, route].forbidden):
            assert company.call(who, method, route).status_code == 403, who
        for who in sorted(EVERYBODY - allowed - ROWS[method, route].forbidden):
            answer = company.call(who, method, route)
            assert answer.status_code == 404, (who, answer.content)
            assert answer.json()["code"] in {
                "order_not_found",
                "restaurant_not_found",
                "assignment_not_found",
            }
    for who in sorted(allowed):
        answer = company.call(who, method, route)
        assert answer.status_code in (200, 201, 204, 409), (who, answer.content)


@every(lambda route: "<uuid:" in route)
def test_what_does_not_exist_looks_like_what_is_not_yours(company: Company, method: str, route: str) -> None:
    """A foreign id and an unknown id get the same answer, word for word."""
    missing: dict[str, UUID] = {"order_id": uuid4()} if "order_id" in route else {"restaurant_id": uuid4()}
    foreign = company.call("dov", method, route)
    unknown = company.call("dov", method, route, **missing)
    assert (foreign.status_code, foreign.json()) == (unknown.status_code, unknown.json())


@every(lambda route: route.startswith(TICKET))
def test_an_order_is_on_its_own_restaurants_board_only(company: Company, method: str, route: str) -> None:
    """The rival is staff, of another place: his own restaurant's board does not lead to Bo's order."""
    rivals = StaffMember.objects.get(user__email="rival@demo.example").restaurant_id
    with nothing_changes(company.stage.sandbox):
        assert_problem(company.call("rival", method, route, restaurant_id=rivals), 404, "order_not_found")


def test_lists_hold_nothing_foreign(company: Company) -> None:
    def ids(who: str, path: str, name: str = "id") -> list[str]:
        return [row[name] for row in company.apps[who].get(f"/api/v1/{path}").json()["results"]]

    mine = str(company.order_id)
    for who in sorted(EVERYBODY):
        assert ids(who, "orders/") == ([mine] if who == "ada" else []), who
        assert ids(who, "driver/deliveries/", "order_id") == ([mine] if who == "cleo" else []), who
        assert ids(who, "addresses/") == [], who


def test_a_driver_who_gave_it_back_is_a_stranger_again(company: Company) -> None:
    stage = company.stage
    stage.must(stage.ride(company.order_id, "release", {"reason": "vehicle"}))
    with nothing_changes(stage.sandbox):
        for verb in ("picked-up", "delivered"):
            assert_problem(stage.ride(company.order_id, verb), 404, "assignment_not_found")
    assert stage.cleo.get("/api/v1/driver/deliveries/").json()["results"] == []


def test_a_dismissed_cook_is_a_stranger(company: Company) -> None:
    StaffMember.objects.filter(user__email="cook@demo.example").delete()
    assert company.call("cook", "get", BOARD).status_code == 404
    assert company.call("cook", "post", f"{TICKET}ready/").status_code == 404


def test_a_suspended_customer_is_nobody(company: Company) -> None:
    User.objects.filter(email="ada@demo.example").update(is_active=False)
    with nothing_changes(company.stage.sandbox):
        for method, route in ROWS:
            assert company.call("ada", method, route).status_code == 401, route


def test_support_that_was_dismissed_is_a_stranger(company: Company) -> None:
    User.objects.filter(email="sam@demo.example").update(is_staff=False)
    assert company.call("sam", "get", ORDER).status_code == 404
    assert company.call("sam", "post", f"{ORDER}cancel/").status_code == 404


def test_the_board_hides_what_was_never_placed(stage: Stage) -> None:
    order_id = stage.unsettled(payment_method="pm_card_threeDSecureRequired")
    board = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/orders/"
    for state in ("", "?state=active", "?state=past"):
        assert stage.bo.get(f"{board}{state}").json()["results"] == []
    assert_problem(stage.board(order_id, "reject", {"reason": "other"}), 404, "order_not_found")
