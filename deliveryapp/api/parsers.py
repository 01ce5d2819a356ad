"""JSON in: bounded in size and depth, without NUL bytes, lone surrogates, NaN or integers beyond 64 bits."""

from collections.abc import Mapping
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
    if nesting(body) > MAX_DEPTH:
        raise MalformedJson("The document is nested too deeply.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedJson(str(error)) from None


def nesting(body: bytes) -> int:
    """An upper bound of the depth without parsing; brackets in strings count too, which errs high."""
    depth = deepest = 0
    for byte in body:
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest
