"""Log lines: JSON, one a line, with a trace id, without secrets (I17)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from rest_framework.test import APIClient

from deliveryapp.logs import json_formatter
from tests.cast import PASSWORD

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Lines:
    """What the process wrote to its log."""

    def __init__(self) -> None:
        self.stream = StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def parsed(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def lines() -> Iterator[Lines]:
    lines = Lines()
    handler = logging.StreamHandler(lines.stream)
    handler.setFormatter(json_formatter())
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


def test_the_settings_use_this_formatter(settings: Any) -> None:
    assert settings.LOGGING["formatters"] == {"json": {"()": "deliveryapp.logs.json_formatter"}}
    assert settings.LOGGING["root"]["handlers"] == ["stderr"]


def test_a_line_is_one_json_object_with_its_context(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(trace_id=TRACE):
        structlog.get_logger("kitchen").warning("soup_cold", order_id=7, note="two\nlines")

    [line] = lines.parsed
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "soup_cold",
        "level": "warning",
        "logger": "kitchen",
        "note": "two\nlines",
        "order_id": 7,
        "trace_id": TRACE,
    }


def test_an_exception_stays_on_its_line(lines: Lines) -> None:
    try:
        raise RuntimeError("burnt")
    except RuntimeError:
        structlog.get_logger("kitchen").exception("cooking_failed")

    [line] = lines.parsed
    assert line["event"] == "cooking_failed"
    assert line["exception"].splitlines()[-1] == "RuntimeError: burnt"


def test_what_libraries_log_has_the_same_shape(lines: Lines) -> None:
    logging.getLogger("some.library").error("lost %s of %s", 1, 3)

    [line] = lines.parsed
    assert (line["event"], line["level"], line["logger"]) == ("lost 1 of 3", "error", "some.library")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "kept"),
    [
        (f"00-{TRACE}-b7ad6b7169203331-01", True),
        (f"00-{TRACE.upper()}-b7ad6b7169203331-01", False),
        (f"00-{'é' * 32}-b7ad6b7169203331-01", False),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_a_requests_lines_carry_the_callers_trace_id_or_a_new_one(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, header: str, kept: bool
) -> None:
    from deliveryapp import identity

    def log_in(**_: object) -> None:
        structlog.get_logger("identity").error("here")
        raise identity.errors.WrongCredentials

    monkeypatch.setattr(identity, "log_in", log_in)
    APIClient().post(
        "/api/v1/auth/token/",
        {"email": "a@b.example", "password": "x"},
        format="json",
        HTTP_TRACEPARENT=header,
    )

    [line] = [line for line in lines.parsed if line["event"] == "here"]
    assert (line["trace_id"] == TRACE) is kept
    assert len(line["trace_id"]) == 32
    assert line["trace_id"].strip("0")
    assert set(line["trace_id"]) <= set("0123456789abcdef")


@pytest.mark.django_db
def test_no_secret_reaches_the_log(lines: Lines, ada: Any) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    try:
        api = APIClient()
        pair = api.post(
            "/api/v1/auth/token/", {"email": ada.email, "password": PASSWORD}, format="json"
        ).json()
        api.post("/api/v1/auth/token/", {"email": ada.email, "password": "canary-wrong-1"}, format="json")
        api.post("/api/v1/auth/token/refresh/", {"refresh": "canary-refresh-1"}, format="json")
        api.get("/api/v1/me/", HTTP_AUTHORIZATION="Bearer canary-token-1")
        api.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    finally:
        logging.getLogger().setLevel(logging.INFO)

    for secret in (PASSWORD, "canary", pair["access"], pair["refresh"]):
        assert secret not in lines.text
