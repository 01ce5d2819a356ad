"""Two accounts at providers: who is down is passed over, and money is moved where it is held (R10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from config.audit import find_money_breaches
from deliveryapp.circuit import State
from deliveryapp.embedded.ports import free_port
from orders.models import Order
from payments.gateways import NOT_FOUND, Answered, Hold, Refused, gateway
from payments.gateways.breaker import circuit_of
from payments.models import Payment, PaymentOperation, WebhookEvent
from payments.services import apply_waiting_webhooks
from payments.tasks import sweep
from tests.cast import Sandbox
from tests.orders.stage import TOTAL_MINOR, Stage, assert_problem, hurry, nothing_changes, saga_of
from tests.payments.circuits import await_rest, break_off, use_rules
from tests.payments.mess import let_it_rest, ref_of, report
from tests.payments.provider import deliver, event
from tests.payments.sandbox.process import Server
from tests.payments.saving import CARDS, listed, save
from tests.worker import drain

pytestmark = pytest.mark.django_db
HELD = [("hold", TOTAL_MINOR)]
CAPTURED = [*HELD, ("capture", TOTAL_MINOR)]
FIRST, BACKUP = "stripe", "backup"
SECRETS = {FIRST: "whsec_first", BACKUP: "whsec_backup"}


@dataclass(frozen=True)
class Provider:
    """One account's server, which may die and come back with all it knew."""

    name: str
    server: Server

    @property
    def log(self) -> Sandbox:
        return Sandbox(self.server.url)

    @property
    def setting(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "stripe",
            "secret_key": "sk_test_sandbox",
            "api_base": self.server.url,
            "webhook_secrets": [SECRETS[self.name]],
        }


@pytest.fixture
def providers(tmp_path_factory: pytest.TempPathFactory, settings: Any) -> Iterator[dict[str, Provider]]:
    found = {}
    for seed, name in enumerate((FIRST, BACKUP), start=1):
        folder = tmp_path_factory.mktemp(name)
        server = Server(folder, "--port", str(free_port()), "--seed", str(seed))
        server.start()
        found[name] = Provider(name, server)
    settings.PAYMENT_GATEWAYS = [provider.setting for provider in found.values()]
    use_rules(settings)
    yield found
    gateway.cache_clear()
    for provider in found.values():
        provider.server.stop()


@pytest.fixture
def first(providers: dict[str, Provider]) -> Provider:
    return providers[FIRST]


@pytest.fixture
def backup(providers: dict[str, Provider]) -> Provider:
    return providers[BACKUP]


@pytest.fixture
def stage(stage: Stage, first: Provider) -> Stage:
    return replace(stage, sandbox=first.log)


def settle(times: int = 4) -> None:
    for _ in range(times):
        hurry()
        sweep()
        hurry()
        drain()


def where(order_id: object) -> str:
    return Payment.objects.get(order_id=order_id).gateway


def key_of(order_id: UUID) -> str:
    return PaymentOperation.objects.get(payment__order_id=order_id, kind="authorize").key


def pick_up(stage: Stage, order_id: UUID) -> None:
    for answer in (stage.board(order_id, "preparing"), stage.board(order_id, "ready")):
        stage.must(answer)
    stage.must(stage.ride(order_id, "picked-up"))


def open_first(stage: Stage, first: Provider) -> None:
    break_off(stage)
    first.log.calm()


