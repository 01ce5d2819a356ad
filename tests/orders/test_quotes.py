"""A signed quote: what changed since is told part by part, and nothing is ordered then (ADR 20)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import signing

from deliveryapp.clock import utc_now
from deliveryapp.models import User
from orders.models import Order
from restaurants.models import MenuItem, Option, Promotion, Restaurant
from tests.cast import HOME, cart
from tests.orders.stage import TOTAL_MINOR, ClientOf, Stage, assert_problem, nothing_changes, place
from tests.orders.test_money import euros
from tests.orders.test_promotions import promotion, quoted

pytestmark = pytest.mark.django_db
Body = dict[str, Any]
OTHER_DAY = (datetime.now(tz=UTC).weekday() + 3) % 7


def soup_and_burger(stage: Stage, **changes: Any) -> Body:
    """12.50 and 17.00: 29.50 of food, 2.90 of delivery, 1.18 of service."""
    kitchen = stage.kitchen
    burger = {"item_id": str(kitchen.burger.pk), "quantity": 1, "option_ids": [str(kitchen.large.pk)]}
    return cart(kitchen, lines=[{"item_id": str(kitchen.soup.pk), "quantity": 1}, burger], **changes)


def with_token(stage: Stage, **changes: Any) -> Body:
    body = soup_and_burger(stage, **changes)
    return body | {"quote_token": quoted(stage, **{**changes, "lines": body["lines"]})["quote_token"]}


def refused(stage: Stage, body: Body, code: str = "quote_changed") -> Body:
    with nothing_changes(stage.sandbox):
        return assert_problem(place(stage.ada, body), 409, code)


def change(what: str, name: str, was: int, now: int | None, **more: Any) -> Body:
    return {"what": what, "name": name, "was": euros(was), "is": None if now is None else euros(now), **more}


def test_what_was_quoted_is_ordered(stage: Stage) -> None:
    body = with_token(stage, tip_minor=150)
    answer = place(stage.ada, body | {"note": "Ring twice", "payment_method": "pm_card_mastercard"})
    assert answer.status_code == 201, answer.content
    assert answer.json()["total"] == euros(2_950 + 290 + 118 + 150)


def test_it_is_good_for_a_quarter_of_an_hour(stage: Stage, ada: User, as_: ClientOf) -> None:
    begin = utc_now().replace(microsecond=0)
    end = begin + timedelta(minutes=15)
    with time_machine.travel(begin + timedelta(milliseconds=400), tick=False) as clock:
        quote = quoted(stage)
        assert datetime.fromisoformat(quote["expires_at"]) == end
        body = cart(stage.kitchen, quote_token=quote["quote_token"])
        clock.move_to(end - timedelta(milliseconds=1))
        stage = replace(stage, ada=as_(ada))  # the access token is no older
        assert place(stage.ada, body).status_code == 201
        clock.move_to(end)
        problem = refused(stage, body, "quote_expired")
        assert (problem["differences"], problem["total"]) == ([], euros(TOTAL_MINOR))
        assert place(stage.ada, body | {"quote_token": problem["quote_token"]}).status_code == 201


def test_prices_fees_and_promotions_that_changed(stage: Stage) -> None:
    own = promotion(stage, kind="amount")
    body = with_token(stage)
    MenuItem.objects.filter(pk=stage.kitchen.soup.pk).update(price_minor=1_350)
    Option.objects.filter(pk=stage.kitchen.large.pk).update(price_delta_minor=250)
    Restaurant.objects.update(delivery_fee_minor=390)
    Promotion.objects.filter(pk=own.pk).update(amount_minor=200)

    problem = refused(stage, body)

    soup, burger = stage.kitchen.soup, stage.kitchen.burger
    assert problem["differences"] == [
        change("price", "Soup", 1_250, 1_350, line=0, item_id=str(soup.pk)),
        change("price", "Burger", 1_700, 1_650, line=1, item_id=str(burger.pk)),
        change("fee", "delivery_fee", 290, 390),
        change("fee", "service_fee", 118, 120),
        change("promotion", "Bo's amount", 600, 200),
    ]
    assert problem["total"] == euros(3_000 + 390 + 120 - 200)
    accepted = place(stage.ada, body | {"quote_token": problem["quote_token"]})
    assert (accepted.status_code, accepted.json()["total"]) == (201, problem["total"])
    stage.assert_clean()


def test_what_can_no_longer_be_had_line_by_line(stage: Stage) -> None:
    soup, burger = stage.kitchen.soup, stage.kitchen.burger
    body = with_token(stage)
    MenuItem.objects.filter(pk=soup.pk).update(is_available=False)
    Option.objects.filter(pk=stage.kitchen.large.pk).update(is_available=False)
    problem = refused(stage, body)
    assert problem["differences"] == [
        change("sold_out", "Soup", 1_250, None, line=0, item_id=str(soup.pk), detail="Soup is sold out."),
        change(
            "option_gone",
            "Burger",
            1_700,
            None,
            line=1,
            item_id=str(burger.pk),
            detail="Large for Burger is sold out.",
        ),
    ]
    assert (problem["total"], problem["quote_token"]) == (None, None)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"stock": 0}, "sold_out"),
        ({"archived_at": datetime(2025, 1, 1, tzinfo=UTC)}, "not_available"),
        ({"windows": [{"weekdays": [OTHER_DAY], "starts": "10:00", "ends": "10:01"}]}, "not_available"),
    ],
)
def test_why_an_item_is_gone(stage: Stage, fields: Body, what: str) -> None:
    body = with_token(stage)
    MenuItem.objects.filter(pk=stage.kitchen.soup.pk).update(**fields)
    [difference] = refused(stage, body)["differences"]
    assert (difference["what"], difference["line"], difference["is"]) == (what, 0, None)


def test_a_code_that_is_over_by_now(stage: Stage) -> None:
    row = promotion(stage, code="TWENTY")
    body = with_token(stage, promotion_code="TWENTY")
    row.ends_at = row.starts_at + timedelta(minutes=1)
    row.save()
    problem = refused(stage, body)
    over = change("promotion", row.title, 590, None, code="promotion_expired", detail="The promotion is over")
    assert problem["differences"] == [over]
    assert problem["quote_token"] is None


def test_what_stands_in_the_way_of_the_whole_order_says_so_itself(stage: Stage) -> None:
    body = with_token(stage)
    Restaurant.objects.update(is_accepting=False)
    refused(stage, body, "restaurant_closed")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"tip_minor": 100}, ["tip"]),
        ({"delivery": HOME | {"street": "Fredrikinkatu 2"}}, ["address"]),
        ({"promotion_code": "TWENTY"}, ["promotion_code"]),
        ({"lines": []}, ["cart"]),
    ],
)
def test_for_nothing_else_than_what_was_asked(stage: Stage, changes: Body, what: list[str]) -> None:
    body = with_token(stage)
    if "lines" in changes:
        changes = {"lines": body["lines"][:1]}
    problem = refused(stage, body | changes, "quote_mismatch")
    assert problem["differences"] == [{"what": each} for each in what]


def test_for_nobody_else_and_only_as_we_signed_it(
    stage: Stage, dov: User, as_: ClientOf, settings: Any
) -> None:
    body = with_token(stage)
    with nothing_changes(stage.sandbox):
        assert_problem(place(as_(dov), body), 409, "quote_mismatch")
    token = body["quote_token"]
    forged = signing.Signer(salt="orders.other").sign_object({"version": 1})
    for other in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x" + token[1:], forged, "nonsense"):
        refused(stage, body | {"quote_token": other}, "quote_mismatch")
    settings.SECRET_KEY = "another secret key that is long enough for everybody here"
    refused(stage, body, "quote_mismatch")


def test_without_a_token_the_expected_total_decides_as_before(stage: Stage) -> None:
    body = cart(stage.kitchen, expected_total_minor=TOTAL_MINOR - 1)
    refused(stage, body, "price_changed")
    assert place(stage.ada, body | {"expected_total_minor": TOTAL_MINOR}).status_code == 201
    assert place(stage.ada, cart(stage.kitchen)).status_code == 201
    assert Order.objects.count() == 2


def test_with_a_token_the_expected_total_is_told_as_a_change(stage: Stage) -> None:
    body = with_token(stage)
    MenuItem.objects.filter(pk=stage.kitchen.soup.pk).update(price_minor=1_350)
    problem = refused(stage, body | {"expected_total_minor": 3_358})
    assert [difference["what"] for difference in problem["differences"]] == ["price", "fee"]
