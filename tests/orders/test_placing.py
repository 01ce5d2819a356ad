"""Placing an order through the API (F3, F4, F5, R1, R2, R5)."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order, OrderStatusChange
from payments.models import Payment
from tests.cast import HOME, cart

pytestmark = pytest.mark.django_db


def place(api, body, key=None):
    return api.post("/api/v1/orders/", body, format="json", HTTP_IDEMPOTENCY_KEY=key or str(uuid4()))


def test_an_order_is_placed_and_its_total_is_held(ada, kitchen, as_, sandbox):
    answer = place(as_(ada), cart(kitchen, tip_minor=200))

    assert answer.status_code == 201, answer.content
    order = answer.json()
    assert order["status"] == "placed"
    assert order["total"] == {"amount_minor": 2_500 + 290 + 100 + 200, "currency": "EUR"}
    assert order["payment"]["status"] == "authorized"
    assert sandbox.effects(order["id"]) == [("hold", 3_090)]
    history = OrderStatusChange.objects.filter(order_id=order["id"]).values_list("seq", "to_status")
    assert list(history.order_by("seq")) == [(1, "created"), (2, "placed")]
