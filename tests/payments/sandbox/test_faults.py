"""Every kind of fault, each seen by the official SDK, each with the truth read from the effect log."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
import stripe

from .conftest import hold_params
from .process import Server

HELD = [("hold", 1299)]


def _create(client: stripe.StripeClient, key: str = "k") -> stripe.PaymentIntent:
    return client.v1.payment_intents.create(hold_params(), {"idempotency_key": key})  # type: ignore[arg-type]


def _plant(sandbox: Server, **rule: object) -> None:
    sandbox.call("POST", "faults", [{"operation": "payment_intents.create", "times": 1, **rule}])


@pytest.mark.parametrize(
    ("kind", "error", "status", "moved"),
    [
        ("429", stripe.RateLimitError, 429, []),
        ("409", stripe.APIError, 409, []),
        ("500", stripe.APIError, 500, []),
        ("500_after_effect", stripe.APIError, 500, HELD),
        ("lost_before_effect", stripe.APIConnectionError, None, []),
        ("lost_after_effect", stripe.APIConnectionError, None, HELD),
        ("reset_mid_body", stripe.APIConnectionError, None, HELD),
    ],
)
def test_what_the_caller_sees_and_what_really_happened(
    client: stripe.StripeClient,
    sandbox: Server,
    kind: str,
    error: type[stripe.StripeError],
    status: int | None,
    moved: list[tuple[str, int]],
) -> None:
    _plant(sandbox, kind=kind)
    with pytest.raises(error) as caught:
        _create(client)
    assert caught.value.http_status == status
    assert sandbox.moved() == moved


@pytest.mark.parametrize("kind", ["429", "409", "lost_before_effect", "lost_after_effect", "reset_mid_body"])
def test_the_same_key_once_more_ends_in_one_hold(
    client: stripe.StripeClient, sandbox: Server, kind: str
) -> None:
    _plant(sandbox, kind=kind)
    with pytest.raises(stripe.StripeError):
        _create(client)
    assert _create(client).status == "requires_capture"
    assert sandbox.moved() == HELD


def test_a_stalled_answer_comes_after_the_effect(sandbox: Server) -> None:
    _plant(sandbox, kind="stall", seconds=1.5)
    hasty = sandbox.client(timeout_s=0.5)
    with pytest.raises(stripe.APIConnectionError):
        _create(hasty)
    assert sandbox.moved() == HELD
    again = _create(hasty)
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert sandbox.moved() == HELD


def test_latency_comes_before_the_effect(sandbox: Server, client: stripe.StripeClient) -> None:
    _plant(sandbox, kind="latency", seconds=0.6)
    started = time.monotonic()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(_create, client)
        while not sandbox.call("GET", "faults")["faults"][0]["hits"]:
            assert not waiting.done()
        assert sandbox.moved() == []
        waiting.result()
    assert time.monotonic() - started >= 0.6
    assert sandbox.moved() == HELD


def test_a_500_that_is_not_stored_leaves_the_key_free(client: stripe.StripeClient, sandbox: Server) -> None:
    _plant(sandbox, kind="500", stored=False)
    with pytest.raises(stripe.APIError):
        _create(client)
    assert _create(client).status == "requires_capture"
    assert sandbox.moved() == HELD


def test_the_sdk_retries_a_lost_answer_with_its_key(sandbox: Server) -> None:
    _plant(sandbox, kind="lost_after_effect")
    client = sandbox.client()
    params = hold_params()
    intent = client.v1.payment_intents.create(params, {"max_network_retries": 2})  # type: ignore[arg-type]
    assert intent.status == "requires_capture"
    assert sandbox.moved() == HELD


def test_a_rule_hits_its_operation_only_by_full_name_verb_or_group(
    client: stripe.StripeClient, sandbox: Server
) -> None:
    for operation in ("payment_intents.capture", "capture", "refunds.*"):
        sandbox.call("POST", "faults", {"operation": operation, "kind": "429", "times": 1})
    intent = _create(client)
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            client.v1.payment_intents.capture(intent.id)
    client.v1.payment_intents.capture(intent.id)
    with pytest.raises(stripe.RateLimitError):
        client.v1.refunds.create({"payment_intent": intent.id})
    assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 1299


def _pattern(client: stripe.StripeClient, calls: int) -> str:
    seen = ""
    for _ in range(calls):
        try:
            client.v1.customers.create({})
            seen += "."
        except stripe.RateLimitError:
            seen += "x"
    return seen


def test_nth_and_times_count_the_matching_calls(client: stripe.StripeClient, sandbox: Server) -> None:
    sandbox.call("POST", "faults", {"operation": "customers.create", "kind": "429", "nth": 2, "times": 2})
    assert _pattern(client, 6) == ".xx..."
    sandbox.call("DELETE", "faults")
    sandbox.call("POST", "faults", {"kind": "429"})
    assert _pattern(client, 3) == "xxx"
    sandbox.call("DELETE", "faults")
    assert _pattern(client, 2) == ".."


def test_a_rate_is_deterministic_by_seed(own_sandbox: object) -> None:
    rules = '[{"kind": "429", "rate": 0.5}]'
    patterns = []
    for seed in ("5", "5", "6"):
        server = own_sandbox("--seed", seed, "--faults", rules, state=False)  # type: ignore[operator]
        patterns.append(_pattern(server.client(), 40))
    assert patterns[0] == patterns[1] != patterns[2]
    assert 8 <= patterns[0].count("x") <= 32


NONSENSE = [{"kind": "explode"}, {"kind": "500", "when": 3}, {"kind": "429", "nth": "x"}, 7]


@pytest.mark.parametrize("rule", NONSENSE)
def test_a_rule_that_makes_no_sense_is_refused_and_none_is_set(sandbox: Server, rule: object) -> None:
    rules = [{"kind": "429"}, rule]
    answer = requests.post(f"{sandbox.url}/_sandbox/faults", json=rules, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert sandbox.call("GET", "faults") == {"faults": []}
