"""One effect per client key: stored in the commit of the effect, answered again on repetition (R5)."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db.models.functions import Now

from deliveryapp.errors import Conflict, InvalidInput, Unprocessable
from deliveryapp.models import IdempotencyRecord

KEPT_FOR = timedelta(hours=24)
IN_FLIGHT_FOR = timedelta(seconds=45)
MAX_KEY_LENGTH = 100


class IdempotencyKeyMissing(InvalidInput):
    code, title = "idempotency_key_required", "An Idempotency-Key header is required"


class IdempotencyKeyReused(Unprocessable):
    code, title = "idempotency_key_reused", "This Idempotency-Key was used for another request"


class RequestInFlight(Conflict):
    code, title, retryable = (
        "request_in_flight",
        "The first request with this key is still being answered",
        True,
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door gives back: an HTTP status and a JSON document. `replayed` marks a repetition."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


def valid_key(key: str | None) -> str:
    """Raises IdempotencyKeyMissing when there is no usable key: 1 to 100 printable ASCII characters."""
    if not key or len(key) > MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyMissing(f"Send an Idempotency-Key of 1 to {MAX_KEY_LENGTH} printable characters.")
    return key


def fingerprint(operation: str, body: object) -> str:
    """A hash of what was asked, indifferent to the order of JSON keys."""
    document = orjson.dumps([operation, body], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(document).hexdigest()


def find(*, user_id: UUID, key: str, request_hash: str) -> IdempotencyRecord | None:
    """The record of an earlier use. Raises IdempotencyKeyReused when that asked for something else."""
    record = IdempotencyRecord.objects.filter(user_id=user_id, key=key).first()
    if record is not None and record.request_hash != request_hash:
        raise IdempotencyKeyReused
    return record


def stored_answer(record: IdempotencyRecord) -> Answer | None:
    if record.answer_status is None:
        return None
    return Answer(status=record.answer_status, body=record.answer or {}, replayed=True)


def forget_old() -> int:
    """Delete what no repetition may ask for any more."""
    return IdempotencyRecord.objects.filter(created_at__lt=Now() - KEPT_FOR).delete()[0]
