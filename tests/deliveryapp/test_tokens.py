"""Access and refresh tokens: rotation, theft, revocation, forgery (FAULTS, JWT/session)."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from rest_framework.test import APIClient

from deliveryapp import identity
from deliveryapp.clock import utc_now
from deliveryapp.identity import TokenPair, tokens
from deliveryapp.models import RefreshToken, User
from tests.cast import PASSWORD
from tests.crowd import at_once
from tests.deliveryapp.test_identity import refusal

pytestmark = pytest.mark.django_db


def post(action: str, token: Any) -> Any:
    return APIClient().post(f"/api/v1/auth/token/{action}/", {"refresh": token}, format="json")


def me(access: str, scheme: str = "Bearer") -> Any:
    return APIClient().get("/api/v1/me/", HTTP_AUTHORIZATION=f"{scheme} {access}")


def rotate(token: str) -> dict[str, Any]:
    answer = post("refresh", token)
    assert answer.status_code == 200, answer.content
    return answer.json()


# Refresh ----------------------------------------------------------------------------------------


def test_a_refresh_brings_a_new_pair(pair: TokenPair) -> None:
    body = rotate(pair.refresh)

    assert set(body) == {"access", "refresh", "expires_in"}
    assert body["refresh"] != pair.refresh
    assert me(body["access"]).status_code == 200
    assert rotate(body["refresh"])["refresh"] != body["refresh"]


def test_only_hashes_are_stored(pair: TokenPair) -> None:
    row = RefreshToken.objects.get()

    assert len(row.token_hash) == 64
    assert pair.refresh not in str(vars(row))


def test_a_token_that_comes_back_ends_its_family_and_no_other(ada: User, pair: TokenPair) -> None:
    other_device = identity.issue(user=ada)
    stolen = rotate(pair.refresh)

    assert refusal(post("refresh", pair.refresh)) == (401, "token_invalid")

    assert refusal(post("refresh", stolen["refresh"])) == (401, "token_invalid")
    assert rotate(other_device.refresh)


@pytest.mark.parametrize("token", ["x", "x" * 200, "é", "../../etc/passwd", "' OR 1=1 --"])
def test_an_unknown_refresh_token_is_refused(ada: User, token: str) -> None:
    assert refusal(post("refresh", token)) == (401, "token_invalid")


@pytest.mark.parametrize("token", ["", None, 5.5, ["x"], {"a": 1}, "x" * 201])
def test_what_is_no_token_at_all_is_bad_input(token: Any) -> None:
    answer = post("refresh", token)

    assert answer.status_code in (400, 401)
    if answer.status_code == 400:
        assert refusal(answer) == (400, "invalid_input")


def test_a_refresh_token_ends_after_thirty_days(pair: TokenPair) -> None:
    row = RefreshToken.objects.get()
    assert abs(row.expires_at - utc_now() - timedelta(days=30)) < timedelta(minutes=1)
    RefreshToken.objects.update(expires_at=Now() - timedelta(seconds=1))

    assert refusal(post("refresh", pair.refresh)) == (401, "token_invalid")
    assert RefreshToken.objects.get().rotated_at is None


def test_a_suspended_user_gets_no_new_pair(ada: User, pair: TokenPair) -> None:
    User.objects.update(is_active=False)

    assert refusal(post("refresh", pair.refresh)) == (401, "token_invalid")
    assert RefreshToken.objects.count() == 1


def test_revoking_ends_the_device_and_is_silent_about_unknown_tokens(ada: User, pair: TokenPair) -> None:
    other_device = identity.issue(user=ada)
    latest = rotate(pair.refresh)["refresh"]

    assert post("revoke", latest).status_code == 204
    assert post("revoke", latest).status_code == 204
    assert post("revoke", "unknown").status_code == 204

    assert refusal(post("refresh", latest)) == (401, "token_invalid")
    assert rotate(other_device.refresh)


# Log-out everywhere -----------------------------------------------------------------------------


def test_logging_out_everywhere_ends_everything(ada: User, bo: User, pair: TokenPair) -> None:
    phone, others = identity.issue(user=ada), identity.issue(user=bo)
    browser = Client()
    assert browser.login(username=ada.email, password=PASSWORD)
    assert browser.get("/api/v1/me/").status_code == 200

    api = APIClient(HTTP_AUTHORIZATION=f"Bearer {pair.access}")
    assert api.post("/api/v1/auth/log-out-everywhere/").status_code == 204

    for device in (pair, phone):
        assert refusal(me(device.access)) == (401, "token_invalid")
        assert refusal(post("refresh", device.refresh)) == (401, "token_invalid")
    assert browser.get("/api/v1/me/").status_code == 401
    assert identity.user_for_session_key(browser.cookies["sessionid"].value) is None
    assert me(others.access).status_code == 200
    assert me(identity.issue(user=User.objects.get(pk=ada.pk)).access).status_code == 200


def test_nobody_logs_out_everywhere_without_being_somebody() -> None:
    assert refusal(APIClient().post("/api/v1/auth/log-out-everywhere/")) == (401, "unauthenticated")


def racing_refresh(pair: TokenPair, monkeypatch: pytest.MonkeyPatch, ending: Any) -> list[Any]:
    """`ending` runs while a refresh has locked and read its token but not yet committed the successor."""
    has_read, access = threading.Event(), tokens._access

    def slow(user: User) -> str:
        has_read.set()
        together_soon.wait(0.7)  # the other one cannot be seen waiting for our lock: give it the time
        return access(user)

    def end() -> None:
        assert has_read.wait(20)
        ending()

    together_soon = threading.Event()
    monkeypatch.setattr(tokens, "_access", slow)
    results = at_once(lambda: identity.refresh(token=pair.refresh), end)
    monkeypatch.setattr(tokens, "_access", access)
    return results


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["everywhere", "revoke", "reuse"])
def test_a_refresh_in_flight_does_not_slip_past_the_end_of_its_family(
    ada: User, pair: TokenPair, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    old, current = pair, identity.refresh(token=pair.refresh)
    endings = {
        "everywhere": lambda: identity.log_out_everywhere(user_id=ada.pk),
        "revoke": lambda: identity.revoke(token=current.refresh),
        "reuse": lambda: post("refresh", old.refresh),
    }

    successor, _ = racing_refresh(current, monkeypatch, endings[how])

    assert isinstance(successor, TokenPair)
    assert not RefreshToken.objects.filter(revoked_at=None).exists()
    assert refusal(post("refresh", successor.refresh)) == (401, "token_invalid")


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_many_refreshes_with_one_token_one_is_answered(pair: TokenPair) -> None:
    answers = at_once(*[lambda: post("refresh", pair.refresh).status_code] * 6)

    assert sorted(answers) == [200, 401, 401, 401, 401, 401]
    assert RefreshToken.objects.count() == 2
    assert not RefreshToken.objects.filter(revoked_at=None).exists()  # the others were a replay
