"""One effect per client key: stored in the commit of the effect, answered again on repetition (R5).

An effect that is one transaction runs behind `once`:

    def cancel_once(*, order_id: UUID, user: User, reason: str, key: str | None, now: datetime) -> Answer:
        return once(
            user_id=user.pk,
            key=key,
            operation="cancel_order",
            asked=[order_id, reason],
            effect=lambda: Answer(200, document_of(cancel(order_id=order_id, …, now=now))),
            now=now,
        )

* `once` opens the transaction; `effect` must not (`require_transaction`, not `durable`) and calls no network.
* `operation` and `asked` are all that makes it this request and no other: what is done, to what, how.
* What `effect` raises rolls everything back: a refused request leaves its key unused.
* Without a key (None) the effect simply happens. The gate that fetches the object comes before `once`.

Doors read the key and give the answer with `deliveryapp.api.answers`. An effect that asks the network
between two commits keeps its record by hand: placing an order (`orders/services/placing.py`) writes it with
the first commit and its answer with the second.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import IntegrityError, connection
from django.db.models.functions import Now

from deliveryapp.errors import Conflict, InvalidInput, Unprocessable
from deliveryapp.failpoints import failpoint
from deliveryapp.models import IdempotencyRecord
from deliveryapp.purging import delete_in_batches
from deliveryapp.transactions import durable

KEPT_FOR = timedelta(hours=24)
MAX_KEY_LENGTH = 100
UNIQUE_KEY = "idempotency_key_is_unique_per_user"


class IdempotencyKeyMissing(InvalidInput):
    code, title = "idempotency_key_required", "An Idempotency-Key header is required"


class IdempotencyKeyInvalid(InvalidInput):
    code, title = "idempotency_key_invalid", "The Idempotency-Key header cannot be used"


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


def once(
    *,
    user_id: UUID,
    key: str | None,
    operation: str,
    asked: object,
    effect: Callable[[], Answer],
    now: datetime,
) -> Answer:
    """`effect`'s answer, stored in its commit; for a repetition the first answer, marked, and no effect.

    Raises RequestInFlight while the first request with this key is running, IdempotencyKeyReused when the key
    was used for anything else, and what `effect` raises.
    """
    if key is None:
        with durable():
            return effect()
    request_hash = fingerprint(operation, asked)
    try:
        with durable():
            _take_turn(user_id, key)
            stored = _answer_to(user_id, key, request_hash)
            answer = stored or _carry_out(user_id, key, request_hash, effect, now)
            failpoint("once.before_commit")
        failpoint("once.after_commit")
        return answer
    except IntegrityError as error:
        raise second_of(error, user_id=user_id, key=key, request_hash=request_hash) from None


def _take_turn(user_id: UUID, key: str) -> None:
    """At once or not at all, until the end of the transaction; the table's constraint is the last guard."""
    with connection.cursor() as cursor:
        name = f"idempotency {user_id} {key}"
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        [is_mine] = cursor.fetchone()
    if not is_mine:
        raise RequestInFlight(retry_after_s=1)


def _answer_to(user_id: UUID, key: str, request_hash: str) -> Answer | None:
    record = find(user_id=user_id, key=key, request_hash=request_hash)
    return stored_answer(record) if record else None


def _carry_out(
    user_id: UUID, key: str, request_hash: str, effect: Callable[[], Answer], now: datetime
) -> Answer:
    answer = effect()
    body = plain(answer.body)
    IdempotencyRecord.objects.create(
        user_id=user_id,
        key=key,
        request_hash=request_hash,
        answer_status=answer.status,
        answer=body,
        created_at=now,
    )
    return Answer(status=answer.status, body=body)


def valid_key(key: str) -> str:
    """Raises IdempotencyKeyInvalid unless it is 1 to 100 printable ASCII characters."""
    if not key or len(key) > MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyInvalid(f"Send an Idempotency-Key of 1 to {MAX_KEY_LENGTH} printable characters.")
    return key


def fingerprint(operation: str, asked: object) -> str:
    """A hash of what was asked, indifferent to the order of JSON keys."""
    document = orjson.dumps([operation, asked], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(document).hexdigest()


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """The document in JSON's own types, as it will be read back."""
    read: dict[str, Any] = orjson.loads(orjson.dumps(document, option=orjson.OPT_UTC_Z))
    return read


def find(*, user_id: UUID, key: str, request_hash: str) -> IdempotencyRecord | None:
    """The record of an earlier use. Raises IdempotencyKeyReused when that asked for something else."""
    record = IdempotencyRecord.objects.filter(user_id=user_id, key=key).first()
    if record is not None and record.request_hash != request_hash:
        raise IdempotencyKeyReused
    return record


def remember(*, user_id: UUID, key: str, request_hash: str, answer: Answer, now: datetime) -> None:
    """Keep the answer to an effect that has its own commit and may be repeated at will; the first stays."""
    record = IdempotencyRecord(
        user_id=user_id,
        key=key,
        request_hash=request_hash,
        answer_status=answer.status,
        answer=plain(answer.body),
        created_at=now,
    )
    IdempotencyRecord.objects.bulk_create([record], ignore_conflicts=True)


def stored_answer(record: IdempotencyRecord) -> Answer | None:
    if record.answer_status is None:
        return None
    return Answer(status=record.answer_status, body=record.answer or {}, replayed=True)


def second_of(
    error: IntegrityError, *, user_id: UUID, key: str | None, request_hash: str
) -> IntegrityError | RequestInFlight:
    """What to raise for whoever wrote the key second; the error itself when it is about something else.

    Raises IdempotencyKeyReused when the first one asked for something else.
    """
    if key is None or UNIQUE_KEY not in str(error):
        return error
    find(user_id=user_id, key=key, request_hash=request_hash)
    return RequestInFlight(retry_after_s=1)


def forget_old() -> int:
    """Delete what no repetition may ask for any more; what there is no time for is left to the next run."""
    return delete_in_batches(IdempotencyRecord.objects.filter(created_at__lt=Now() - KEPT_FOR))
