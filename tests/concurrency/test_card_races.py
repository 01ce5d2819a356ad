"""Saving a card from all sides at once: the customer's call, the provider's messages, and its removal."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import IntegrityError
from rest_framework.test import APIClient

from deliveryapp.models import User
from payments import selectors
from payments.gateways import gateway
from payments.models import ProviderCustomer, RetiredMethod, SavedCard
from payments.services.cards import finish_setup, follow_setup
from payments.tasks import sweep
from tests.crowd import PATIENCE_S, at_once, statuses
from tests.orders.stage import ClientOf, Stage
from tests.payments.saving import CARDS, SETUPS, choose, confirm, listed, save, start

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wide_pool")]
ROUNDS = 5
CONTROL_ROUNDS = 20
SIDES = 4


@pytest.fixture
def apps(stage: Stage, ada: User, as_: ClientOf) -> list[APIClient]:
    """Ada on several devices."""
    return [as_(ada) for _ in range(SIDES)]


def ready(api: APIClient, card: str = "pm_card_visa") -> dict[str, Any]:
    setup = start(api)
    assert choose(setup, card).status_code == 303
    return setup


@pytest.mark.parametrize("number", range(ROUNDS))
def test_her_call_and_the_news_are_one_card(apps: list[APIClient], number: int) -> None:
    setup = ready(apps[0])
    calls = [lambda app=app: confirm(app, setup) for app in apps]
    news = [lambda: follow_setup(setup_ref=setup["id"], gateway_name="stripe") for _ in range(2)]
    results = at_once(*calls, *news)

    assert {answer.json()["card"]["id"] for answer in results[:SIDES]} == {str(SavedCard.objects.get().pk)}
    assert SavedCard.objects.get().is_default


def test_control_without_the_lock_one_side_fails(
    apps: list[APIClient], ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both may begin to look before one has written; in how many rounds they do is chance."""
    everybody_looks = threading.Barrier(2)
    monkeypatch.setattr(selectors, "lock_customer", lambda _: everybody_looks.wait(PATIENCE_S))
    for _ in range(CONTROL_ROUNDS):
        setup = ready(apps[0])
        save_it = [lambda ref=setup["id"]: finish_setup(user_id=ada.pk, setup_ref=ref)] * 2
        if IntegrityError in map(type, at_once(*save_it, refusals=IntegrityError)):
            return
        SavedCard.objects.all().delete()
    pytest.fail(f"{CONTROL_ROUNDS} rounds without the lock, and none failed")


@pytest.mark.parametrize("number", range(ROUNDS))
def test_the_same_card_from_two_devices_is_one_row(apps: list[APIClient], number: int) -> None:
    setups = [ready(app) for app in apps]
    results = at_once(
        *(lambda app=app, setup=setup: confirm(app, setup) for app, setup in zip(apps, setups, strict=True))
    )

    assert statuses(results) == [200] * SIDES
    assert len(listed(apps[0])) == 1
    assert RetiredMethod.objects.count() == SIDES - 1
    sweep()
    client: Any = gateway("stripe")
    customer = ProviderCustomer.objects.get().provider_ref
    kept = client._client.v1.payment_methods.list({"customer": customer}).data
    assert [row.id for row in kept] == [SavedCard.objects.get().provider_ref]


@pytest.mark.parametrize("number", range(ROUNDS))
def test_a_removed_card_stays_removed(apps: list[APIClient], number: int) -> None:
    setup = ready(apps[0])
    card = confirm(apps[0], setup).json()["card"]
    results = at_once(
        lambda: apps[0].delete(f"{CARDS}{card['id']}/"),
        lambda: apps[1].delete(f"{CARDS}{card['id']}/"),
        lambda: confirm(apps[2], setup),
        lambda: follow_setup(setup_ref=setup["id"], gateway_name="stripe"),
        sweep,
        sweep,
    )
    assert sorted(statuses(results[:2])) == [204, 404]
    assert listed(apps[0]) == []
    assert RetiredMethod.objects.count() == 1


@pytest.mark.parametrize("number", range(ROUNDS))
def test_one_default_whatever_everybody_wants(apps: list[APIClient], number: int) -> None:
    cards = [
        save(apps[0], f"pm_card_{name}") for name in ("visa", "mastercard", "amex", "chargeCustomerFail")
    ]
    results = at_once(
        *(
            lambda app=app, card=card: app.post(f"{CARDS}{card['id']}/default/")
            for app, card in zip(apps, cards, strict=True)
        ),
        lambda: apps[0].delete(f"{CARDS}{cards[0]['id']}/"),
    )
    assert set(statuses(results[1:])) == {200, 204}
    assert [card["is_default"] for card in listed(apps[0])].count(True) == 1


def test_one_customer_at_the_provider_however_many_devices(apps: list[APIClient], stage: Stage) -> None:
    results = at_once(*(lambda app=app: app.post(SETUPS) for app in apps))
    assert set(statuses(results)) <= {201, 503}, "in flight at the provider: try again"
    start(apps[0])
    client: Any = gateway("stripe")
    assert len(client._client.v1.customers.list().data) == ProviderCustomer.objects.count() == 1
