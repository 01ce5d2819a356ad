"""Bodies that people should not send, through a door without a log-in (FAULTS, Bodies; C37)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from deliveryapp.api.parsers import MAX_DEPTH, MalformedJson, read_json
from deliveryapp.models import User
from orders.models import Order
from tests.cast import Kitchen, cart
from tests.deliveryapp.test_identity import refusal

pytestmark = pytest.mark.django_db
DOOR = "/api/v1/auth/sign-up/"
ADA = {"email": "ada@demo.example", "password": "demo-pass-1", "name": "Ada"}


@pytest.fixture(autouse=True)
def nothing_happens() -> Iterator[None]:
    yield
    assert not User.objects.filter(email="ada@demo.example").exists()


def send(body: bytes, content_type: str = "application/json", path: str = DOOR, **headers: str) -> Any:
    return Client().post(path, body, content_type=content_type, headers=headers)


def ada_with(raw_name: bytes) -> bytes:
    return b'{"email": "ada@demo.example", "password": "demo-pass-1", "name": "' + raw_name + b'"}'


def nested(depth: int) -> bytes:
    return b'{"email": ' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"{'email': 1}",
        b'{"email": NaN}',
        b'{"email": Infinity}',
        b'{"email": 1e999}',
        b'{"email": 01}',
        b'{"email": "a",}',
        b"{} {}",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        json.dumps(ADA).encode("utf-16"),
        ada_with(b"nul \\u0000"),
        ada_with(b"nul \x00"),
        ada_with(b"lone \\ud800 surrogate"),
        ada_with(b"lone \\udc00 surrogate"),
        ada_with(b"\xff"),
        ada_with(b"\xed\xa0\x80"),
        ada_with(b"new\nline"),
        nested(MAX_DEPTH),
        nested(1_000),
        nested(100_000),
        b"[" * 100_000,
        b'{"a":' * 40_000,
        b'{"closing": "' + b"]" * 1_000 + b'", "name": ' + b"[" * 900 + b"]" * 900 + b"}",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_a_malformed_body_is_refused(body: bytes) -> None:
    answer = send(body)

    assert refusal(answer) == (400, "malformed_json")
    assert answer.json()["detail"]


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b"true", b'[{"email": "ada@demo.example"}]'])
def test_a_body_that_is_no_object_is_bad_input(body: bytes) -> None:
    assert refusal(send(body)) == (400, "invalid_input")


@pytest.mark.parametrize("body", [b"", b"  \r\n ", b"{}"])
def test_an_empty_body_lacks_every_field(body: bytes) -> None:
    answer = send(body)

    assert refusal(answer) == (400, "invalid_input")
    assert {error["field"] for error in answer.json()["errors"]} == {"email", "password", "name"}
    assert {error["code"] for error in answer.json()["errors"]} == {"required"}


def test_a_body_may_have_this_size_and_no_more(settings: Any) -> None:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    padding = limit - len(ada_with(b""))

    assert refusal(send(ada_with(b"x" * padding))) == (400, "invalid_input")
    assert refusal(send(ada_with(b"x" * (padding + 1)))) == (413, "body_too_large")
    assert refusal(send(b" " * 10_000_000)) == (413, "body_too_large")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json-patch+json",
        "nonsense",
        "image/svg+xml",
    ],
)
def test_only_json_is_taken(content_type: str) -> None:
    assert refusal(send(json.dumps(ADA).encode(), content_type)) == (415, "unsupported_media_type")


def test_a_huge_form_is_refused_before_it_is_read() -> None:
    body = "&".join(f"f{n}=1" for n in range(10_000)).encode()

    assert send(body, "application/x-www-form-urlencoded").status_code in (400, 415)
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n' for _ in range(10_000))
    assert send(parts + b"--x--", "multipart/form-data; boundary=x").status_code in (400, 415)


def test_a_parameter_of_the_content_type_changes_nothing() -> None:
    """JSON is UTF-8 (RFC 8259), whatever somebody claims."""
    answer = send(b'{"email": "nobody"}', "application/json; charset=latin-1")

    assert refusal(answer) == (400, "invalid_input")


@pytest.mark.parametrize(
    "number", ["100000000000000000000000000", "18446744073709551615", "9223372036854775808", "-1e300"]
)
def test_numbers_beyond_the_database_are_bad_input(bo: User, kitchen: Kitchen, as_: Any, number: str) -> None:
    body = json.dumps(cart(kitchen, tip_minor="HERE")).replace('"HERE"', number)
    headers = {"HTTP_IDEMPOTENCY_KEY": str(uuid4())}

    answer = as_(bo).generic("POST", "/api/v1/orders/", body, "application/json", **headers)

    assert refusal(answer) == (400, "invalid_input")
    assert [error["field"] for error in answer.json()["errors"]] == ["tip_minor"]
    assert not Order.objects.exists()


def test_a_deep_document_hidden_behind_brackets_in_a_text_orders_nothing(
    bo: User, kitchen: Kitchen, as_: Any
) -> None:
    deep: Any = 0
    for _ in range(300):
        deep = [deep]
    body = {"a": "]" * 1_000, "b": deep, **cart(kitchen)}

    answer = as_(bo).post("/api/v1/orders/", body, format="json", HTTP_IDEMPOTENCY_KEY="k")

    assert refusal(answer) == (400, "malformed_json")
    assert not Order.objects.exists()


def test_brackets_in_texts_are_no_depth() -> None:
    document = {"note": "[{" * 500, "other": '"]}\\' * 100}

    assert read_json(json.dumps(document).encode()) == document


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_this_deep_and_no_deeper(opening: str) -> None:
    closing = "]" if opening == "[" else "}"

    def document(depth: int) -> bytes:
        return (opening * depth + "1" + closing * depth).encode()

    read_json(document(MAX_DEPTH))
    with pytest.raises(MalformedJson, match="nested too deeply"):
        read_json(document(MAX_DEPTH + 1))


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)


@given(DOCUMENTS)
def test_every_shallow_document_comes_in_as_it_was_sent(document: Any) -> None:
    body = json.dumps(document).encode()
    if b"\\u0000" not in body:  # the text \u0000, with its backslash written out, is refused too
        assert read_json(body) == document


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(body: bytes) -> None:
    with contextlib.suppress(MalformedJson):
        read_json(body)
