"""No call that the real Stripe would not accept: the SDK's own types against what goes over the wire."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
import stripe

from deliveryapp.clock import utc_now
from payments.gateways import Answered, Gateway, Hold, Page, Refused, gateway
from payments.gateways.cards import Card, CardGateway, NotDone, Setup
from payments.gateways.configured import config_of
from payments.gateways.stripe_gateway import StripeGateway
from tests.cast import Sandbox
from tests.payments.sdk_types import ID, Route, find_route, routes, violations
from tests.payments.witness import sdk_types_kept

INTENTS, REFUNDS = "/v1/payment_intents", "/v1/refunds"
URL = "http://sandbox"
GOOD = "amount=500&currency=eur"


def hold(**changes: Any) -> Hold:
    ids = {"order_id": str(uuid4()), "payment_id": str(uuid4())}
    plain = {"amount_minor": 1_299, "currency": "EUR", "payment_method": "pm_card_visa"}
    return Hold(**{**ids, **plain, "return_url": "http://doorstep.example/", **changes})


def held(stripe_: Gateway, **changes: Any) -> str:
    answer = stripe_.authorize(hold(**changes), key=str(uuid4()))
    assert isinstance(answer, Answered), answer
    return answer.intent.ref


def taken(stripe_: Gateway) -> str:
    ref = held(stripe_)
    stripe_.capture(ref, amount_minor=1_299, key=str(uuid4()))
    return ref


def cards(stripe_: Gateway) -> CardGateway:
    return cast(CardGateway, stripe_)


def set_up(stripe_: Gateway) -> Setup:
    customer = cards(stripe_).create_customer(user_id=str(uuid4()), key=str(uuid4()))
    assert isinstance(customer, str), customer
    made = cards(stripe_).create_setup(customer, key=str(uuid4()))
    assert isinstance(made, Setup), made
    return made


def since() -> Any:
    return utc_now() - timedelta(minutes=1)


# Every question that we put to Stripe, asked as our services ask it.
QUESTIONS: dict[str, Callable[[Gateway], object]] = {
    "authorize": lambda it: it.authorize(
        hold(takes_at_once=True, off_session=True, customer=set_up(it).customer_ref), key=str(uuid4())
    ),
    "increment": lambda it: it.increment(held(it), amount_minor=1_500, key=str(uuid4())),
    "capture": lambda it: it.capture(held(it), amount_minor=1_000, key=str(uuid4())),
    "void": lambda it: it.void(held(it), key=str(uuid4())),
    "refund": lambda it: it.refund(taken(it), amount_minor=299, key=str(uuid4())),
    "retrieve": lambda it: it.retrieve(held(it)),
    "find": lambda it: it.find("nobody's key", since=since()),
    "find_refund": lambda it: it.find_refund(taken(it), key="nobody's key"),
    "create_customer": lambda it: cards(it).create_customer(user_id=str(uuid4()), key=str(uuid4())),
    "create_setup": lambda it: set_up(it),
    "retrieve_setup": lambda it: cards(it).retrieve_setup(set_up(it).ref),
    "retrieve_card": lambda it: cards(it).retrieve_card("pm_card_visa"),
    "detach_card": lambda it: cards(it).detach_card("pm_nobody_has"),
    "list_intents": lambda it: it.list_intents(since=since(), until=utc_now(), after=held(it)),
    "list_refunds": lambda it: it.list_refunds(since=since(), until=utc_now()),
    "retrieve_refund": lambda it: it.retrieve_refund("re_of_nobody"),
}


@pytest.fixture
def sent(sandbox: Sandbox) -> Iterator[list[Route]]:
    with sdk_types_kept() as sent:
        yield sent


@pytest.fixture
def provider(_sandbox_process: Sandbox) -> str:
    return _sandbox_process.url


def test_there_is_no_other_question() -> None:
    asks = {name for name, _ in inspect.getmembers(StripeGateway, callable) if name[0] != "_"}
    assert set(QUESTIONS) == asks


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_question_is_one_that_stripe_knows(sent: list[Route], name: str) -> None:
    answer = QUESTIONS[name](gateway("stripe"))
    assert isinstance(answer, Answered | Refused | Page | NotDone | Setup | Card | str), answer
    assert sent


def test_all_questions_together(sent: list[Route]) -> None:
    for ask in QUESTIONS.values():
        ask(gateway("stripe"))
    one = f"{INTENTS}/{ID}"
    assert set(sent) == {
        Route("POST", INTENTS),
        Route("GET", INTENTS),
        Route("GET", one),
        *(Route("POST", f"{one}/{verb}") for verb in ("capture", "cancel", "increment_authorization")),
        Route("POST", REFUNDS),
        Route("GET", REFUNDS),
        Route("POST", "/v1/customers"),
        Route("POST", "/v1/setup_intents"),
        Route("GET", f"/v1/setup_intents/{ID}"),
        Route("GET", f"/v1/payment_methods/{ID}"),
        Route("POST", f"/v1/payment_methods/{ID}/detach"),
        Route("GET", f"{REFUNDS}/{ID}"),
    }


class TestControl:
    """The checker is not blind."""

    @pytest.mark.parametrize(
        ("form", "fault"),
        [
            ("&colour=red", "colour does not exist"),
            ("&automatic_payment_methods[on]=true", "automatic_payment_methods[on] does not exist"),
            ("&automatic_payment_methods[allow_redirects]=never", "[enabled] is required"),
            ("&payment_method_options[card][zeal]=1", "payment_method_options[card][zeal] does not exist"),
            ("&payment_method_options[card]=visa", "payment_method_options[card]='visa' is n"),
            ("&capture_method=later", "capture_method='later' is none of"),
            ("&payment_method_options[card][request_multicapture]=always", "='always' is none of"),
            ("&off_session=sometimes", "off_session='sometimes' is n"),
            ("&confirm=True", "confirm='True' is not bool"),
            ("&application_fee_amount=5.0", "application_fee_amount='5.0' is not int"),
            ("&metadata=text", "metadata='text' is not a mapping"),
            ("&metadata[order][id]=1", "metadata[order]={'id': '1'} is not str"),
            ("&expand=latest_charge", "expand='latest_charge' is not an array"),
            ("&expand[1]=latest_charge", "is not an array"),
            ("&shipping[address][planet]=earth&shipping[name]=Ada", "shipping[address][planet] does not"),
            ("&api_key=sk_test_x", "api_key does not exist"),
        ],
    )
    def test_a_wrong_parameter_is_seen(self, form: str, fault: str) -> None:
        assert fault in "\n".join(violations("post", URL + INTENTS, GOOD + form))

    def test_a_missing_parameter_is_seen(self) -> None:
        assert violations("post", URL + INTENTS, "amount=500") == [
            "POST /v1/payment_intents: currency is required"
        ]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("post", f"{INTENTS}/pi_1/explode"),
            ("delete", f"{INTENTS}/pi_1"),
            ("get", "/v1/payment_intent"),
            ("post", "/v2/payment_intents"),
            ("post", f"{REFUNDS}/re_1/pay"),
        ],
    )
    def test_a_path_nobody_serves_is_seen(self, method: str, path: str) -> None:
        [found] = violations(method, URL + path, None)
        assert "no method of the SDK" in found

    def test_parameters_in_the_query_are_seen(self) -> None:
        assert violations("get", f"{URL}{INTENTS}?created[gte]=1&limit=100", None) == []
        assert len(violations("get", f"{URL}{INTENTS}?created[since]=1&limit=all", None)) == 2

    def test_a_correct_one_is_let_through(self) -> None:
        form = "&confirm=true&capture_method=manual&metadata[order_id]=o1&expand[0]=x&off_session=one_off"
        assert violations("post", URL + INTENTS, GOOD + form) == []

    def test_a_word_of_the_path_is_no_id(self) -> None:
        assert find_route("get", f"{INTENTS}/search") == Route("GET", f"{INTENTS}/search")
        assert find_route("get", f"{INTENTS}/pi_1") == Route("GET", f"{INTENTS}/{ID}")
        assert len(routes()) > 500

    @pytest.mark.parametrize(
        "invented", [{"colour": "red"}, {"capture_method": "later"}, {"metadata": "x"}], ids=str
    )
    def test_a_gateway_that_invents_something_is_caught(
        self, provider: str, settings: Any, monkeypatch: pytest.MonkeyPatch, invented: dict[str, Any]
    ) -> None:
        """Without the cast's own `sandbox`, whose witness would catch it as well."""
        settings.STRIPE_API_BASE = provider
        create = stripe.PaymentIntentService.create
        monkeypatch.setattr(
            stripe.PaymentIntentService,
            "create",
            lambda self, params, options: create(self, {**params, **invented}, options),
        )
        with pytest.raises(AssertionError, match=next(iter(invented))), sdk_types_kept():
            StripeGateway(config_of("stripe")).authorize(hold(), key=str(uuid4()))
