"""Saved cards: made with the provider, shown and managed by their owner, paid with by nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.db.models import F
from django.db.models.functions import Now
from rest_framework.test import APIClient

from deliveryapp.models import User
from payments.gateways import gateway
from payments.models import ProviderCustomer, RetiredMethod, SavedCard
from payments.tasks import sweep
from tests.cast import Sandbox
from tests.orders.stage import ClientOf, Stage, assert_problem
from tests.payments.provider import deliver, event, tell
from tests.payments.saving import (
    CARDS,
    SETUPS,
    choose,
    confirm,
    listed,
    save,
    save_with_bank,
    saved,
    start,
    way_back,
)

pytestmark = pytest.mark.django_db
ASKING = "pm_card_authenticationRequiredOnSetup"


@pytest.fixture
def ada_app(stage: Stage) -> APIClient:
    return stage.ada


@pytest.fixture
def dov_app(stage: Stage, dov: User, as_: ClientOf) -> APIClient:
    return as_(dov)


@pytest.fixture
def stripe_client(sandbox: Sandbox) -> Any:
    """The provider as its own dashboard would ask it."""
    client: Any = gateway("stripe")
    return client._client.v1


def attached(stripe_client: Any) -> list[str]:
    """The payment methods that the provider keeps for Ada, oldest first."""
    [customer] = stripe_client.customers.list().data
    return [row.id for row in stripe_client.payment_methods.list({"customer": customer.id}).data][::-1]


def made(what: str, setup: dict[str, Any]) -> dict[str, Any]:
    return event(what, setup["id"])


def later(sandbox: Sandbox) -> None:
    """Some seconds pass at the provider."""
    httpx.post(f"{sandbox.url}/_sandbox/clock", json={"advance_s": 5}).raise_for_status()


class TestSaving:
    def test_a_card_is_saved_and_shown_without_its_number(self, ada_app: APIClient, stage: Stage) -> None:
        setup = start(ada_app)
        assert setup["publishable_key"] is None
        assert setup["page_url"].startswith(f"{stage.sandbox.url}/_sandbox/cards/{setup['id']}?")
        assert listed(ada_app) == []

        path, query = way_back(choose(setup, "pm_card_visa"))
        assert path == "/account/payment-methods/"
        assert query == {"setup_intent": setup["id"], "redirect_status": "succeeded"}
        card = saved(ada_app, setup)

        assert card | {"id": "", "created_at": ""} == {
            "id": "",
            "brand": "visa",
            "last4": "4242",
            "exp_month": 12,
            "exp_year": 2034,
            "expired": False,
            "is_default": True,
            "created_at": "",
        }
        assert listed(ada_app) == [card]

    def test_the_provider_keeps_it_for_her_alone(
        self, ada_app: APIClient, ada: User, stripe_client: Any
    ) -> None:
        save(ada_app)
        row = SavedCard.objects.get()

        [customer] = stripe_client.customers.list().data
        assert customer.id == row.customer.provider_ref
        assert customer.metadata.to_dict() == {"user_id": str(ada.pk)}
        assert (customer.email, customer.name) == (None, None)
        assert attached(stripe_client) == [row.provider_ref]
        [setup] = stripe_client.setup_intents.list().data
        assert (setup.usage, setup.payment_method_types) == ("off_session", ["card"])

    def test_nothing_is_saved_before_the_card_is_chosen(self, ada_app: APIClient) -> None:
        setup = start(ada_app)
        answer = confirm(ada_app, setup)
        assert answer.json() == {"status": "requires_payment_method", "card": None, "next_action_url": None}
        assert listed(ada_app) == []

    def test_confirming_again_changes_nothing(self, ada_app: APIClient) -> None:
        setup = start(ada_app)
        choose(setup, "pm_card_visa")
        assert saved(ada_app, setup) == saved(ada_app, setup)
        assert SavedCard.objects.count() == 1

    def test_one_customer_at_the_provider_however_many_cards(
        self, ada_app: APIClient, dov_app: APIClient, stripe_client: Any
    ) -> None:
        for card in ("pm_card_visa", "pm_card_mastercard"):
            save(ada_app, card)
        save(dov_app)
        assert len(stripe_client.customers.list().data) == ProviderCustomer.objects.count() == 2
        assert [len(listed(app)) for app in (ada_app, dov_app)] == [2, 1]

    def test_the_same_key_prepares_the_same_card(self, ada_app: APIClient, dov_app: APIClient) -> None:
        first, again, other = (start(ada_app, key)["id"] for key in ("one", "one", "two"))
        assert first == again != other
        assert start(dov_app, "one")["id"] != first
        assert start(ada_app)["id"] != start(ada_app)["id"]

    @pytest.mark.parametrize("key", ["", "x" * 101, "schlüssel"])
    def test_a_bad_key_is_refused(self, ada_app: APIClient, key: str) -> None:
        answer = ada_app.post(SETUPS, HTTP_IDEMPOTENCY_KEY=key)
        assert_problem(answer, 400, "idempotency_key_invalid")


class TestTheBank:
    def test_asks_back_and_is_satisfied(self, ada_app: APIClient) -> None:
        setup = start(ada_app)
        to_bank = choose(setup, ASKING)
        waiting = confirm(ada_app, setup).json()
        assert (waiting["status"], waiting["card"]) == ("requires_action", None)
        assert waiting["next_action_url"] == to_bank.headers["Location"]

        done = save_with_bank(ada_app, ASKING)
        assert saved(ada_app, done)["last4"] == "3155"
        assert len(listed(ada_app)) == 1

    def test_asks_back_in_vain(self, ada_app: APIClient) -> None:
        setup = save_with_bank(ada_app, ASKING, "fail")
        problem = assert_problem(confirm(ada_app, setup), 402, "card_declined")
        assert problem["decline_code"] == "setup_intent_authentication_failure"
        assert listed(ada_app) == []

    def test_refuses_the_card_and_the_page_offers_another(self, ada_app: APIClient) -> None:
        setup = start(ada_app)
        page = choose(setup, "pm_card_visa_chargeDeclinedExpiredCard")
        assert page.status_code == 200
        assert "Your card has expired." in page.text
        problem = assert_problem(confirm(ada_app, setup), 402, "card_declined")
        assert problem["decline_code"] == "expired_card"

        choose(setup, "pm_card_mastercard")
        assert saved(ada_app, setup)["brand"] == "mastercard"

    def test_the_page_wants_the_secret(self, ada_app: APIClient) -> None:
        url = start(ada_app)["page_url"].partition("?")[0]
        assert httpx.get(f"{url}?client_secret=guessed").status_code == 404
        assert httpx.post(url, data={"card": "pm_card_visa"}).status_code == 404


class TestNews:
    """The webhook and the customer's own call end in one function, in any order (C30)."""

    def test_the_provider_tells_us_when_the_browser_never_came_back(self, ada_app: APIClient) -> None:
        setup = start(ada_app)
        choose(setup, "pm_card_visa")
        tell(made("setup_intent.succeeded", setup))
        [card] = listed(ada_app)
        assert saved(ada_app, setup) == card

    def test_repeated_and_late_news_change_nothing(self, ada_app: APIClient) -> None:
        setup = start(ada_app)
        choose(setup, "pm_card_visa")
        card = saved(ada_app, setup)
        tell(*(made("setup_intent.succeeded", setup) for _ in range(3)))
        assert listed(ada_app) == [card]

    def test_other_news_about_a_setup_are_kept_and_ignored(self, ada_app: APIClient) -> None:
        setup = start(ada_app)
        tell(made("setup_intent.created", setup), made("setup_intent.setup_failed", setup))
        assert listed(ada_app) == []

    def test_what_a_message_claims_is_not_believed(self, ada_app: APIClient) -> None:
        tell(made("setup_intent.succeeded", start(ada_app)))
        assert listed(ada_app) == []

    def test_news_after_the_removal_do_not_bring_the_card_back(self, ada_app: APIClient) -> None:
        setup = start(ada_app)
        choose(setup, "pm_card_visa")
        card = saved(ada_app, setup)
        assert ada_app.delete(f"{CARDS}{card['id']}/").status_code == 204
        for _ in range(2):  # before and after the provider has let it go
            tell(made("setup_intent.succeeded", setup))
            answer = confirm(ada_app, setup).json()
            assert (answer["status"], answer["card"]) == ("succeeded", None)
        assert listed(ada_app) == []

    def test_a_card_that_the_provider_let_go_is_not_saved(
        self, ada_app: APIClient, stripe_client: Any
    ) -> None:
        setup = start(ada_app)
        choose(setup, "pm_card_visa")
        stripe_client.payment_methods.detach(attached(stripe_client)[0])
        tell(made("setup_intent.succeeded", setup))
        assert confirm(ada_app, setup).json()["card"] is None
        assert listed(ada_app) == []

    def test_a_setup_of_nobody_is_let_go(self, ada_app: APIClient, stripe_client: Any) -> None:
        strangers = stripe_client.setup_intents.create({"payment_method": "pm_card_visa"})
        tell(event("setup_intent.succeeded", strangers.id), event("setup_intent.succeeded", "seti_unknown"))
        assert SavedCard.objects.count() == 0

    def test_a_silent_provider_is_asked_again(self, ada_app: APIClient, sandbox: Sandbox) -> None:
        setup = start(ada_app)
        choose(setup, "pm_card_visa")
        sandbox.faults({"kind": "500", "operation": "setup_intents.retrieve"})
        assert_problem(confirm(ada_app, setup), 503, "payment_unavailable")
        assert deliver(made("setup_intent.succeeded", setup)).status_code == 200
        sweep()
        assert listed(ada_app) == []
        sandbox.calm()
        sweep()
        assert len(listed(ada_app)) == 1


