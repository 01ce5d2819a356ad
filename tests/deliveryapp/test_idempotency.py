"""One effect per client key (C32, R5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from deliveryapp import idempotency, tasks
from deliveryapp.idempotency import (
    Answer,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    fingerprint,
    valid_key,
)
from deliveryapp.models import IdempotencyRecord, User
from orders.models import Order
from tests.cast import Kitchen, cart

BODY = {"lines": [{"item": "soup", "quantity": 2}], "note": "döner"}
HASH = fingerprint("place", BODY)


@pytest.mark.parametrize("key", ["a", "x" * 100, "6f0c7a52-6c1b-4c59-9d07", "order 1 (again)", "~!@#$%^&*()"])
def test_these_keys_are_fine(key: str) -> None:
    assert valid_key(key) == key


@pytest.mark.parametrize("key", ["", "x" * 101, "ключ", "a\x00", "a\nb", "a\tb", "\x7f"])
def test_these_keys_are_refused(key: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid) as refusal:
        valid_key(key)

    assert (refusal.value.code, refusal.value.status) == ("idempotency_key_invalid", 400)


def test_the_fingerprint_of_a_request_ignores_the_order_of_keys() -> None:
    shuffled = {"note": "döner", "lines": [{"quantity": 2, "item": "soup"}]}
    assert fingerprint("place", shuffled) == HASH
    assert len(HASH) == 64


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def kind(value: Any) -> Any:
    """Equal only for the same JSON: Python takes True for 1."""
    if isinstance(value, dict):
        return {key: kind(inner) for key, inner in value.items()}
    return [kind(inner) for inner in value] if isinstance(value, list) else (type(value), value)


@given(JSON, JSON)
def test_fingerprints_are_equal_only_for_equal_requests(one: Any, other: Any) -> None:
    assert (fingerprint("place", one) == fingerprint("place", other)) is (kind(one) == kind(other))
    assert fingerprint("place", one) != fingerprint("cancel", one)


@pytest.mark.django_db
def test_a_key_belongs_to_its_user(ada: User, bo: User) -> None:
    record = IdempotencyRecord.objects.create(user=ada, key="k", request_hash=HASH)

    assert idempotency.find(user_id=ada.pk, key="k", request_hash=HASH) == record
    assert idempotency.find(user_id=bo.pk, key="k", request_hash=HASH) is None
    assert idempotency.find(user_id=ada.pk, key="other", request_hash=HASH) is None


@pytest.mark.django_db
def test_a_key_cannot_be_used_for_another_request(ada: User) -> None:
    IdempotencyRecord.objects.create(user=ada, key="k", request_hash=HASH)

    with pytest.raises(IdempotencyKeyReused) as refusal:
        idempotency.find(user_id=ada.pk, key="k", request_hash=fingerprint("place", {}))

    assert (refusal.value.code, refusal.value.status) == ("idempotency_key_reused", 422)


@pytest.mark.django_db
def test_a_stored_answer_comes_back_marked(ada: User) -> None:
    record = IdempotencyRecord(user=ada, key="k", request_hash=HASH, answer_status=201, answer={"id": "7"})

    assert idempotency.stored_answer(record) == Answer(status=201, body={"id": "7"}, replayed=True)
    assert idempotency.stored_answer(IdempotencyRecord(user=ada)) is None


@pytest.mark.django_db
def test_records_are_kept_for_a_day(ada: User) -> None:
    for key, age in (("fresh", "23:59:00"), ("old", "24:01:00")):
        hours, minutes, _ = map(int, age.split(":"))
        IdempotencyRecord.objects.create(
            user=ada, key=key, request_hash=HASH, created_at=Now() - timedelta(hours=hours, minutes=minutes)
        )

    tasks.forget_idempotency()

    assert list(IdempotencyRecord.objects.values_list("key", flat=True)) == ["fresh"]


# Through the door that costs money ----------------------------------------------------------------


def place(api: APIClient, body: dict[str, Any], **headers: str) -> Any:
    return api.post("/api/v1/orders/", body, format="json", **headers)


@pytest.mark.django_db
@pytest.mark.parametrize("headers", [{"HTTP_IDEMPOTENCY_KEY": ""}, {"HTTP_IDEMPOTENCY_KEY": "x" * 101}])
def test_an_order_with_an_unusable_key_is_refused(
    ada: User, kitchen: Kitchen, as_: Any, headers: dict[str, str]
) -> None:
    answer = place(as_(ada), cart(kitchen), **headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_invalid")
    assert not Order.objects.exists()


@pytest.mark.django_db
def test_a_repetition_gets_the_first_answer_and_orders_nothing(
    ada: User, kitchen: Kitchen, as_: Any, sandbox: Any
) -> None:
    key = {"HTTP_IDEMPOTENCY_KEY": str(uuid4())}
    first = place(as_(ada), cart(kitchen), **key)
    again = place(as_(ada), dict(reversed(cart(kitchen).items())), **key)
    other = place(as_(ada), cart(kitchen, tip_minor=100), **key)

    assert first.status_code == again.status_code == 201, first.content
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.count() == 1
    assert sandbox.effects(first.json()["id"]) == [("hold", first.json()["total"]["amount_minor"])]