def test_who_is_down_is_passed_over_and_does_the_rest_when_back(
    stage: Stage, first: Provider, backup: Provider, settings: Any
) -> None:
    use_rules(settings, OPEN_S=0.5, LONGEST_OPEN_S=0.5)
    early = stage.assigned()
    assert (where(early), first.log.effects(early)) == (FIRST, HELD)

    first.server.kill()
    waiting = []
    while circuit_of(FIRST).status().state is State.CLOSED:
        waiting.append(stage.unsettled())
    pick_up(stage, early)
    late, unwanted = stage.placed(), stage.placed()
    for order_id in (late, unwanted):
        assert (where(order_id), backup.log.effects(order_id)) == (BACKUP, HELD)
    assert stage.cancel(unwanted).status_code == 200
    drain()
    assert backup.log.effects(unwanted) == [*HELD, ("release", TOTAL_MINOR)]
    assert Payment.objects.get(order_id=early).state == "authorized"

    first.server.start()
    await_rest(circuit_of(FIRST))
    settle()
    assert circuit_of(FIRST).status().state is State.CLOSED
    assert first.log.effects(early) == CAPTURED
    for order_id in waiting:
        assert (where(order_id), first.log.effects(order_id)) == (FIRST, HELD)
        assert Order.objects.get(pk=order_id).status == "placed"
    assert where(stage.placed()) == FIRST
    for provider in (first, backup):
        assert find_money_breaches(provider.server.url, gateway=provider.name) == []


def test_an_order_held_at_the_backup_ends_there(stage: Stage, first: Provider, backup: Provider) -> None:
    """Though the first one is back and preferred."""
    open_first(stage, first)
    order_id = stage.assigned()
    pick_up(stage, order_id)
    stage.must(stage.ride(order_id, "delivered"))
    assert (where(order_id), saga_of(order_id)[0]) == (BACKUP, "completed")
    assert (backup.log.effects(order_id), first.log.effects(order_id)) == (CAPTURED, [])


def test_when_all_are_down_orders_are_refused_until_the_first_of_them_may_be_tried(
    stage: Stage, first: Provider, backup: Provider, settings: Any
) -> None:
    use_rules(settings, OPEN_S=60)
    open_first(stage, first)
    use_rules(settings, OPEN_S=20)
    break_off(replace(stage, sandbox=backup.log), name=BACKUP)
    with nothing_changes(first.log), nothing_changes(backup.log):
        body = assert_problem(stage.place(), 503, "payment_unavailable")
    assert 10 < body["retry_after_s"] <= 24


def test_no_order_tries_the_first_while_the_backup_is_well(
    stage: Stage, first: Provider, settings: Any
) -> None:
    """That is for the probe: who tries a provider that is still down waits for its answer in vain."""
    use_rules(settings, OPEN_S=0.1)
    open_first(stage, first)
    await_rest(circuit_of(FIRST))
    assert where(stage.placed()) == BACKUP
    assert circuit_of(FIRST).status().totals.trials == 0
    sweep()
    assert where(stage.placed()) == FIRST


def test_when_none_is_well_an_order_tries_the_one_that_has_rested(
    stage: Stage, first: Provider, backup: Provider, settings: Any
) -> None:
    open_first(stage, first)
    use_rules(settings, OPEN_S=0.1)
    break_off(replace(stage, sandbox=backup.log), name=BACKUP)
    backup.log.calm()
    await_rest(circuit_of(BACKUP))
    assert where(stage.placed()) == BACKUP
    states = [circuit_of(name).status().state for name in (FIRST, BACKUP)]
    assert states == [State.OPEN, State.CLOSED]


class TestAMethodThatExistsAtOneGatewayOnly:
    def test_is_asked_for_there(self, stage: Stage, first: Provider, backup: Provider) -> None:
        order_id = UUID(stage.place(payment_gateway=BACKUP).json()["id"])
        assert (where(order_id), backup.log.effects(order_id)) == (BACKUP, HELD)

    def test_is_not_tried_at_the_other(self, stage: Stage, first: Provider, backup: Provider) -> None:
        open_first(stage, first)
        with nothing_changes(first.log), nothing_changes(backup.log):
            assert_problem(stage.place(payment_gateway=FIRST), 503, "payment_unavailable")
        assert where(stage.placed()) == BACKUP

    @pytest.mark.parametrize("name", ["paypal", "", "x" * 21, 7])
    def test_of_nobody(self, stage: Stage, name: object) -> None:
        with nothing_changes(stage.sandbox):
            body = assert_problem(stage.place(payment_gateway=name), 400, "invalid_input")
        assert [error["field"] for error in body["errors"]] == ["payment_gateway"]


