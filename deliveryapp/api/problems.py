"""RFC 9457 problem details: every refusal of the API has the same shape and a stable `code`."""

from collections.abc import Iterator
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from deliveryapp.errors import AppError
from deliveryapp.text import CARD_NUMBER_REFUSED, has_card_number

CONTENT_TYPE = "application/problem+json"
QUOTED = 500  # characters; longer messages repeat something that nobody needs to read again
log = structlog.get_logger(__name__)
TITLES = {
    400: "The request is not valid",
    401: "Authentication is required",
    403: "You may not do this",
    404: "Not found",
    405: "This method is not allowed here",
    406: "No acceptable representation",
    413: "The request is too large",
    415: "Send JSON",
    429: "Too many requests",
    503: "Temporarily unavailable",
}
CODES = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    429: "too_many_requests",
}


def problem(*, status: int, code: str, title: str = "", detail: str = "", **extra: object) -> dict[str, Any]:
    title = title or TITLES.get(status, "Request refused")
    return {
        "type": f"urn:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
    } | extra


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler; None lets an unforeseen error become a 500."""
    translated = _translate(error)
    if translated is None:
        return None
    body, headers = translated
    set_rollback()
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _translate(error: Exception) -> tuple[dict[str, Any], dict[str, str]] | None:
    match error:
        case AppError():
            return _app_problem(error)
        case Http404():
            return problem(status=404, code="not_found"), {}
        case PermissionDenied():
            return problem(status=403, code="forbidden"), {}
        case exceptions.ValidationError():
            return _invalid(list(field_errors(error.detail))), {}
        case exceptions.APIException():
            return _rest_problem(error)
        case OperationalError() | InterfaceError() | PoolTimeout():
            log.error("database_unavailable", error=str(error))
            return problem(status=503, code="database_unavailable"), {"Retry-After": "2"}
    return None


def _invalid(errors: list[dict[str, str]]) -> dict[str, Any]:
    """A card number among the values counts for more than what else is wrong with them."""
    if any(error["code"] == CARD_NUMBER_REFUSED for error in errors):
        title = "We must not see card numbers"
        return problem(status=400, code=CARD_NUMBER_REFUSED, title=title, errors=errors)
    return problem(status=400, code="invalid_input", errors=errors)


def _app_problem(error: AppError) -> tuple[dict[str, Any], dict[str, str]]:
    extra = dict(error.extra)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    if retry_after_s := extra.get("retry_after_s"):
        headers["Retry-After"] = str(retry_after_s)
    body = problem(status=error.status, code=error.code, title=error.title, detail=error.detail, **extra)
    return body, headers


def _rest_problem(error: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    code = CODES.get(error.status_code) or str(getattr(error.detail, "code", "refused"))
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return problem(status=error.status_code, code=code, detail=str(error.detail)), headers


def field_errors(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flatten DRF's nested error structure to `lines.0.quantity` paths."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from field_errors(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from field_errors(inner, f"{path}.{index}" if nested and path else path)
    else:
        yield {
            "field": path,
            "code": str(getattr(detail, "code", "invalid")),
            "detail": _quotable(str(detail)),
        }


def _quotable(detail: str) -> str:
    """Some messages repeat the value that was wrong; a card number is not repeated."""
    return "This value is not valid." if len(detail) > QUOTED or has_card_number(detail) else detail


def json_error(status: int, code: str) -> Any:
    """A Django error view (handler404 …) that answers API paths with a problem."""

    def view(request: HttpRequest, *args: object, **kwargs: object) -> JsonResponse:
        return JsonResponse(problem(status=status, code=code), status=status, content_type=CONTENT_TYPE)

    return view
