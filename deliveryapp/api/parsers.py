"""JSON in: bounded in size and depth, without NUL bytes, lone surrogates or NaN.

An integer beyond 64 bits arrives as a float, which integer fields refuse.
"""

from collections.abc import Iterable, Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework import parsers

from deliveryapp.errors import AppError, InvalidInput

MAX_DEPTH = 20


class MalformedJson(InvalidInput):
    code, title = "malformed_json", "The body is not valid JSON"


class BodyTooLarge(AppError):
    code, status, title = "body_too_large", 413, "The request is too large"


class JSONParser(parsers.BaseParser):
    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise BodyTooLarge
        return read_json(body)


def read_json(body: bytes) -> Any:
    """Raises MalformedJson."""
    if not body.strip():
        return {}
    if b"\\u0000" in body or b"\x00" in body:
        raise MalformedJson("NUL characters are not allowed.")
    try:
        document = orjson.loads(body)  # gives up beyond a depth of 1024 by itself
    except orjson.JSONDecodeError as error:
        raise MalformedJson(str(error)) from None
    if _is_deep(document):
        raise MalformedJson("The document is nested too deeply.")
    return document


def _is_deep(document: object) -> bool:
    """More than MAX_DEPTH objects and lists inside each other: recursive code behind us could not bear it."""
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [inner for value in level for inner in _children(value)]
    return any(isinstance(value, dict | list) for value in level)


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