class TestMessages:
    TO = {name: f"/payments/webhooks/{name}/" for name in SECRETS}

    def message(self, ref: str = "pi_1") -> dict[str, Any]:
        return event("payment_intent.amount_capturable_updated", ref)

    @pytest.mark.parametrize("name", SECRETS)
    def test_each_has_a_door_and_a_key_of_its_own(self, stage: Stage, name: str) -> None:
        message = self.message()
        assert deliver(message, to=self.TO[name], secret=SECRETS[name]).status_code == 200
        assert WebhookEvent.objects.get().gateway == name

    @pytest.mark.parametrize(("name", "other"), [(FIRST, BACKUP), (BACKUP, FIRST)])
    def test_the_key_of_the_other_does_not_fit(self, stage: Stage, name: str, other: str) -> None:
        with nothing_changes(stage.sandbox):
            answer = deliver(self.message(), to=self.TO[name], secret=SECRETS[other])
            assert_problem(answer, 400, "webhook_signature")

    def test_the_old_address_is_the_first_ones(self, stage: Stage) -> None:
        assert deliver(self.message(), secret=SECRETS[FIRST]).status_code == 200
        assert_problem(deliver(self.message(), secret=SECRETS[BACKUP]), 400, "webhook_signature")
        assert WebhookEvent.objects.get().gateway == FIRST

    def test_nobodys_door(self, stage: Stage) -> None:
        answer = deliver(self.message(), to="/payments/webhooks/paypal/", secret=SECRETS[FIRST])
        assert_problem(answer, 404, "unknown_gateway")
        assert APIClient().get(self.TO[BACKUP]).status_code == 405

    def test_they_are_looked_up_where_they_came_from(
        self, stage: Stage, first: Provider, backup: Provider
    ) -> None:
        """The hold's answer was lost; its message brings the order on."""
        backup.log.faults({"operation": "payment_intents.create", "kind": "lost_after_effect", "times": 1})
        order_id = UUID(stage.place(payment_gateway=BACKUP).json()["id"])
        found = gateway(BACKUP).find(key_of(order_id), since=Order.objects.get().created_at)
        assert isinstance(found, Answered)
        message = self.message(found.intent.ref)
        assert deliver(message, to=self.TO[BACKUP], secret=SECRETS[BACKUP]).status_code == 200
        sweep()
        assert Payment.objects.get().state == "authorized"

    def test_nobody_speaks_for_what_is_held_at_another(
        self, stage: Stage, first: Provider, backup: Provider
    ) -> None:
        """The backup knows an intent that names an order whose hold, still open, is at the first."""
        first.log.faults({"operation": "payment_intents.create", "kind": "lost_before_effect", "times": 1})
        order_id = stage.unsettled()
        ours = str(Payment.objects.get().pk)
        hold = Hold(TOTAL_MINOR, "EUR", "pm_card_visa", str(order_id), ours, "https://x.example/")
        foreign = gateway(BACKUP).authorize(hold, key=str(uuid4()))
        assert isinstance(foreign, Answered)
        message = self.message(foreign.intent.ref)
        deliver(message, to=self.TO[BACKUP], secret=SECRETS[BACKUP])
        apply_waiting_webhooks()
        assert WebhookEvent.objects.get().applied_at is not None
        assert (Payment.objects.get().state, Payment.objects.get().provider_ref) == ("pending", None)
        assert find_money_breaches(backup.server.url, gateway=BACKUP) == [
            f"I4 {foreign.intent.ref} holds for order {order_id}, whose payment is at another gateway"
        ]

    def test_those_of_a_silent_one_do_not_hold_up_the_others(
        self, stage: Stage, first: Provider, backup: Provider
    ) -> None:
        order_id = UUID(stage.place(payment_gateway=BACKUP).json()["id"])
        open_first(stage, first)
        for _ in range(3):
            deliver(self.message(), to=self.TO[FIRST], secret=SECRETS[FIRST])
        ref = str(Payment.objects.get(order_id=order_id).provider_ref)
        deliver(self.message(ref), to=self.TO[BACKUP], secret=SECRETS[BACKUP])
        apply_waiting_webhooks(limit=3)
        applied = WebhookEvent.objects.exclude(applied_at=None)
        assert [row.gateway for row in applied] == [BACKUP]


