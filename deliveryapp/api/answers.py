"""Idempotent operations at the door: the key from the header, the answer with its mark."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from deliveryapp.api.problems import CONTENT_TYPE
from deliveryapp.idempotency import MAX_KEY_LENGTH, Answer, IdempotencyKeyMissing, valid_key

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description=(
        f"Made and kept by the client, 1 to {MAX_KEY_LENGTH} printable ASCII characters: for 24 hours the "
        "same key gives the first answer again, marked `Idempotent-Replayed: true`. 409 `request_in_flight` "
        "while the first request is running, 422 `idempotency_key_reused` with another request."
    ),
)
REQUIRED_KEY = OpenApiParameter(KEY.name, str, KEY.location, required=True, description=KEY.description)


def key_of(request: Request) -> str | None:
    """The client's key, None without one. Raises IdempotencyKeyInvalid."""
    key = request.headers.get(KEY.name)
    return None if key is None else valid_key(key)


def required_key_of(request: Request) -> str:
    """For what may never happen twice unnoticed. Raises IdempotencyKeyMissing, IdempotencyKeyInvalid."""
    key = key_of(request)
    if key is None:
        raise IdempotencyKeyMissing
    return key


def respond(answer: Answer) -> Response:
    headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
    kind = CONTENT_TYPE if answer.status >= 400 else None
    return Response(answer.body, status=answer.status, headers=headers, content_type=kind)
