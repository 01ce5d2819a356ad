"""What must not be ordered is refused with the right code, by quote and order alike, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from restaurants.models import OpeningHours
from tests.cast import HOME, Kitchen, cart, make_kitchen
from tests.orders.stage import ORDERS, ClientOf, Stage, assert_problem, nothing_changes, place

pytestmark = pytest.mark.django_db
QUOTES = "/api/v1/quotes/"
CARD = "4242 4242 4242 4242"
Change = Callable[[Kitchen], dict[str, Any]]


def line(**changes: Any) -> Change:
    """Two soups, but."""
    return lambda kitchen: {"lines": [{"item_id": str(kitchen.soup.pk), "quantity": 2, **changes}]}


def burger(*option_ids: Any) -> Change:
    def change(kitchen: Kitchen) -> dict[str, Any]:
        chosen = [str(pick(kitchen) if callable(pick) else pick) for pick in option_ids]
        return {"lines": [{"item_id": str(kitchen.burger.pk), "quantity": 1, "option_ids": chosen}]}

    return change


def delivery(**changes: Any) -> Change:
    return lambda kitchen: {"delivery": {**HOME, **changes}}


def body(**changes: Any) -> Change:
    return lambda kitchen: changes


REFUSED: dict[str, tuple[Change, int, str]] = {
    # who and what
    "unknown restaurant": (body(restaurant_id=str(uuid4())), 404, "restaurant_not_found"),
    "unknown item": (line(item_id=str(uuid4())), 422, "item_not_found"),
    "unknown option": (burger(uuid4()), 422, "option_invalid"),
    "no option where one must be chosen": (burger(), 422, "option_invalid"),
    "an option twice": (burger(lambda k: k.large.pk, lambda k: k.large.pk), 422, "option_invalid"),
    "two of a choice of one": (burger(lambda k: k.large.pk, lambda k: k.regular.pk), 422, "option_invalid"),
    "an option of another item": (
        lambda kitchen: line(option_ids=[str(kitchen.large.pk)])(kitchen),
        422,
        "option_invalid",
    ),
    "unknown address": (body(delivery={"address_id": str(uuid4())}), 422, "address_not_found"),
    # how much
    "quantity -1": (line(quantity=-1), 400, "invalid_input"),
    "quantity 0": (line(quantity=0), 400, "invalid_input"),
    "quantity 1.5": (line(quantity=1.5), 400, "invalid_input"),
    "quantity 2.0": (line(quantity=2.0), 400, "invalid_input"),
    "quantity '2'": (line(quantity="2"), 400, "invalid_input"),
    "quantity true": (line(quantity=True), 400, "invalid_input"),
    "quantity null": (line(quantity=None), 400, "invalid_input"),
    "quantity 100": (line(quantity=100), 400, "invalid_input"),
    "quantity a milliard": (line(quantity=1_000_000_000), 400, "invalid_input"),
    "quantity beyond 64 bits": (line(quantity=10**20), 400, "invalid_input"),
    "101 lines": (
        lambda kitchen: {"lines": [{"item_id": str(kitchen.soup.pk), "quantity": 1}] * 101},
        400,
        "invalid_input",
    ),
    "no lines": (body(lines=[]), 400, "invalid_input"),
    "below the minimum": (
        lambda kitchen: {"lines": burger(lambda k: k.regular.pk)(kitchen)["lines"], "_minimum": 1_401},
        409,
        "minimum_not_met",
    ),
    "above the maximum": (
        lambda kitchen: {"lines": [{"item_id": str(kitchen.soup.pk), "quantity": 99}] * 5},
        422,
        "total_too_large",
    ),
    "negative tip": (body(tip_minor=-1), 400, "invalid_input"),
    "huge tip": (body(tip_minor=20_001), 400, "invalid_input"),
    "tip 1.5": (body(tip_minor=1.5), 400, "invalid_input"),
    "tip true": (body(tip_minor=True), 400, "invalid_input"),
    "price changed": (body(expected_total_minor=2_889), 409, "price_changed"),
    "expected total as text": (body(expected_total_minor="2890"), 400, "invalid_input"),
    # where
    "out of range": (delivery(lat=60.2500, lng=25.0500), 409, "address_out_of_range"),
    "other side of the world": (delivery(lat=-60.0, lng=-155.0), 409, "address_out_of_range"),
    "latitude 91": (delivery(lat=91), 400, "invalid_input"),
    "longitude 181": (delivery(lng=181), 400, "invalid_input"),
    "latitude as a word": (delivery(lat="north"), 400, "invalid_input"),
    "latitude 'nan'": (delivery(lat="nan"), 400, "invalid_input"),
    "latitude 'inf'": (delivery(lat="inf"), 400, "invalid_input"),
    "latitude null": (delivery(lat=None), 400, "invalid_input"),
    "no street": (body(delivery={"lat": 60.166, "lng": 24.942}), 400, "invalid_input"),
    "an empty street": (delivery(street=""), 400, "invalid_input"),
    "a long street": (delivery(street="x" * 121), 400, "invalid_input"),
    "nowhere": (body(delivery={}), 400, "invalid_input"),
    # shapes
    "restaurant id is no id": (body(restaurant_id="bos-kitchen"), 400, "invalid_input"),
    "restaurant id is a number": (body(restaurant_id=7), 404, "restaurant_not_found"),
    "restaurant id is a huge number": (body(restaurant_id=2**63), 404, "restaurant_not_found"),
    "restaurant id is a list": (body(restaurant_id=[str(uuid4())]), 400, "invalid_input"),
    "lines as an object": (body(lines={}), 400, "invalid_input"),
    "lines as text": (body(lines="soup"), 400, "invalid_input"),
    "a line as text": (body(lines=["soup"]), 400, "invalid_input"),
    "options as an object": (line(option_ids={}), 400, "invalid_input"),
    "options with null": (line(option_ids=[None]), 400, "invalid_input"),
    "51 options": (line(option_ids=[str(uuid4()) for _ in range(51)]), 400, "invalid_input"),
    "delivery as text": (body(delivery="home"), 400, "invalid_input"),
    "delivery null": (body(delivery=None), 400, "invalid_input"),
    "note as an object": (body(note={"a": 1}), 400, "invalid_input"),
    "note too long": (body(note="x" * 301), 400, "invalid_input"),
    "line note too long": (line(note="x" * 201), 400, "invalid_input"),
    "NUL in a note": (body(note="a\x00b"), 400, "malformed_json"),
    # card data
    "card number in the note": (body(note=f"pay with {CARD} please"), 400, "card_number_refused"),
    "card number in a line's note": (line(note=CARD.replace(" ", "")), 400, "card_number_refused"),
    "card number for the driver": (delivery(note=CARD.replace(" ", "-")), 400, "card_number_refused"),
}
ONLY_ORDERS: dict[str, tuple[Change, int, str]] = {
    "card number as the method": (body(payment_method=CARD.replace(" ", "")), 400, "card_number_refused"),
    "card number behind pm_": (body(payment_method="pm_4242424242424242"), 400, "card_number_refused"),
    "empty method": (body(payment_method=""), 400, "invalid_input"),
    "method null": (body(payment_method=None), 400, "invalid_input"),
    "method with a line break": (body(payment_method="pm_card_visa\r\nX: y"), 400, "invalid_input"),
    "method of 74 characters": (body(payment_method="pm_" + "x" * 71), 400, "invalid_input"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(stage: Stage, name: str) -> None:
    change, status, code = REFUSED[name]
    sent = {**cart(stage.kitchen), **change(stage.kitchen)}
    if minimum_minor := sent.pop("_minimum", None):
        stage.kitchen.restaurant.minimum_order_minor = minimum_minor
        stage.kitchen.restaurant.save()

    with nothing_changes(stage.sandbox):
        quote, order = stage.ada.post(QUOTES, sent, format="json"), place(stage.ada, sent)

    assert_problem(order, status, code)
    assert_problem(quote, status, code)


@pytest.mark.parametrize("name", ONLY_ORDERS)
def test_an_order_is_refused(stage: Stage, name: str) -> None:
    change, status, code = ONLY_ORDERS[name]
    with nothing_changes(stage.sandbox):
        answer = place(stage.ada, {**cart(stage.kitchen), **change(stage.kitchen)})
    assert_problem(answer, status, code)


@pytest.mark.parametrize("field", ["restaurant_id", "lines", "delivery", "payment_method"])
def test_a_missing_field_is_named(stage: Stage, field: str) -> None:
    sent = cart(stage.kitchen)
    del sent[field]

    with nothing_changes(stage.sandbox):
        problem = assert_problem(place(stage.ada, sent), 400, "invalid_input")

    assert [(error["field"], error["code"]) for error in problem["errors"]] == [(field, "required")]


@pytest.mark.parametrize("field", ["item_id", "quantity"])
def test_a_missing_field_of_a_line_is_named(stage: Stage, field: str) -> None:
    good = {"item_id": str(stage.kitchen.soup.pk), "quantity": 1}
    bad = {name: value for name, value in good.items() if name != field}

    with nothing_changes(stage.sandbox):
        problem = assert_problem(stage.place(lines=[good, bad]), 400, "invalid_input")

    [error] = problem["errors"]
    assert error["code"] == "required"
    assert error["field"].endswith(f"1.{field}"), error


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[1, 2",
        b"\xff\xfe",
        b"nope",
        b'{"lat": NaN}',
        b'{"lat": Infinity}',
        b'{"note": "\\ud800"}',
        b'{"note": "\\u0000"}',
        b"[" * 100_000,
        b'{"a":' * 200 + b"1" + b"}" * 200,
    ],
    ids=lambda raw: repr(raw[:16]),
)
def test_what_is_not_json_is_malformed(stage: Stage, raw: bytes) -> None:
    with nothing_changes(stage.sandbox):
        answer = stage.ada.post(
            ORDERS, data=raw, content_type="application/json", HTTP_IDEMPOTENCY_KEY=str(uuid4())
        )
    assert_problem(answer, 400, "malformed_json")


@pytest.mark.parametrize("raw", [b"[]", b'"soup"', b"7", b"null", b"true", b""])
def test_json_that_is_no_object_is_refused(stage: Stage, raw: bytes) -> None:
    with nothing_changes(stage.sandbox):
        answer = stage.ada.post(
            ORDERS, data=raw, content_type="application/json", HTTP_IDEMPOTENCY_KEY=str(uuid4())
        )
    assert_problem(answer, 400, "invalid_input")


def test_a_form_is_not_json(stage: Stage) -> None:
    with nothing_changes(stage.sandbox):
        answer = stage.ada.post(ORDERS, data="a=1", content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (400, 415)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_nobody_orders_without_a_token(stage: Stage, as_: ClientOf) -> None:
    nobody = as_(None)
    with nothing_changes(stage.sandbox):
        assert_problem(place(nobody, cart(stage.kitchen)), 401, "unauthenticated")
        assert_problem(nobody.post(QUOTES, cart(stage.kitchen), format="json"), 401, "unauthenticated")
        nobody.credentials(HTTP_AUTHORIZATION="Bearer forged.token.here")
        problem = place(nobody, cart(stage.kitchen))
    assert problem.status_code == 401
    assert problem.headers["WWW-Authenticate"].startswith("Bearer")


class TestTheRestaurant:
    """It decides when and what it sells."""

    def refuse(self, stage: Stage, status: int, code: str, **changes: Any) -> dict[str, Any]:
        with nothing_changes(stage.sandbox):
            return assert_problem(stage.place(**changes), status, code)

    def test_is_closed(self, stage: Stage) -> None:
        OpeningHours.objects.all().delete()
        problem = self.refuse(stage, 409, "restaurant_closed")
        assert problem["next_opening_at"] is None

    def test_is_paused(self, stage: Stage) -> None:
        stage.kitchen.restaurant.paused_until = utc_now() + timedelta(minutes=30)
        stage.kitchen.restaurant.save()
        assert self.refuse(stage, 409, "restaurant_closed")["next_opening_at"] is not None

    def test_is_gone(self, stage: Stage) -> None:
        stage.kitchen.restaurant.is_active = False
        stage.kitchen.restaurant.save()
        self.refuse(stage, 404, "restaurant_not_found")

    def test_is_sold_out(self, stage: Stage) -> None:
        stage.kitchen.soup.is_available = False
        stage.kitchen.soup.save()
        problem = self.refuse(stage, 409, "item_unavailable")
        assert problem["item_id"] == str(stage.kitchen.soup.pk)

    def test_does_not_sell_what_another_sells(self, stage: Stage, dov: User) -> None:
        other = make_kitchen(dov, "dovs-kitchen")
        lines = [{"item_id": str(other.soup.pk), "quantity": 2}]
        self.refuse(stage, 422, "item_not_found", lines=lines)

    def test_does_not_sell_another_kitchens_option(self, stage: Stage, dov: User) -> None:
        other = make_kitchen(dov, "dovs-kitchen")
        lines = [
            {"item_id": str(stage.kitchen.burger.pk), "quantity": 1, "option_ids": [str(other.large.pk)]}
        ]
        self.refuse(stage, 422, "option_invalid", lines=lines)

    def test_changes_a_price_between_cart_and_order(self, stage: Stage) -> None:
        stage.kitchen.soup.price_minor += 10
        stage.kitchen.soup.save()
        problem = self.refuse(stage, 409, "price_changed", expected_total_minor=2_890)
        assert (problem["total_minor"], problem["expected_total_minor"]) == (2_911, 2_890)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lat", 90.1),
        ("lng", -180.1),
        ("lat", "x"),
        ("lat", None),
        ("street", ""),
        ("street", "x" * 121),
        ("street", {"a": 1}),
        ("label", "x" * 41),
        ("postcode", "x" * 21),
        ("note", "x" * 201),
        ("note", CARD),
    ],
)
def test_a_bad_address_is_not_saved(stage: Stage, field: str, value: object) -> None:
    with nothing_changes(stage.sandbox):
        answer = stage.ada.post("/api/v1/addresses/", {**HOME, field: value}, format="json")
    problem = assert_problem(answer, 400, "card_number_refused" if value == CARD else "invalid_input")
    assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("note", ["+358 40 123 4567", "call 0401234567, door 1234", "4242 4242 4242 4241"])
def test_numbers_that_are_no_cards_are_welcome(stage: Stage, note: str) -> None:
    assert stage.place(note=note).json()["note"] == note


class TestKitchenInput:
    @pytest.mark.parametrize("minutes", [0, -5, 181, 1.5, "15", True, None])
    def test_prep_minutes(self, stage: Stage, minutes: object) -> None:
        order_id = stage.placed()
        with nothing_changes(stage.sandbox):
            answer = stage.board(order_id, "confirm", {"prep_minutes": minutes})
        assert_problem(answer, 400, "invalid_input")

    @pytest.mark.parametrize("sent", [{}, {"reason": "lazy"}, {"reason": None}, {"reason": ["other"]}])
    def test_reject_reason(self, stage: Stage, sent: dict[str, object]) -> None:
        order_id = stage.placed()
        with nothing_changes(stage.sandbox):
            answer = stage.board(order_id, "reject", sent)
        assert_problem(answer, 400, "invalid_input")

    @pytest.mark.parametrize("reason", [{"a": 1}, "x" * 121, CARD])
    def test_cancel_reason(self, stage: Stage, reason: Any) -> None:
        order_id = stage.placed()
        with nothing_changes(stage.sandbox):
            answer = stage.cancel(order_id, reason=reason)
        assert_problem(answer, 400, "card_number_refused" if reason == CARD else "invalid_input")


def test_ids_that_are_no_ids_are_not_found(stage: Stage) -> None:
    for path in ("x/", "1/", f"{uuid4()}/", f"{uuid4()}/status/", "../../admin/"):
        assert stage.ada.get(f"{ORDERS}{path}").status_code == 404


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_orders_are_not_edited(stage: Stage, method: str) -> None:
    order_id = stage.placed()
    with nothing_changes(stage.sandbox):
        answer = getattr(stage.ada, method)(f"{ORDERS}{order_id}/", {"status": "delivered"}, format="json")
    assert_problem(answer, 405, "method_not_allowed")