def test_each_account_knows_its_own_money_only(stage: Stage, first: Provider, backup: Provider) -> None:
    order_id = stage.placed()
    ref = str(Payment.objects.get(order_id=order_id).provider_ref)
    assert isinstance(gateway(FIRST).retrieve(ref), Answered)
    assert isinstance(gateway(BACKUP).retrieve(ref), Refused)
    missing = gateway(BACKUP).find(key_of(order_id), since=Order.objects.get().created_at)
    assert isinstance(missing, Refused)
    assert missing.code == NOT_FOUND


def test_each_account_is_reconciled_with_its_own_payments(
    stage: Stage, first: Provider, backup: Provider, settings: Any
) -> None:
    use_rules(settings, OPEN_S=0.1)
    open_first(stage, first)
    order_id = stage.placed()
    assert where(order_id) == BACKUP
    await_rest(circuit_of(FIRST))
    settle()
    captured = gateway(BACKUP).capture(ref_of(order_id), amount_minor=TOTAL_MINOR, key="behind our back")
    assert isinstance(captured, Answered)
    let_it_rest()

    assert report("--gateway=stripe")["differences"] == []
    [row] = report("--fix")["differences"]
    assert (row["gateway"], row["kind"], row["done"]) == (BACKUP, "state_differs", "followed")
    assert Payment.objects.get(order_id=order_id).state == "captured"


class TestSavedCards:
    """A card exists at the gateway where it was saved."""

    def test_it_pays_there_or_not_at_all(
        self, stage: Stage, first: Provider, backup: Provider, settings: Any
    ) -> None:
        use_rules(settings, FAILURE_SHARE=0.01)
        card = save(stage.ada)
        paid = stage.placed(payment_method=card["id"])
        assert (where(paid), first.log.effects(paid)) == (FIRST, HELD)

        open_first(stage, first)
        with nothing_changes(backup.log):
            refused = stage.place(payment_method=card["id"])
        assert_problem(refused, 503, "payment_unavailable")
        assert where(stage.placed()) == BACKUP

    def test_new_ones_are_saved_at_the_preferred_gateway(
        self, stage: Stage, first: Provider, backup: Provider, settings: Any
    ) -> None:
        old = save(stage.ada)
        settings.PAYMENT_GATEWAYS = [backup.setting, first.setting]
        gateway.cache_clear()
        new = save(stage.ada)
        assert [card["id"] for card in listed(stage.ada)] == [new["id"], old["id"]]
        paid = [stage.placed(payment_method=card["id"]) for card in (old, new)]
        assert [where(order_id) for order_id in paid] == [FIRST, BACKUP]

    def test_those_of_a_gateway_that_is_gone_are_not_offered(
        self, stage: Stage, first: Provider, backup: Provider, settings: Any
    ) -> None:
        gone, kept = save(stage.ada), save(stage.ada, "pm_card_amex")
        assert stage.ada.delete(f"{CARDS}{kept['id']}/").status_code == 204
        settings.PAYMENT_GATEWAYS = [backup.setting]
        gateway.cache_clear()
        sweep()
        assert listed(stage.ada) == []
        with nothing_changes(backup.log):
            refused = stage.place(payment_method=gone["id"])
        assert_problem(refused, 422, "payment_method_not_found")
