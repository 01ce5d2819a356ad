"""What the platform refuses, each refusal a class with a stable code.

Services raise them, doors let them pass; the API turns them into RFC 9457 problem+json with `code`.
"""

import re
from typing import ClassVar


class AppError(Exception):
    """A foreseen refusal: nothing was changed. `extra` is added to the problem document."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    title: ClassVar[str] = "Request refused"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "", **extra: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.extra = extra


_DETAIL = re.compile(r"^(DETAIL|CONTEXT):.*\n?", re.MULTILINE)


def without_rows(text: str) -> str:
    """PostgreSQL's refusals repeat the whole row as DETAIL, with somebody's name and street in it: left out.

    The first line names the constraint, which is what one needs to know.
    """
    return _DETAIL.sub("", text)


def reason_of(error: BaseException, *, limit: int) -> str:
    """What went wrong, as text that PostgreSQL stores: it takes neither NUL nor lone surrogates."""
    text = without_rows(f"{type(error).__name__}: {error}").rstrip("\n")
    return text.encode(errors="replace").decode().replace("\x00", "")[:limit]


class InvalidInput(AppError):
    code, status, title = "invalid_input", 400, "The request is not valid"


class Unauthenticated(AppError):
    code, status, title = "unauthenticated", 401, "Authentication is required"


class Forbidden(AppError):
    code, status, title = "forbidden", 403, "You may not do this"


class NotFound(AppError):
    code, status, title = "not_found", 404, "Not found"


class Conflict(AppError):
    code, status, title = "conflict", 409, "The current state does not allow this"


class Unprocessable(AppError):
    code, status, title = "unprocessable", 422, "The request cannot be carried out"


class Unavailable(AppError):
    """Temporary; `retry_after_s` in extra becomes the Retry-After header."""

    code, status, title, retryable = "unavailable", 503, "Temporarily unavailable", True
