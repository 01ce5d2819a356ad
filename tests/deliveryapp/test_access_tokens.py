"""Access tokens: what lets somebody in and what does not (FAULTS, JWT/session)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.test import Client

from deliveryapp.clock import utc_now
from deliveryapp.identity import TokenPair
from deliveryapp.models import User
from tests.deliveryapp.test_identity import refusal
from tests.deliveryapp.test_tokens import me, post

pytestmark = pytest.mark.django_db


def claims(user: User, settings: Any, **changes: Any) -> dict[str, Any]:
    now = utc_now()
    good = {
        "sub": str(user.pk),
        "epoch": user.token_epoch,
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "iat": now,
        "exp": now + timedelta(minutes=5),
    }
    return {key: value for key, value in (good | changes).items() if value is not ...}


def test_an_access_token_lets_its_user_in(ada: User, pair: TokenPair, settings: Any) -> None:
    signed = jwt.encode(claims(ada, settings), settings.JWT_SIGNING_KEY, algorithm="HS256")

    for token in (pair.access, signed):
        for scheme in ("Bearer", "bearer"):
            assert me(token, scheme).json()["id"] == str(ada.pk)


HOUR = timedelta(hours=1)
FORGED = {
    "expired": {"exp": utc_now() - HOUR},
    "expired a second ago": {"exp": utc_now() - timedelta(seconds=1)},
    "not yet valid": {"nbf": utc_now() + HOUR},
    "issued in the future": {"iat": utc_now() + HOUR},
    "without end": {"exp": ...},
    "without beginning": {"iat": ...},
    "without subject": {"sub": ...},
    "without audience": {"aud": ...},
    "without issuer": {"iss": ...},
    "without epoch": {"epoch": ...},
    "other audience": {"aud": "somebody-else"},
    "other issuer": {"iss": "somebody-else"},
    "other epoch": {"epoch": 1},
    "epoch of another type": {"epoch": "0"},
    "subject unknown": {"sub": str(uuid4())},
    "subject is no id": {"sub": "ada@demo.example"},
    "subject is a number": {"sub": 5},
    "audience is a list of others": {"aud": ["x", "y"]},
}


@pytest.mark.parametrize("how", FORGED)
def test_a_token_with_wrong_claims_is_refused(ada: User, settings: Any, how: str) -> None:
    token = jwt.encode(claims(ada, settings, **FORGED[how]), settings.JWT_SIGNING_KEY, algorithm="HS256")

    assert refusal(me(token)) == (401, "token_invalid")


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        ("another-key-another-key-another-key-another-key-another-key-1234", "HS256"),
        ("the same", "HS512"),
        ("the django secret", "HS256"),
        ("", "none"),
    ],
)
def test_a_token_signed_otherwise_is_refused(ada: User, settings: Any, key: str, algorithm: str) -> None:
    settings.JWT_SIGNING_KEY = "k" * 64
    real = {"the same": settings.JWT_SIGNING_KEY, "the django secret": settings.SECRET_KEY}
    token = jwt.encode(claims(ada, settings), real.get(key, key), algorithm=algorithm)

    assert refusal(me(token)) == (401, "token_invalid")


def unsigned(header: Any, payload: Any = None) -> str:
    def part(value: Any) -> str:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    return f"{part(header)}.{part(payload or {})}.AAAA"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "..",
        "a.b.c",
        "é.é.é",
        "\x7f.\x01.\x02",
        "x" * 2_000,
        "x" * 1_000_000,
        unsigned({"alg": "none"}),
        unsigned({"alg": "None"}),
        unsigned({"alg": ["HS256"]}),
        unsigned({"alg": "RS256"}),
        unsigned({"alg": "HS256", "kid": "../../dev/null"}),
        unsigned({"alg": "HS256", "kid": 5}),
        unsigned({"alg": "HS256", "crit": ["x"]}),
        unsigned([]),
        unsigned(b"\xff\xfe"),
        unsigned(b"[" * 1_400),
    ],
    ids=lambda token: token[:24].encode("unicode_escape").decode(),
)
def test_garbage_is_refused(ada: User, token: str) -> None:
    assert refusal(me(token)) == (401, "token_invalid")


def test_a_refresh_token_opens_nothing(pair: TokenPair) -> None:
    assert refusal(me(pair.refresh)) == (401, "token_invalid")


def test_an_access_token_refreshes_nothing(pair: TokenPair) -> None:
    assert refusal(post("refresh", pair.access[:200])) == (401, "token_invalid")


def test_a_changed_payload_breaks_the_signature(ada: User, bo: User, pair: TokenPair) -> None:
    header, payload, signature = pair.access.split(".")
    document = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps(document | {"sub": str(bo.pk)}).encode()).rstrip(b"=")

    assert refusal(me(f"{header}.{changed.decode()}.{signature}")) == (401, "token_invalid")


@pytest.mark.parametrize("change", ["suspend", "delete"])
def test_a_user_who_is_gone_is_out_at_once(ada: User, pair: TokenPair, change: str) -> None:
    if change == "suspend":
        User.objects.update(is_active=False)
    else:
        ada.delete()

    assert refusal(me(pair.access)) == (401, "token_invalid")


def test_a_bad_token_is_not_rescued_by_a_good_session(ada: User) -> None:
    browser = Client()
    browser.force_login(ada)

    assert browser.get("/api/v1/me/").status_code == 200
    assert refusal(browser.get("/api/v1/me/", HTTP_AUTHORIZATION="Bearer x")) == (401, "token_invalid")


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_other_schemes_are_nobody(pair: TokenPair, scheme: str) -> None:
    assert refusal(me(pair.access, scheme)) == (401, "unauthenticated")