class TestTheSameCardTwice:
    def test_is_one_row_with_the_younger_payment_method(
        self, ada_app: APIClient, sandbox: Sandbox, stripe_client: Any
    ) -> None:
        first = save(ada_app)
        old = SavedCard.objects.get().provider_ref
        later(sandbox)
        again = save(ada_app)
        new = SavedCard.objects.get().provider_ref

        assert again == first
        assert old != new
        sweep()
        assert attached(stripe_client) == [new]
        assert RetiredMethod.objects.get().pk == old

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_whichever_news_come_first(
        self, ada_app: APIClient, sandbox: Sandbox, stripe_client: Any, order: tuple[int, int]
    ) -> None:
        setups = [start(ada_app), start(ada_app)]
        choose(setups[0], "pm_card_visa")
        later(sandbox)
        choose(setups[1], "pm_card_visa")
        younger = attached(stripe_client)[-1]
        tell(*(made("setup_intent.succeeded", setups[n]) for n in (*order, 0)))

        assert SavedCard.objects.get().provider_ref == younger
        assert attached(stripe_client) == [younger]

    def test_of_two_people_is_two(self, ada_app: APIClient, dov_app: APIClient) -> None:
        assert save(ada_app)["id"] != save(dov_app)["id"]
        assert SavedCard.objects.count() == 2


