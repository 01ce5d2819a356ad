"""HTTP manners: keys, unknown paths and parameters, shapes; and that every name is one that Stripe knows."""

from __future__ import annotations

import pytest
import requests
import stripe
from stripe import params as sdk

from .conftest import Make, hold_params
from .process import Server

UNKNOWN = "parameter_unknown"
AUTH = {"Authorization": "Bearer sk_test_x"}


def _get(sandbox: Server, path: str, **options: object) -> requests.Response:
    return requests.get(f"{sandbox.url}{path}", timeout=10, **options)  # type: ignore[arg-type]


def _create(sandbox: Server, form: str, **headers: str) -> requests.Response:
    plain = {"Content-Type": "application/x-www-form-urlencoded", **AUTH, **headers}
    return requests.post(f"{sandbox.url}/v1/payment_intents", data=form, headers=plain, timeout=10)


@pytest.mark.parametrize(
    "header", [None, "Bearer ", "Bearer sk_live_123", "Bearer nonsense", "Basic !!!", "Digest sk_test_x"]
)
def test_without_a_test_key_401(sandbox: Server, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = _get(sandbox, "/v1/payment_intents", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert "sk_live_123" not in answer.text


def test_basic_authentication_works(sandbox: Server) -> None:
    assert _get(sandbox, "/v1/payment_intents", auth=("sk_test_x", "")).status_code == 200


@pytest.mark.parametrize("path", ["/v1/nonsense", "/v1/payment_intents/pi_1/explode", "/v1/", "/", "/v2/x"])
def test_an_unknown_path_is_404(sandbox: Server, path: str) -> None:
    answer = _get(sandbox, path, headers=AUTH)
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.headers["Request-Id"].startswith("req_")


def test_an_unknown_id_is_404_with_resource_missing(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.retrieve("pi_unknown")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    assert caught.value.request_id.startswith("req_")


@pytest.mark.parametrize(
    ("form", "param", "code"),
    [
        ("currency=eur", "amount", "parameter_missing"),
        ("amount=500", "currency", "parameter_missing"),
        ("amount=500&currency=eur&colour=red", "colour", UNKNOWN),
        (
            "amount=500&currency=eur&automatic_payment_methods[on]=true",
            "automatic_payment_methods[on]",
            UNKNOWN,
        ),
        ("amount=5.5&currency=eur", "amount", "parameter_invalid_integer"),
        ("amount=1e3&currency=eur", "amount", "parameter_invalid_integer"),
        ("amount=0&currency=eur", "amount", "parameter_invalid_integer"),
        ("amount=49&currency=eur", "amount", "amount_too_small"),
        ("amount=100000000&currency=eur", "amount", "amount_too_large"),
        ("amount=500&currency=xxx", "currency", None),
        ("amount=500&currency=eur&confirm=yes", "confirm", None),
        ("amount=500&currency=eur&capture_method=later", "capture_method", None),
        ("amount=500&currency=eur&off_session=true", "off_session", None),
        ("amount=500&currency=eur&metadata=text", "metadata", None),
        ("amount=500&currency=eur&allowed_payment_method_types[]=x", "allowed_payment_method_types[0]", None),
        (
            "amount=500&currency=eur&payment_method_types[]=card",
            "payment_method_types",
            "payment_method_types_no_longer_supported",
        ),
        ("amount=500&currency=eur&transfer_data[destination]=acct_1", "transfer_data", None),
        ("amount[x]=500&currency=eur", "amount", None),
        ("amount=500&currency=eur&a[b[c]=1", "a[b[c]", None),
        ("amount=500&currency=eur&expand[]=nonsense", "expand", None),
        ("amount=500&currency=eur&a[1][2][3][4][5][6][7][8][9]=1", "a[1][2][3][4][5][6][7][8][9]", None),
    ],
)
def test_a_wrong_parameter_is_400_by_name_and_changes_nothing(
    sandbox: Server, form: str, param: str, code: str | None
) -> None:
    answer = _create(sandbox, form)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["type"], error["param"], error.get("code")) == ("invalid_request_error", param, code)
    assert sandbox.call("GET", "health")["objects"]["payment_intent"] == 0


def test_forms_nest_with_and_without_index(sandbox: Server) -> None:
    form = (
        "amount=500&currency=EUR&allowed_payment_method_types[]=card&metadata[order_id]=o%20%C3%A9%26"
        "&expand[]=customer&expand[]=payment_method"
    )
    intent = _create(sandbox, form).json()
    assert intent["metadata"] == {"order_id": "o é&"}
    assert (intent["currency"], intent["payment_method_types"]) == ("eur", ["card"])


def test_json_bad_bytes_and_too_much_are_refused(sandbox: Server) -> None:
    json_type = {"Content-Type": "application/json"}
    assert _create(sandbox, '{"amount": 500}', **json_type).status_code == 400
    assert _create(sandbox, "amount=%ff&currency=eur").status_code == 400
    assert _create(sandbox, "&".join(f"a{n}=1" for n in range(1001))).status_code == 400
    assert _create(sandbox, "a=" + "x" * 1_000_001).status_code == 413
    assert sandbox.call("GET", "health")["objects"]["payment_intent"] == 0


def test_expand_resolves_ids_in_depth_and_in_lists(client: stripe.StripeClient, hold: Make) -> None:
    customer = client.v1.customers.create({"name": "Ada"}).id
    paid = hold(customer=customer, capture_method="automatic")
    found = client.v1.payment_intents.retrieve(
        paid.id, {"expand": ["customer", "payment_method", "latest_charge.balance_transaction"]}
    )
    assert (found.customer.name, found.payment_method.card.last4) == ("Ada", "4242")
    assert found.latest_charge.balance_transaction.net == 1299 - 43
    listed = client.v1.payment_intents.list({"expand": ["data.latest_charge.customer"]})
    assert listed.data[0].latest_charge.customer.id == customer
    assert client.v1.payment_intents.retrieve(paid.id).customer == customer


def test_the_card_options_are_those_of_the_sdk(client: stripe.StripeClient) -> None:
    known = sdk.PaymentIntentCreateParamsPaymentMethodOptionsCard.__annotations__
    for option in known:
        params = hold_params(payment_method_options={"card": {option: "nonsense"}})
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.payment_intents.create(params)  # type: ignore[arg-type]
        assert caught.value.code != UNKNOWN, option
