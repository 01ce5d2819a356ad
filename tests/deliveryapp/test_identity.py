"""Signing up, logging in, and who somebody is (DESIGN 2)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.hashers import get_hasher
from rest_framework.test import APIClient

from deliveryapp.models import RefreshToken, User
from deliveryapp.models.identity import normalize_email
from tests.cast import PASSWORD, Kitchen
from tests.crowd import at_once

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"
ADA = {"email": "ada@demo.example", "password": PASSWORD, "name": "Ada"}


def sign_up(**changes: Any) -> Any:
    return APIClient().post("/api/v1/auth/sign-up/", {**ADA, **changes}, format="json")


def log_in(email: str = ADA["email"], password: str = PASSWORD, **extra: Any) -> Any:
    return APIClient().post(
        "/api/v1/auth/token/", {"email": email, "password": password}, format="json", **extra
    )


def refusal(answer: Any) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == PROBLEM
    body = answer.json()
    assert (body["status"], body["type"]) == (answer.status_code, f"urn:problem:{body['code']}")
    return answer.status_code, body["code"]


def fields(answer: Any) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def test_ada_signs_up_and_is_signed_in() -> None:
    answer = sign_up(email="  Ada@Demo.EXAMPLE ", name=" Ada ")

    assert answer.status_code == 201
    body = answer.json()
    user = User.objects.get()
    assert body["user"] == {"id": str(user.pk), "email": "ada@demo.example", "name": "Ada"}
    assert body["expires_in"] == 900
    assert (user.is_staff, user.is_superuser, user.is_active) == (False, False, True)
    assert PASSWORD not in user.password
    me = APIClient().get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {body['access']}")
    assert me.json()["email"] == "ada@demo.example"


@pytest.mark.parametrize(
    "password", ["short1", "password123", "1234567890", "ada@demo.example", "Ada@Demo.Example1"]
)
def test_a_weak_password_is_refused(password: str) -> None:
    answer = sign_up(password=password)

    assert refusal(answer) == (400, "password_too_weak")
    assert len(answer.json()["detail"]) > 20
    assert not User.objects.exists()


@pytest.mark.parametrize("email", ["ada@demo.example", "ADA@DEMO.EXAMPLE", " Ada@demo.example "])
def test_an_email_is_taken_whatever_its_case(ada: User, email: str) -> None:
    assert refusal(sign_up(email=email, name="Eve", password="another-pass-2")) == (409, "email_taken")
    assert list(User.objects.values_list("name", flat=True)) == ["Ada"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.race
def test_of_many_who_sign_up_with_one_email_one_succeeds() -> None:
    answers = at_once(*[sign_up] * 5)

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"email": "nobody"}, [("email", "invalid")]),
        ({"email": ""}, [("email", "blank")]),
        ({"email": None}, [("email", "null")]),
        ({"email": ["a@b.example"]}, [("email", "invalid")]),
        ({"email": "a" * 250 + "@b.example"}, [("email", "max_length")]),
        ({"password": {"$ne": ""}}, [("password", "invalid")]),
        ({"password": "x" * 129}, [("password", "max_length")]),
        ({"name": "   "}, [("name", "blank")]),
        ({"name": "x" * 121}, [("name", "max_length")]),
        ({"name": True, "email": 5}, [("email", "invalid"), ("name", "invalid")]),
    ],
)
def test_each_bad_field_is_named(changes: dict[str, Any], errors: list[tuple[str, str]]) -> None:
    answer = sign_up(**changes)

    assert refusal(answer) == (400, "invalid_input")
    assert fields(answer) == errors
    assert not User.objects.exists()


def test_nobody_makes_himself_more_than_a_user() -> None:
    wished = {
        "id": str(uuid4()),
        "is_staff": True,
        "is_superuser": True,
        "is_active": False,
        "token_epoch": 9,
    }

    assert sign_up(**wished).status_code == 201

    user = User.objects.get()
    assert str(user.pk) != wished["id"]
    assert (user.is_staff, user.is_superuser, user.is_active, user.token_epoch) == (False, False, True, 0)


@pytest.mark.parametrize("email", ["ada@demo.example", "ADA@demo.example", " ada@demo.example "])
def test_ada_logs_in(ada: User, email: str) -> None:
    answer = log_in(email)

    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh", "expires_in", "user"}
    assert answer.json()["user"] == {"id": str(ada.pk), "email": "ada@demo.example", "name": "Ada"}


def test_an_unknown_email_gets_the_same_answer_as_a_wrong_password(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And costs the same: a password is hashed each time."""
    hashed: list[str] = []
    encode = type(get_hasher()).encode
    monkeypatch.setattr(
        type(get_hasher()),
        "encode",
        lambda self, password, *args: hashed.append(password) or encode(self, password, *args),
    )

    wrong, unknown = log_in(password="wrong-pass-1"), log_in("eve@demo.example", "wrong-pass-1")

    assert refusal(wrong) == refusal(unknown) == (401, "wrong_credentials")
    assert wrong.content == unknown.content
    assert wrong.headers["WWW-Authenticate"] == "Bearer"
    assert hashed == ["wrong-pass-1", "wrong-pass-1"]
    assert not RefreshToken.objects.exists()


