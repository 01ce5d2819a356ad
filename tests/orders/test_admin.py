"""Support's pages: a refund by form, and how often a customer cancels."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from deliveryapp.models import User
from orders.models import OrderLine
from payments.models import Refund
from tests.orders.stage import TOTAL_MINOR, Stage

pytestmark = pytest.mark.django_db
TAKEN = [("hold", TOTAL_MINOR), ("capture", TOTAL_MINOR)]


@pytest.fixture
def support(sam: User) -> Client:
    client = Client()
    client.force_login(sam)
    return client


@pytest.fixture
def order_id(stage: Stage) -> UUID:
    order_id = stage.on_the_road()
    stage.must(stage.ride(order_id, "delivered"))
    return order_id


def path(order_id: UUID) -> str:
    return f"/admin/orders/order/{order_id}/refund/"


def filled(page: Any, **changes: object) -> dict[str, object]:
    [key] = re.findall(r'name="key" value="([^"]+)"', page.content.decode())
    return {"key": key, "borne_by": "platform", "reason": "missing", **changes}


def test_the_order_page_leads_to_the_form(support: Client, order_id: UUID) -> None:
    assert path(order_id) in support.get(f"/admin/orders/order/{order_id}/change/").content.decode()


def test_one_unit_of_a_line_and_a_fee_are_refunded_once(
    stage: Stage, support: Client, order_id: UUID, sam: User
) -> None:
    line = OrderLine.objects.get()
    form = filled(support.get(path(order_id)), **{f"line_{line.pk}": 1, "service_fee": "on"})
    for _ in range(2):  # the second click
        answer = support.post(path(order_id), form)
        assert (answer.status_code, answer.url) == (302, f"/admin/orders/order/{order_id}/change/")  # type: ignore[attr-defined]
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.reason, refund.requested_by) == (1_250 + 100, "missing", sam.pk)
    assert stage.sandbox.effects(order_id) == [*TAKEN, ("refund", 1_350)]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"amount_minor": TOTAL_MINOR + 1}, "More than what is left of the charge"),
        ({}, "Nothing of this order was chosen to be refunded"),
        ({"amount_minor": 1, "reason": ""}, "This field is required"),
        ({"amount_minor": 1, "borne_by": "ada"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_told_in_the_form(
    stage: Stage, support: Client, order_id: UUID, change: dict[str, object], text: str
) -> None:
    answer = support.post(path(order_id), filled(support.get(path(order_id)), **change))
    assert answer.status_code == 200
    assert text in answer.content.decode()
    assert stage.sandbox.effects(order_id) == TAKEN


def test_only_support_gets_there(stage: Stage, order_id: UUID, ada: User) -> None:
    client = Client()
    client.force_login(ada)
    assert client.get(path(order_id)).status_code == 302
    assert client.post(path(order_id), {"amount_minor": 1}).status_code == 302
    assert not Refund.objects.exists()


def test_the_share_of_cancelled_orders_is_shown(stage: Stage, support: Client) -> None:
    stage.must(stage.cancel(stage.placed()))
    stage.placed()
    assert "50%" in support.get("/admin/orders/customer/").content.decode()
