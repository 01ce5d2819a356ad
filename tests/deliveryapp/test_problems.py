"""Every refusal of the API has one shape: RFC 9457 with a stable code."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.test import Client
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.test import APIClient

from deliveryapp import errors, identity
from deliveryapp.errors import AppError, reason_of
from tests.deliveryapp.test_identity import refusal

pytestmark = pytest.mark.django_db
DOOR = "/api/v1/auth/token/"


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the service behind the door raise this error; the door's answer."""

    def with_error(error: Exception) -> Any:
        def raise_it(**_: object) -> None:
            raise error

        monkeypatch.setattr(identity, "log_in", raise_it)
        api = APIClient(raise_request_exception=False)
        return api.post(DOOR, {"email": "ada@demo.example", "password": "x"}, format="json")

    return with_error


class SoupCold(errors.Conflict):
    code, title = "soup_cold", "The soup is cold"


def test_the_shape_of_a_problem(fails: Any) -> None:
    answer = fails(SoupCold("Since noon.", dish_id=7))

    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:problem:soup_cold",
        "title": "The soup is cold",
        "status": 409,
        "code": "soup_cold",
        "detail": "Since noon.",
        "dish_id": 7,
    }


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.InvalidInput(), 400, "invalid_input"),
        (errors.Unauthenticated(), 401, "unauthenticated"),
        (errors.Forbidden(), 403, "forbidden"),
        (errors.NotFound(), 404, "not_found"),
        (errors.Conflict(), 409, "conflict"),
        (errors.Unprocessable(), 422, "unprocessable"),
        (errors.Unavailable(), 503, "unavailable"),
        (Http404(), 404, "not_found"),
        (PermissionDenied(), 403, "forbidden"),
        (exceptions.PermissionDenied(), 403, "forbidden"),
        (exceptions.NotFound(), 404, "not_found"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.Throttled(wait=7.2), 429, "too_many_requests"),
        (exceptions.ValidationError("no"), 400, "invalid_input"),
        (OperationalError("gone"), 503, "database_unavailable"),
        (InterfaceError("closed"), 503, "database_unavailable"),
        (PoolTimeout("full"), 503, "database_unavailable"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_error_has_its_status_and_code(fails: Any, error: Exception, status: int, code: str) -> None:
    assert refusal(fails(error)) == (status, code)


def test_every_foreseen_error_has_a_code_of_its_own_and_a_title() -> None:
    def subclasses(cls: type[AppError]) -> list[type[AppError]]:
        return [cls, *(deeper for sub in cls.__subclasses__() for deeper in subclasses(sub))]

    found = [cls for cls in subclasses(AppError) if not cls.__module__.startswith("tests.")]

    codes = [cls.code for cls in found if "code" in vars(cls)]
    assert len(found) > 20
    assert sorted(codes) == sorted(set(codes))
    assert all(cls.title and 400 <= cls.status < 600 for cls in found)


def test_the_secrets_of_a_failing_database_stay_inside(fails: Any) -> None:
    answer = fails(OperationalError('connection to server at "10.0.0.1", user "postgres" failed'))

    assert answer.json()["detail"] == ""
    assert answer.headers["Retry-After"] == "2"


def test_what_nobody_foresaw_is_a_500_without_details(fails: Any) -> None:
    answer = fails(ZeroDivisionError("secret"))

    assert refusal(answer) == (500, "internal_error")
    assert b"secret" not in answer.content


@pytest.mark.parametrize(
    ("error", "seconds"), [(errors.Unavailable(retry_after_s=3), "3"), (exceptions.Throttled(wait=7.2), "8")]
)
def test_who_should_come_back_is_told_when(fails: Any, error: Exception, seconds: str) -> None:
    assert fails(error).headers["Retry-After"] == seconds


def test_who_must_say_who_he_is_is_told_how(fails: Any) -> None:
    assert fails(errors.Unauthenticated()).headers["WWW-Authenticate"] == "Bearer"


def test_fields_deep_inside_are_named_by_their_path(fails: Any) -> None:
    error = exceptions.ValidationError(
        {
            "lines": [{}, {"quantity": [exceptions.ErrorDetail("Too many.", code="max_value")]}],
            "non_field_errors": ["One.", "Two."],
        }
    )

    assert fails(error).json()["errors"] == [
        {"field": "lines.1.quantity", "code": "max_value", "detail": "Too many."},
        {"field": "non_field_errors", "code": "invalid", "detail": "One."},
        {"field": "non_field_errors", "code": "invalid", "detail": "Two."},
    ]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_a_method_that_is_not_allowed(method: str) -> None:
    answer = getattr(APIClient(), method)(DOOR)

    assert refusal(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("path", ["/api/v1/nonsense/", "/api/v2/me/", "/api/", "/api/v1/orders/not-an-id/"])
def test_an_address_of_the_api_that_is_not_there(path: str) -> None:
    assert refusal(APIClient().get(path)) in [(404, "not_found"), (401, "unauthenticated")]


def test_an_answer_in_another_format_is_not_acceptable() -> None:
    assert refusal(APIClient().post(DOOR, {}, format="json", HTTP_ACCEPT="text/csv")) == (
        406,
        "not_acceptable",
    )


def test_people_get_a_page() -> None:
    answer = Client().get("/nonsense/")

    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_host_that_is_not_ours_is_refused() -> None:
    answer = Client(headers={"Host": "evil.example"}).get("/api/v1/me/")

    assert answer.status_code == 400


@pytest.mark.parametrize("query", ["%00", "%ff", "%ed%a0%80", "a" * 5_000, "';--", "%F0%9F%8D%9C"])
@pytest.mark.parametrize("name", ["q", "cuisine", "lat", "sort", "cursor", "limit", "open_now"])
def test_no_query_breaks_the_public_list(name: str, query: str) -> None:
    answer = APIClient(raise_request_exception=False).get(
        f"/api/v1/restaurants/?lat=60.1&lng=24.9&{name}={query}"
    )

    assert answer.status_code in (200, 400), answer.content


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("plain"), "ValueError: plain"),
        (ValueError("nul \x00, surrogate \ud800"), "ValueError: nul , surrogate ?"),
        (ValueError("x" * 500), "ValueError: " + "x" * 88),
    ],
)
def test_a_reason_is_a_text_that_the_database_takes(error: Exception, text: str) -> None:
    assert reason_of(error, limit=100) == text
