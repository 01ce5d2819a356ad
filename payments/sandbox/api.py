"""One API call, in Stripe's order: route, authentication, faults, idempotency key, validation, effect.

The effect, its events and the stored answer of its key are one record in the journal.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import orjson

from . import params, routes
from .errors import Obj, Refusal, key_in_use, rate_limited, server_error, unauthenticated
from .faults import Faults, Rule
from .keys import Keys, fingerprint
from .reading import expand
from .store import API_VERSION, Store, Tx
from .webhooks import Webhooks

_SECRET = re.compile(r"(sk|rk)_test_\w+")
_MAX_FIELDS = 1000


@dataclass(slots=True)
class Request:
    """Header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Answer:
    """``cut``: "close" sends nothing and closes; "reset" breaks off in the middle of the body."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cut: str = ""


class Api:
    def __init__(self, *, store: Store, faults: Faults, webhooks: Webhooks) -> None:
        self._store = store
        self._faults = faults
        self._webhooks = webhooks
        self._keys = Keys(store)

    async def answer(self, request: Request) -> Answer:
        request_id = f"req_{self._store.token(14)}"
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        try:
            operation = _operation(request)
            fault = self._faults.of_call(operation.name)
            if fault and fault.kind == "lost_before_effect":
                return Answer(0, b"", cut="close")
            found = await self._keyed(request, request_id, key, fault)
        except Refusal as refusal:
            return _with_headers(_refused(refusal), request_id, key)
        return await _late(_with_headers(found, request_id, key), fault)

    async def _keyed(self, request: Request, request_id: str, key: str | None, fault: Rule | None) -> Answer:
        """Through the key layer; 429 and 409 faults stand before it."""
        if fault and fault.kind == "429":
            raise rate_limited()
        if fault and fault.kind == "409":
            raise key_in_use()
        pairs = _pairs(request)
        if key is None:
            return await self._execute(request, request_id, None, pairs, fault)
        mark = fingerprint(request.method, request.path, pairs)
        row = self._keys.begin(key, mark)
        if row:
            again = {"Idempotent-Replayed": "true", "Original-Request": row["request"]}
            return Answer(row["status"], row["body"].encode(), again)
        try:
            return await self._execute(request, request_id, (key, mark), pairs, fault)
        finally:
            self._keys.end(key)

    async def _execute(
        self,
        request: Request,
        request_id: str,
        key: tuple[str, str] | None,
        pairs: list[tuple[str, str]],
        fault: Rule | None,
    ) -> Answer:
        operation, ident = routes.find(request.method, request.path)
        if operation is None:
            raise _unknown(request)
        checked = _checked(operation, pairs)
        if fault and fault.kind == "latency":
            await asyncio.sleep(fault.seconds)
        tx = Tx(
            self._store,
            request_id=request_id,
            key=key[0] if key else None,
            processing_s=fault.seconds if fault and fault.kind == "processing" else None,
        )
        stored = True
        try:
            if fault and fault.kind == "500":
                raise server_error(stored=fault.stored)
            result = expand(tx, operation.handler(tx, ident, checked), checked.get("expand") or [])
            answer = Answer(200, orjson.dumps(result))
            if fault and fault.kind == "500_after_effect":
                answer = _refused(server_error(stored=True))
        except Refusal as refusal:
            answer, stored = _refused(refusal), refusal.stored
            if not refusal.keep:
                tx = Tx(self._store)
        self._commit(tx, request_id, key if stored else None, answer)
        return answer

    def _commit(self, tx: Tx, request_id: str, key: tuple[str, str] | None, answer: Answer) -> None:
        record = tx.record()
        if key:
            record["key"] = {
                "key": key[0],
                "mark": key[1],
                "status": answer.status,
                "body": answer.body.decode(),
                "request": request_id,
                "at": tx.now,
            }
        self._webhooks.commit(record)


def _operation(request: Request) -> routes.Operation:
    operation, _ = routes.find(request.method, request.path)
    _authenticate(request.headers.get("authorization", ""))
    if operation is None:
        raise _unknown(request)
    return operation


def _unknown(request: Request) -> Refusal:
    message = f"Unrecognized request URL ({request.method}: {request.path})."
    return Refusal(message, status=404, stored=False)


def _authenticate(header: str) -> None:
    scheme, _, secret = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            secret = base64.b64decode(secret).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            secret = ""
    if scheme.lower() not in ("basic", "bearer") or not secret:
        raise unauthenticated("No API key: send your test secret key as Bearer token or basic user.")
    if not _SECRET.fullmatch(secret):
        raise unauthenticated(f"Invalid API key: {secret[:8]}***. This server takes sk_test_ keys only.")


def _pairs(request: Request) -> list[tuple[str, str]]:
    """Form fields of the body (POST) or of the query."""
    if request.method == "POST" and "json" in request.headers.get("content-type", ""):
        raise Refusal("The v1 API takes form-encoded parameters, not JSON.", stored=False)
    try:
        text = f"{request.query}&{request.body.decode()}" if request.body else request.query
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise Refusal("The parameters could not be decoded.", stored=False) from error


def _checked(operation: routes.Operation, pairs: list[tuple[str, str]]) -> Obj:
    raw = params.parse(pairs)
    params.refuse_card_numbers(raw)
    return params.check(operation.spec, raw, required=operation.required)


def _refused(refusal: Refusal) -> Answer:
    headers = {"Stripe-Should-Retry": "false"} if refusal.status == 500 and refusal.stored else {}
    return Answer(refusal.status, orjson.dumps(refusal.body()), headers)


def _with_headers(answer: Answer, request_id: str, key: str | None) -> Answer:
    answer.headers |= {
        "Content-Type": "application/json",
        "Request-Id": request_id,
        "Stripe-Version": API_VERSION,
    }
    if key:
        answer.headers["Idempotency-Key"] = key
    return answer


async def _late(answer: Answer, fault: Rule | None) -> Answer:
    """Faults between the done effect and the client."""
    kind = fault.kind if fault else ""
    if fault and kind == "stall":
        await asyncio.sleep(fault.seconds)
    answer.cut = {"lost_after_effect": "close", "reset_mid_body": "reset"}.get(kind, "")
    return answer