class TestDefault:
    def test_the_first_is_it_until_another_is_chosen(self, ada_app: APIClient) -> None:
        visa, master = save(ada_app), save(ada_app, "pm_card_mastercard")
        assert (visa["is_default"], master["is_default"]) == (True, False)

        answer = ada_app.post(f"{CARDS}{master['id']}/default/")
        assert answer.status_code == 200
        assert answer.json() == master | {"is_default": True}
        assert [(card["id"], card["is_default"]) for card in listed(ada_app)] == [
            (master["id"], True),
            (visa["id"], False),
        ]

    def test_choosing_it_again_keeps_it(self, ada_app: APIClient) -> None:
        card = save(ada_app)
        assert ada_app.post(f"{CARDS}{card['id']}/default/").json()["is_default"]
        assert [row["is_default"] for row in listed(ada_app)] == [True]

    def test_the_youngest_of_the_others_follows_a_removed_default(self, ada_app: APIClient) -> None:
        visa, _, amex = (save(ada_app, f"pm_card_{name}") for name in ("visa", "mastercard", "amex"))
        ada_app.delete(f"{CARDS}{visa['id']}/")
        assert [row["id"] for row in listed(ada_app) if row["is_default"]] == [amex["id"]]

    def test_the_last_one_leaves_none(self, ada_app: APIClient) -> None:
        ada_app.delete(f"{CARDS}{save(ada_app)['id']}/")
        assert listed(ada_app) == []
        assert save(ada_app, "pm_card_amex")["is_default"]


class TestRemoving:
    def test_it_is_gone_here_at_once_and_soon_at_the_provider(
        self, ada_app: APIClient, stripe_client: Any
    ) -> None:
        card = save(ada_app)
        assert ada_app.delete(f"{CARDS}{card['id']}/").status_code == 204
        assert listed(ada_app) == []
        assert_problem(ada_app.delete(f"{CARDS}{card['id']}/"), 404, "card_not_found")
        sweep()
        assert attached(stripe_client) == []
        assert RetiredMethod.objects.get().detached_at is not None

    @pytest.mark.parametrize(
        "kind", ["500", "429", "lost_before_effect", "lost_after_effect", "500_after_effect"]
    )
    def test_a_silent_provider_lets_go_later(
        self, ada_app: APIClient, sandbox: Sandbox, stripe_client: Any, kind: str
    ) -> None:
        card = save(ada_app)
        sandbox.faults({"kind": kind, "operation": "payment_methods.detach"})
        assert ada_app.delete(f"{CARDS}{card['id']}/").status_code == 204
        sweep()
        sandbox.calm()
        row = RetiredMethod.objects.get()
        assert (row.detached_at, row.attempts) == (None, 1)
        sweep()
        assert RetiredMethod.objects.get().attempts == 1, "not due yet"
        RetiredMethod.objects.update(next_try_at=Now())
        sweep()
        assert RetiredMethod.objects.get().detached_at is not None
        assert attached(stripe_client) == []

    def test_the_same_card_may_come_back(self, ada_app: APIClient, stripe_client: Any) -> None:
        first = save(ada_app)
        ada_app.delete(f"{CARDS}{first['id']}/")
        again = save(ada_app)
        sweep()
        assert [row["id"] for row in listed(ada_app)] == [again["id"]] != [first["id"]]
        assert attached(stripe_client) == [SavedCard.objects.get().provider_ref]


