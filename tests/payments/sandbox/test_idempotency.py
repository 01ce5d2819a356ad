"""The Idempotency-Key layer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import stripe

from .conftest import hold_params
from .process import Client, Server

DAY_S = 86_400


def _hold(client: stripe.StripeClient, key: str, **more: object) -> stripe.PaymentIntent:
    params = hold_params(**more)
    return client.v1.payment_intents.create(params, {"idempotency_key": key})  # type: ignore[arg-type]


def test_the_same_request_gets_the_same_answer_marked(client: stripe.StripeClient, sandbox: Server) -> None:
    first, second = _hold(client, "auth:1:1"), _hold(client, "auth:1:1")
    assert second.to_dict() == first.to_dict()
    headers = second.last_response.headers
    assert headers["Idempotent-Replayed"] == "true"
    assert headers["Original-Request"] == first.last_response.headers["Request-Id"]
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert sandbox.moved() == [("hold", 1299)]
    assert sandbox.effects()[0]["idempotency_key"] == "auth:1:1"


def test_the_stored_answer_outlives_later_changes(client: stripe.StripeClient, sandbox: Server) -> None:
    intent = _hold(client, "k")
    client.v1.payment_intents.cancel(intent.id)
    assert _hold(client, "k").status == "requires_capture"
    assert sandbox.moved() == [("hold", 1299), ("release", 1299)]


def test_the_same_key_with_other_parameters_or_path_is_refused(
    client: stripe.StripeClient, sandbox: Server
) -> None:
    intent = _hold(client, "k")
    with pytest.raises(stripe.IdempotencyError) as caught:
        _hold(client, "k", amount=1300)
    assert (caught.value.http_status, caught.value.error.type) == (400, "idempotency_error")
    with pytest.raises(stripe.IdempotencyError):
        client.v1.payment_intents.capture(intent.id, {}, {"idempotency_key": "k"})
    assert sandbox.moved() == [("hold", 1299)]


def test_a_request_in_flight_answers_409(sandbox: Server, client: stripe.StripeClient) -> None:
    sandbox.call("POST", "faults", [{"operation": "create", "kind": "latency", "seconds": 1, "times": 1}])
    with ThreadPoolExecutor() as pool:
        first = pool.submit(_hold_alone, sandbox.url, "k")
        while not sandbox.call("GET", "faults")["faults"][0]["hits"]:
            assert not first.done()
        with pytest.raises(stripe.APIError) as caught:
            _hold(client, "k")
        assert first.result() == "requires_capture"
    assert caught.value.http_status == 409
    assert caught.value.error.type == "idempotency_error"
    assert caught.value.error.code == "idempotency_key_in_use"
    assert _hold(client, "k").last_response.headers["Idempotent-Replayed"] == "true"
    assert sandbox.moved() == [("hold", 1299)]


def _hold_alone(url: str, key: str) -> str:
    """On a connection of its own; the status of the intent or of the refusal."""
    client = Client(url)
    try:
        return _hold(client.stripe, key).status
    except stripe.APIError as error:
        return str(error.http_status)
    finally:
        client.close()


@pytest.mark.parametrize("slow", [False, True])
def test_the_same_key_from_many_threads_has_one_effect(sandbox: Server, slow: bool) -> None:
    if slow:
        sandbox.call("POST", "faults", [{"kind": "latency", "seconds": 0.2}])
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: _hold_alone(sandbox.url, "k"), range(12)))
    assert set(answers) <= {"requires_capture", "409"}
    assert "requires_capture" in answers
    assert sandbox.moved() == [("hold", 1299)]


def test_different_keys_have_an_effect_each(sandbox: Server) -> None:
    """The control of the test above: without a common key every request holds."""
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: _hold_alone(sandbox.url, f"k{n}"), range(12)))
    assert answers == ["requires_capture"] * 12
    assert sandbox.moved() == [("hold", 1299)] * 12


def test_a_decline_is_stored(client: stripe.StripeClient, sandbox: Server) -> None:
    ids = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as caught:
            _hold(client, "k", payment_method="pm_card_visa_chargeDeclined")
        ids.append(caught.value.error.payment_intent.id)
    assert ids[0] == ids[1]
    assert caught.value.headers["Idempotent-Replayed"] == "true"
    assert len(client.v1.payment_intents.list().data) == 1


@pytest.mark.parametrize("wrong", [{"amount": -1}, {"amount": 10}, {"customer": "cus_unknown"}])
def test_failed_validation_is_not_stored(
    client: stripe.StripeClient, sandbox: Server, wrong: dict[str, object]
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        _hold(client, "k", **wrong)
    assert _hold(client, "k").status == "requires_capture"


def test_too_many_requests_is_not_stored(client: stripe.StripeClient, sandbox: Server) -> None:
    sandbox.call("POST", "faults", [{"kind": "429", "times": 1}])
    with pytest.raises(stripe.RateLimitError):
        _hold(client, "k")
    assert _hold(client, "k").status == "requires_capture"


@pytest.mark.parametrize(("kind", "moved"), [("500", []), ("500_after_effect", [("hold", 1299)])])
def test_a_500_behind_the_key_layer_is_stored_and_replayed(
    client: stripe.StripeClient, sandbox: Server, kind: str, moved: list[tuple[str, int]]
) -> None:
    sandbox.call("POST", "faults", [{"operation": "payment_intents.create", "kind": kind, "times": 1}])
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            _hold(client, "k")
        assert caught.value.http_status == 500
    assert caught.value.headers["Idempotent-Replayed"] == "true"
    assert sandbox.moved() == moved


def test_keys_are_forgotten_after_a_day(client: stripe.StripeClient, sandbox: Server) -> None:
    first = _hold(client, "k")
    sandbox.call("POST", "clock", {"advance_s": DAY_S - 60})
    assert _hold(client, "k").id == first.id
    sandbox.call("POST", "clock", {"advance_s": 120})
    assert _hold(client, "k").id != first.id
    assert sandbox.moved() == [("hold", 1299), ("hold", 1299)]


def test_keys_count_on_post_only(client: stripe.StripeClient, sandbox: Server) -> None:
    intent = _hold(client, "k")
    headers = {"Authorization": "Bearer sk_test_x", "Idempotency-Key": "k"}
    url = f"{sandbox.url}/v1/payment_intents/{intent.id}"
    answer = requests.get(url, headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["id"]) == (200, intent.id)
    assert "Idempotent-Replayed" not in answer.headers


def test_a_key_longer_than_255_is_refused(client: stripe.StripeClient, sandbox: Server) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        _hold(client, "k" * 256)
    assert _hold(client, "k" * 255).status == "requires_capture"
