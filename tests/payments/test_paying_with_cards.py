"""An order paid with a saved card: by its owner only, at the price of no statement more."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from deliveryapp.models import User
from orders.models import Order
from payments.gateways import gateway
from payments.models import Payment, PaymentOperation, SavedCard
from payments.tasks import sweep
from tests.cast import HOME, Sandbox, cart
from tests.orders.stage import (
    ORDERS,
    TOTAL_MINOR,
    ClientOf,
    Stage,
    assert_problem,
    hurry,
    nothing_changes,
    place,
)
from tests.payments.provider import answer_bank
from tests.payments.saving import CARDS, choose, save, save_with_bank, saved, start
from tests.worker import drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def dov_app(stage: Stage, dov: User, as_: ClientOf) -> APIClient:
    return as_(dov)


def intent_of(order_id: str) -> Any:
    """As the provider has it."""
    client: Any = gateway("stripe")
    ref = Payment.objects.get(order_id=order_id).provider_ref
    return client._client.v1.payment_intents.retrieve(ref)


def test_a_saved_card_pays_as_its_owners(stage: Stage) -> None:
    card = save(stage.ada, "pm_card_mastercard")
    answer = stage.place(payment_method=card["id"])

    assert answer.status_code == 201, answer.content
    row, intent = SavedCard.objects.get(), intent_of(answer.json()["id"])
    assert (intent.customer, intent.payment_method) == (row.customer.provider_ref, row.provider_ref)
    assert stage.sandbox.effects(answer.json()["id"]) == [("hold", TOTAL_MINOR)]
    stage.assert_clean()


def test_it_pays_again_and_again(stage: Stage) -> None:
    card = save(stage.ada)
    for _ in range(3):
        assert stage.place(payment_method=card["id"]).status_code == 201
    assert Order.objects.filter(status="placed").count() == 3


@pytest.mark.parametrize("spelling", [str.upper, str.lower])
def test_the_id_may_be_spelt_either_way(stage: Stage, spelling: Any) -> None:
    key, card = str(uuid4()), save(stage.ada)
    first = stage.place(key, payment_method=card["id"])
    assert stage.place(key, payment_method=spelling(card["id"])).json() == first.json()


def test_the_providers_own_name_of_her_card_will_do(stage: Stage) -> None:
    save(stage.ada)
    ref = SavedCard.objects.get().provider_ref
    assert stage.place(payment_method=ref).status_code == 201


def test_a_new_card_beside_the_saved_ones_is_nobodys(stage: Stage) -> None:
    save(stage.ada)
    order_id = stage.place(payment_method="pm_card_mastercard").json()["id"]
    assert intent_of(order_id).customer is None


def test_nobody_elses_card_pays_and_no_money_moves(stage: Stage, dov_app: APIClient) -> None:
    save(stage.ada)
    row = SavedCard.objects.get()
    for named in (str(row.pk), row.provider_ref):
        with nothing_changes(stage.sandbox):
            foreign = place(dov_app, cart(stage.kitchen, payment_method=named))
        assert_problem(foreign, 422, "payment_method_not_found")
    with nothing_changes(stage.sandbox):
        unknown = place(dov_app, cart(stage.kitchen, payment_method=str(uuid4())))
    assert unknown.json() == foreign.json()


def test_a_removed_card_pays_no_more(stage: Stage) -> None:
    card = save(stage.ada)
    ref = SavedCard.objects.get().provider_ref
    stage.ada.delete(f"{CARDS}{card['id']}/")
    with nothing_changes(stage.sandbox):
        assert_problem(stage.place(payment_method=card["id"]), 422, "payment_method_not_found")
    for _ in range(2):  # before and after the provider has let it go
        assert_problem(stage.place(payment_method=ref), 402, "payment_declined")
        sweep()
    assert Order.objects.exclude(status="failed").count() == 0


def test_a_repetition_is_answered_though_the_card_is_gone(stage: Stage) -> None:
    key, card = str(uuid4()), save(stage.ada)
    first = stage.place(key, payment_method=card["id"])
    stage.ada.delete(f"{CARDS}{card['id']}/")
    with nothing_changes(stage.sandbox):
        again = stage.place(key, payment_method=card["id"])
    assert (again.status_code, again.json()) == (201, first.json())


def test_a_saved_card_may_be_declined(stage: Stage) -> None:
    card = save(stage.ada, "pm_card_chargeCustomerFail")
    problem = assert_problem(stage.place(payment_method=card["id"]), 402, "payment_declined")
    assert problem["decline_code"] == "generic_decline"
    drain()
    stage.assert_clean()


def test_the_bank_may_ask_back_for_a_saved_card(stage: Stage) -> None:
    setup = save_with_bank(stage.ada, "pm_card_threeDSecure2Required")
    card = saved(stage.ada, setup)
    answer = stage.place(payment_method=card["id"])
    assert (answer.status_code, answer.json()["payment"]["status"]) == (202, "requires_action")
    answer_bank(answer.json()["payment"]["next_action_url"], "complete")
    hurry()
    drain()
    assert stage.order(UUID(answer.json()["id"]))["status"] == "placed"
    stage.assert_clean()


@pytest.mark.parametrize("kind", ["lost_before_effect", "lost_after_effect", "429"])
def test_every_try_of_one_key_asks_the_same(stage: Stage, sandbox: Sandbox, kind: str) -> None:
    """Other parameters under one key would be refused; the card removed meanwhile must not change them."""
    card = save(stage.ada)
    sandbox.faults({"kind": kind, "operation": "payment_intents.create", "times": 1})
    order_id = stage.unsettled(payment_method=card["id"])
    SavedCard.objects.all().delete()
    PaymentOperation.objects.update(next_try_at=Now(), leased_until=None)
    hurry()
    drain()

    assert stage.order(order_id)["status"] == "placed"
    assert stage.sandbox.effects(order_id) == [("hold", TOTAL_MINOR)]
    stage.assert_clean()


def test_a_later_tip_is_charged_to_the_same_card(stage: Stage) -> None:
    card = save(stage.ada, "pm_card_mastercard")
    order_id = stage.on_the_road(payment_method=card["id"])
    stage.must(stage.ride(order_id, "delivered"))
    tipped = stage.ada.put(f"{ORDERS}{order_id}/tip/", {"tip_minor": 300}, format="json")
    assert tipped.status_code == 200, tipped.content

    food, tip = Payment.objects.filter(order_id=order_id).order_by("created_at")
    assert (tip.purpose, tip.state, tip.captured_minor) == ("tip", "captured", 300)
    assert tip.provider_customer == food.provider_customer != ""
    assert tip.payment_method == food.payment_method == SavedCard.objects.get().provider_ref
    stage.assert_clean()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["saved", "by the provider's name", "new"])
def test_it_takes_no_statement_more(stage: Stage, how: str) -> None:
    card = save(stage.ada)
    ref = SavedCard.objects.get().provider_ref
    method = {"saved": card["id"], "by the provider's name": ref, "new": "pm_card_visa"}[how]
    address = stage.ada.post("/api/v1/addresses/", HOME, format="json").json()
    body = cart(stage.kitchen, delivery={"address_id": address["id"]}, payment_method=method)

    with CaptureQueriesContext(connection) as captured:
        assert place(stage.ada, body).status_code == 201

    statements = [row["sql"] for row in captured.captured_queries]
    work = [sql for sql in statements if not sql.startswith(("BEGIN", "COMMIT"))]
    assert len(work) == 10, "\n".join(work)
    assert statements.count("COMMIT") == 2


def test_a_card_that_was_never_saved_with_us_pays_for_nobody(stage: Stage, dov_app: APIClient) -> None:
    """The provider has attached it to Ada, we have not heard of it yet: the provider itself says no."""
    setup = start(stage.ada)
    choose(setup, "pm_card_visa")
    client: Any = gateway("stripe")
    ref = client._client.v1.setup_intents.retrieve(setup["id"]).payment_method
    assert_problem(place(dov_app, cart(stage.kitchen, payment_method=ref)), 402, "payment_declined")
    drain()
    assert stage.sandbox.effects(Order.objects.get().pk) == []