def test_a_suspended_user_cannot_log_in_and_is_not_told_why(ada: User) -> None:
    User.objects.update(is_active=False)

    assert refusal(log_in()) == (401, "wrong_credentials")


@pytest.mark.parametrize("password", [f" {PASSWORD}", f"{PASSWORD} ", PASSWORD.upper(), ""])
def test_a_password_is_taken_to_the_letter(ada: User, password: str) -> None:
    assert log_in(password=password).status_code in (400, 401)


def test_spaces_belong_to_a_password() -> None:
    assert sign_up(password="  much space  ").status_code == 201

    assert log_in(password="  much space  ").status_code == 200
    assert log_in(password="much space").status_code == 401


# Roles ------------------------------------------------------------------------------------------

NOBODY = {"customer": None, "restaurants": None, "driver": None, "support": False}


def roles(api: APIClient) -> dict[str, Any]:
    answer = api.get("/api/v1/me/")
    assert answer.status_code == 200
    return answer.json()["roles"]


def test_a_fresh_user_has_no_role(dov: User, as_: Any) -> None:
    assert roles(as_(dov)) == NOBODY
    assert as_(dov).get("/api/v1/me/").json() | {"roles": None} == {
        "id": str(dov.pk),
        "email": "dov@demo.example",
        "name": "Dov",
        "roles": None,
    }


def test_who_works_where_is_told(bo: User, kitchen: Kitchen, cleo: User, sam: User, as_: Any) -> None:
    place = kitchen.restaurant
    assert roles(as_(bo)) == NOBODY | {
        "restaurants": [{"id": str(place.pk), "slug": place.slug, "name": place.name, "role": "owner"}]
    }
    driver = roles(as_(cleo))["driver"]
    assert roles(as_(cleo)) == NOBODY | {"driver": driver}
    assert {key: driver[key] for key in ("status", "region", "vehicle")} == {
        "status": "offline",
        "region": "helsinki",
        "vehicle": "bicycle",
    }
    assert roles(as_(sam)) == NOBODY | {"support": True}


def test_me_needs_somebody() -> None:
    answer = APIClient().get("/api/v1/me/")

    assert refusal(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


# The model --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("email", "normal"), [(" A@B.Example\n", "a@b.example"), ("ÅSA@b.example", "åsa@b.example"), ("", "")]
)
def test_emails_are_kept_in_one_form(email: str, normal: str) -> None:
    assert normalize_email(email) == normal


def test_a_superuser_may_enter_the_admin(client: Any) -> None:
    user = User.objects.create_superuser("root@demo.example", PASSWORD, name="Root")

    assert (user.is_staff, user.is_superuser, user.is_support) == (True, True, True)
    assert str(user) == "root@demo.example"


@pytest.mark.parametrize(("name", "first"), [("Ada", "Ada"), ("Ada  of Demo", "Ada"), ("", ""), ("  ", "")])
def test_the_first_name_is_what_others_see(name: str, first: str) -> None:
    assert User(name=name).first_name == first
