"""Placing an order through the API (F3, F4, F5, R1, R2): what it costs, what is kept, what it takes."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deliveryapp.models import User
from orders.models import Order, OrderLine
from tests.cast import HOME, cart
from tests.orders.stage import (
    ORDERS,
    TOTAL_MINOR,
    ClientOf,
    Stage,
    events_of,
    footprint,
    nothing_changes,
    path_of,
    place,
    saga_of,
)

pytestmark = pytest.mark.django_db
MAX_STATEMENTS = 10


def euros(amount_minor: int) -> dict[str, object]:
    return {"amount_minor": amount_minor, "currency": "EUR"}


def large_burger(stage: Stage, quantity: int = 1) -> dict[str, object]:
    return {
        "item_id": str(stage.kitchen.burger.pk),
        "quantity": quantity,
        "option_ids": [str(stage.kitchen.large.pk)],
        "note": "no onions",
    }


def test_an_order_is_placed_and_its_total_is_held(stage: Stage) -> None:
    answer = stage.place(tip_minor=200)

    assert answer.status_code == 201, answer.content
    order = answer.json()
    order_id = UUID(order["id"])
    assert order["status"] == "placed"
    assert order["payment"] == {
        "status": "authorized",
        "by_credit": {"amount_minor": 0, "currency": "EUR"},
        "next_action_url": None,
        "decline_code": "",
    }
    assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR + 200)]
    assert path_of(order_id) == [("created", "customer", ""), ("placed", "system", "")]
    assert events_of(order_id) == ["OrderCreated", "OrderPlaced"]
    assert saga_of(order_id) == ("running", "notify_restaurant", "")
    stage.assert_clean()


def test_every_part_of_the_price_is_said(stage: Stage) -> None:
    lines = [large_burger(stage, 3), {"item_id": str(stage.kitchen.soup.pk), "quantity": 1}]
    order = stage.place(lines=lines, tip_minor=150, note="ring twice").json()

    burgers_minor, soup_minor = 3 * (1_400 + 300), 1_250
    subtotal_minor = burgers_minor + soup_minor
    service_minor = 250  # 4 % of 63.50 is 2.54, more than the most that is asked
    assert order["lines"][0] | {"id": None} == {
        "id": None,
        "item_id": str(stage.kitchen.burger.pk),
        "name": "Burger",
        "quantity": 3,
        "unit_price": euros(1_400),
        "options": [{"group": "Size", "name": "Large", "price_delta": euros(300)}],
        "note": "no onions",
        "total": euros(burgers_minor),
    }
    assert order["lines"][1]["total"] == euros(soup_minor)
    assert order["subtotal"] == euros(subtotal_minor)
    assert order["delivery_fee"] == euros(290)
    assert order["service_fee"] == euros(service_minor)
    assert order["included_tax"] == euros(780)  # 63.50 * 14 / 114
    assert order["tax"] == order["discount"] == euros(0)
    assert order["tip"] == euros(150)
    assert order["total"] == euros(subtotal_minor + 290 + service_minor + 150)
    assert order["note"] == "ring twice"


def test_the_service_fee_has_a_floor(stage: Stage) -> None:
    order = stage.place(lines=[{"item_id": str(stage.kitchen.soup.pk), "quantity": 1}]).json()

    assert order["service_fee"] == euros(50)
    assert order["total"] == euros(1_250 + 290 + 50)


def test_a_quote_says_what_placing_will_cost_and_leaves_nothing_behind(stage: Stage) -> None:
    body = cart(stage.kitchen, lines=[large_burger(stage, 2)], tip_minor=70)
    with nothing_changes(stage.sandbox):
        quote = stage.ada.post("/api/v1/quotes/", body, format="json")
    assert quote.status_code == 200, quote.content

    said = quote.json()
    order = place(stage.ada, {**body, "expected_total_minor": said["total"]["amount_minor"]}).json()

    amounts = ("subtotal", "delivery_fee", "service_fee", "tax", "included_tax", "tip", "discount", "total")
    assert {name: said[name] for name in amounts} == {name: order[name] for name in amounts}
    assert said["restaurant_id"] == str(stage.kitchen.restaurant.pk)
    assert said["eta_minutes"]["from"] < said["eta_minutes"]["to"]
    assert 0 < said["distance_m"] < 1_000


def test_the_order_keeps_names_and_prices_of_its_day(stage: Stage) -> None:
    order_id = stage.placed(lines=[large_burger(stage)])
    before = stage.order(order_id)
    stage.kitchen.burger.name, stage.kitchen.burger.price_minor = "Veggie burger", 9_900
    stage.kitchen.burger.save()
    stage.kitchen.restaurant.name = "Elsewhere"
    stage.kitchen.restaurant.delivery_fee_minor = 999
    stage.kitchen.restaurant.save()

    assert stage.order(order_id) == before


def test_a_saved_address_is_copied_into_the_order(stage: Stage) -> None:
    saved = stage.ada.post(
        "/api/v1/addresses/", {**HOME, "label": "Home", "note": "2nd floor"}, format="json"
    )
    assert saved.status_code == 201, saved.content
    address_id = saved.json()["id"]

    order = stage.place(delivery={"address_id": address_id}).json()
    other = stage.place(delivery={"address_id": address_id, "note": "leave it outside"}).json()

    assert order["delivery"] == {**HOME, "note": "2nd floor"}
    assert other["delivery"] == {**HOME, "note": "leave it outside"}
    [listed] = stage.ada.get("/api/v1/addresses/").json()["results"]
    assert listed == {"id": address_id, **HOME, "label": "Home", "note": "2nd floor"}


def test_another_customers_address_is_not_there(stage: Stage, dov: User, as_: ClientOf) -> None:
    saved = as_(dov).post("/api/v1/addresses/", HOME, format="json").json()

    with nothing_changes(stage.sandbox):
        answer = stage.place(delivery={"address_id": saved["id"]})

    assert (answer.status_code, answer.json()["code"]) == (422, "address_not_found")
    assert stage.ada.get("/api/v1/addresses/").json()["results"] == []


def test_what_the_server_decides_cannot_be_sent(stage: Stage, dov: User) -> None:
    forged = {
        "id": "01980000-0000-7000-8000-000000000001",
        "status": "delivered",
        "total": euros(1),
        "total_minor": 1,
        "subtotal_minor": 1,
        "discount_minor": 5_000,
        "currency": "XXX",
        "customer": str(dov.pk),
        "customer_id": str(dov.pk),
        "placed_at": "2020-01-01T00:00:00Z",
        "is_staff": True,
    }
    lines = [{"item_id": str(stage.kitchen.soup.pk), "quantity": 2, "unit_price_minor": 1, "total_minor": 1}]
    answer = stage.place(lines=lines, **forged)

    assert answer.status_code == 201, answer.content
    order = Order.objects.get()
    assert str(order.pk) == answer.json()["id"] != forged["id"]
    assert (order.status, order.total_minor, order.currency) == ("placed", TOTAL_MINOR, "EUR")
    assert order.customer_id != dov.pk
    assert order.placed_at is not None
    assert order.placed_at.year > 2020
    assert stage.sandbox.effects(order.pk) == [("hold", TOTAL_MINOR)]


def test_the_driver_earns_base_distance_and_the_whole_tip(stage: Stage) -> None:
    plain, tipped = (stage.placed(tip_minor=tip_minor) for tip_minor in (0, 300))

    plain_minor, tipped_minor = (Order.objects.get(pk=pk).payout_minor for pk in (plain, tipped))
    assert tipped_minor == plain_minor + 300
    assert 350 < plain_minor < 350 + 80


def test_one_hundred_lines_are_one_order(stage: Stage) -> None:
    lines = [{"item_id": str(stage.kitchen.soup.pk), "quantity": 1, "note": f"bowl {n}"} for n in range(100)]
    order = stage.place(lines=lines).json()

    assert order["subtotal"] == euros(100 * 1_250)
    kept = OrderLine.objects.filter(order_id=order["id"]).order_by("position").values_list("note", flat=True)
    assert list(kept) == [f"bowl {n}" for n in range(100)]


class TestCost:
    """What placing asks of the database, and that lists do not grow more expensive with what they show."""

    @pytest.mark.django_db(transaction=True)
    def test_placing_takes_ten_statements_and_two_commits(self, stage: Stage) -> None:
        saved = stage.ada.post("/api/v1/addresses/", HOME, format="json").json()
        body = cart(stage.kitchen, lines=[large_burger(stage, 2)], delivery={"address_id": saved["id"]})

        with CaptureQueriesContext(connection) as captured:
            answer = place(stage.ada, body)

        assert answer.status_code == 201, answer.content
        statements = [row["sql"] for row in captured.captured_queries]
        control = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
        work = [sql for sql in statements if not sql.startswith(control)]
        assert len(work) <= MAX_STATEMENTS, "\n".join(work)
        assert statements.count("BEGIN") == statements.count("COMMIT") == 2, statements

    def test_more_lines_take_no_more_statements(self, stage: Stage) -> None:
        counts = []
        for size in (1, 30):
            lines = [large_burger(stage)] * size
            with CaptureQueriesContext(connection) as captured:
                assert stage.place(lines=lines).status_code == 201
            counts.append(len(captured.captured_queries))

        assert counts[0] == counts[1]

    @pytest.mark.parametrize("whose", ["customer", "board"])
    def test_longer_lists_take_no_more_statements(self, stage: Stage, whose: str) -> None:
        path = ORDERS if whose == "customer" else f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/orders/"
        api = stage.ada if whose == "customer" else stage.bo
        counts, sizes = [], []
        for more in (1, 7):
            for _ in range(more):
                stage.placed(
                    lines=[large_burger(stage), {"item_id": str(stage.kitchen.soup.pk), "quantity": 1}]
                )
            with CaptureQueriesContext(connection) as captured:
                sizes.append(len(api.get(path).json()["results"]))
            counts.append(len(captured.captured_queries))

        assert sizes == [1, 8]
        assert counts[0] == counts[1], counts

    def test_a_longer_story_takes_no_more_statements(self, stage: Stage) -> None:
        order_id = stage.placed()
        counts = []
        for verb, body in (("confirm", {"prep_minutes": 5}), ("ready", {})):
            with CaptureQueriesContext(connection) as captured:
                stage.order(order_id)
            counts.append(len(captured.captured_queries))
            stage.must(stage.board(order_id, verb, body))

        assert counts[0] == counts[1]


class TestLists:
    def test_active_and_past_are_told_apart_and_paged(self, stage: Stage) -> None:
        done, open_ = stage.placed(), [stage.placed(), stage.placed()]
        stage.must(stage.cancel(done))

        def ids(query: str) -> list[str]:
            return [row["id"] for row in stage.ada.get(f"{ORDERS}{query}").json()["results"]]

        newest_first = [str(pk) for pk in reversed(open_)]
        assert ids("?state=active") == newest_first
        assert ids("?state=past") == [str(done)]
        assert ids("") == [*newest_first, str(done)]

        first = stage.ada.get(f"{ORDERS}?limit=2").json()
        second = stage.ada.get(first["next"]).json()
        assert [row["id"] for row in first["results"] + second["results"]] == [*newest_first, str(done)]
        assert (first["previous"], second["next"]) == (None, None)

    def test_an_unknown_state_is_refused(self, stage: Stage) -> None:
        answer = stage.ada.get(f"{ORDERS}?state=eaten")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")

    def test_nobody_sees_anybody_elses(self, stage: Stage, dov: User, as_: ClientOf) -> None:
        stage.placed()
        assert as_(dov).get(ORDERS).json()["results"] == []

    def test_the_status_is_small(self, stage: Stage) -> None:
        order_id = stage.placed()
        status = stage.ada.get(f"{ORDERS}{order_id}/status/").json()

        assert status["id"] == str(order_id)
        assert (status["status"], status["seq"]) == ("placed", 2)
        assert set(status) == {"id", "status", "seq", "updated_at"}

    def test_the_board_shows_what_to_cook(self, stage: Stage) -> None:
        order_id = stage.placed(lines=[large_burger(stage, 2)], note="quick please")
        path = f"/api/v1/restaurants/{stage.kitchen.restaurant.pk}/orders/"
        [row] = stage.bo.get(f"{path}?state=active").json()["results"]

        assert row["id"] == str(order_id)
        [line] = row["lines"]
        assert UUID(line.pop("id"))
        assert line == {"name": "Burger", "quantity": 2, "options": ["Size: Large"], "note": "no onions"}
        assert (row["note"], row["customer_first_name"], row["ticket_seq"]) == ("quick please", "Ada", 1)
        assert (row["acknowledged_at"], row["driver"]) == (None, None)
        assert stage.bo.get(f"{path}?state=past").json()["results"] == []
        assert "street" not in str(row)


def test_the_kitchen_may_see_an_order_before_its_ticket_is_printed(stage: Stage) -> None:
    order_id = UUID(stage.place().json()["id"])
    seen = stage.must(stage.board(order_id, "acknowledge"))

    assert seen["acknowledged_at"] is not None
    assert seen["ticket_seq"] == 1
    assert footprint(stage.sandbox)["Ticket"] == 1