class TestASilentProvider:
    """Rows and keys first: whatever was lost, asking again makes no second customer."""

    def refuse(self, ada_app: APIClient, sandbox: Sandbox, operation: str, kind: str) -> None:
        sandbox.faults({"kind": kind, "operation": operation, "times": 1})
        problem = assert_problem(ada_app.post(SETUPS, HTTP_IDEMPOTENCY_KEY="one"), 503, "payment_unavailable")
        assert problem["retry_after_s"] == 2

    @pytest.mark.parametrize("kind", ["429", "409", "lost_before_effect", "lost_after_effect"])
    @pytest.mark.parametrize("operation", ["customers.create", "setup_intents.create"])
    def test_says_so_and_is_asked_again(
        self, ada_app: APIClient, sandbox: Sandbox, stripe_client: Any, operation: str, kind: str
    ) -> None:
        self.refuse(ada_app, sandbox, operation, kind)
        assert start(ada_app, "one")["id"]
        assert len(stripe_client.customers.list().data) == 1
        assert len(stripe_client.setup_intents.list().data) == 1

    @pytest.mark.parametrize("kind", ["500", "500_after_effect"])
    def test_a_failure_that_it_repeats_for_a_day_costs_an_hour(
        self, ada_app: APIClient, sandbox: Sandbox, kind: str
    ) -> None:
        self.refuse(ada_app, sandbox, "customers.create", kind)
        assert_problem(ada_app.post(SETUPS), 503, "payment_unavailable")
        ProviderCustomer.objects.update(created_at=F("created_at") - timedelta(hours=1))
        assert save(ada_app)["last4"] == "4242"

    def test_who_died_in_between_asks_with_the_same_key(self, ada_app: APIClient, stripe_client: Any) -> None:
        start(ada_app)
        ProviderCustomer.objects.update(provider_ref=None)
        start(ada_app)
        [customer] = stripe_client.customers.list().data
        assert ProviderCustomer.objects.get().provider_ref == customer.id


class TestStrangers:
    def test_nobody_gets_in_without_a_token(self, stage: Stage, as_: ClientOf) -> None:
        card, nobody = save(stage.ada), as_(None)
        for method, path in self.doors(card["id"], "seti_1"):
            assert_problem(getattr(nobody, method)(path), 401, "unauthenticated")

    def doors(self, card_id: str, setup_ref: str) -> list[tuple[str, str]]:
        return [
            ("get", CARDS),
            ("post", SETUPS),
            ("post", f"{SETUPS}{setup_ref}/confirm/"),
            ("delete", f"{CARDS}{card_id}/"),
            ("post", f"{CARDS}{card_id}/default/"),
        ]

    def test_what_is_adas_is_not_there_for_dov(self, ada_app: APIClient, dov_app: APIClient) -> None:
        first, second = save(ada_app), save(ada_app, "pm_card_amex")
        setup = start(ada_app)
        choose(setup, "pm_card_mastercard")

        assert listed(dov_app) == []
        for verb, path in (("delete", ""), ("post", "default/")):
            foreign = getattr(dov_app, verb)(f"{CARDS}{second['id']}/{path}")
            unknown = getattr(dov_app, verb)(f"{CARDS}{uuid4()}/{path}")
            assert foreign.json() == unknown.json()
            assert_problem(foreign, 404, "card_not_found")
        foreign, unknown = confirm(dov_app, setup), confirm(dov_app, {"id": "seti_unknown"})
        assert foreign.json() == unknown.json()
        assert_problem(foreign, 404, "card_setup_not_found")
        assert [card["id"] for card in listed(ada_app)] == [second["id"], first["id"]]
        assert SavedCard.objects.count() == 2

    @pytest.mark.parametrize("ref", ["pi_1", "x", "seti_1_secret_2", "-"])
    def test_what_is_no_setup_is_not_found(self, ada_app: APIClient, ref: str) -> None:
        assert_problem(confirm(ada_app, {"id": ref}), 404, "card_setup_not_found")

    def test_every_route_is_known_here(self) -> None:
        from payments.api.card_urls import urlpatterns

        known = {
            path.removeprefix("/api/v1/") for _, path in self.doors("<uuid:card_id>", "<slug:setup_ref>")
        }
        assert {str(route.pattern) for route in urlpatterns} == known


def test_what_the_provider_refuses_us_is_not_the_customers_fault(ada_app: APIClient) -> None:
    start(ada_app)
    ProviderCustomer.objects.update(provider_ref="cus_gone")
    assert assert_problem(ada_app.post(SETUPS), 503, "payment_unavailable")["retry_after_s"] == 60
