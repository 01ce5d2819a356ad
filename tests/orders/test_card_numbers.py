"""A card number is refused wherever people write, and is neither kept, nor repeated, nor logged (C29)."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from deliveryapp.models import User
from tests.cast import HOME, cart
from tests.orders.stage import Stage, assert_problem, nothing_changes

pytestmark = pytest.mark.django_db
VISA = "4242424242424242"


class TestTheApi:
    @pytest.mark.parametrize(
        ("path", "change", "field"),
        [
            ("orders/", {"note": VISA}, "note"),
            ("orders/", {"payment_method": VISA}, "payment_method"),
            ("quotes/", {"delivery": {**HOME, "street": VISA}}, "delivery.street"),
            ("quotes/", {"delivery": {**HOME, "city": VISA}}, "delivery.city"),
            ("quotes/", {"delivery": {**HOME, "postcode": VISA}}, "delivery.postcode"),
            ("quotes/", {"delivery": {**HOME, "note": VISA}}, "delivery.note"),
        ],
    )
    def test_names_the_field_and_repeats_nothing(
        self, stage: Stage, caplog: pytest.LogCaptureFixture, path: str, change: dict[str, Any], field: str
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with nothing_changes(stage.sandbox):
            answer = stage.ada.post(
                f"/api/v1/{path}", cart(stage.kitchen, **change), format="json", HTTP_IDEMPOTENCY_KEY="k"
            )
        problem = assert_problem(answer, 400, "card_number_refused")
        assert problem["errors"] == [
            {"field": field, "code": "card_number_refused", "detail": "Never write a card number here."}
        ]
        assert VISA not in answer.content.decode() + caplog.text

    def test_counts_more_than_what_else_is_wrong(self, stage: Stage) -> None:
        problem = assert_problem(stage.place(note=VISA, tip_minor=-1), 400, "card_number_refused")
        assert {error["field"] for error in problem["errors"]} == {"note", "tip_minor"}

    def test_does_not_repeat_it_where_other_values_are_repeated(self, stage: Stage) -> None:
        order_id = stage.placed()
        for reason, told in ((VISA, "This value is not valid."), ("lazy", '"lazy" is not a valid choice.')):
            problem = assert_problem(
                stage.board(order_id, "reject", {"reason": reason}), 400, "invalid_input"
            )
            assert [error["detail"] for error in problem["errors"]] == [told]

    @pytest.mark.parametrize("field", ["name", "email"])
    def test_takes_none_at_sign_up(self, client: Client, field: str) -> None:
        body = {"email": "eve@demo.example", "name": "Eve", "password": "kettle-on-the-stove-9"}
        sent = {**body, field: f"{VISA}@demo.example" if field == "email" else f"Eve {VISA}"}
        answer = APIClient().post("/api/v1/auth/sign-up/", sent, format="json")
        assert_problem(answer, 400, "card_number_refused")
        assert User.objects.count() == 0

    def test_takes_none_in_a_search(self, client: Client) -> None:
        answer = APIClient().get("/api/v1/restaurants/", {"lat": 60.17, "lng": 24.94, "q": VISA})
        assert_problem(answer, 400, "card_number_refused")
        assert VISA not in answer.content.decode()


class TestPages:
    @pytest.mark.parametrize("field", ["name", "email"])
    def test_the_form_comes_back_without_it(self, client: Client, field: str) -> None:
        body = {"email": "eve@demo.example", "name": "Eve", "password": "kettle-on-the-stove-9"}
        sent = {**body, field: f"{VISA}@demo.example" if field == "email" else VISA}
        answer = client.post("/sign-up/", sent)
        page = answer.content.decode()
        assert answer.status_code == 400
        assert "Never write a card number here." in page
        assert VISA not in page
        assert ("Eve" if field == "email" else "eve@demo.example") in page
        assert User.objects.count() == 0

    def test_support_cannot_give_one_as_a_reason(self, stage: Stage, sam: User, client: Client) -> None:
        order_id = stage.placed()
        client.force_login(sam)
        sent = {"action": "cancel", "_selected_action": [str(order_id)], "reason": f"refund {VISA}"}
        with nothing_changes(stage.sandbox):
            page = client.post("/admin/orders/order/", sent, follow=True).content.decode()
        assert "Never write a card number here." in page
        assert VISA not in page
        assert stage.order(order_id)["status"] == "placed"
