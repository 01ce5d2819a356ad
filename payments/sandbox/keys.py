"""The Idempotency-Key layer: the first answer of a key is its answer for a day."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson

from .errors import Obj, Refusal, key_in_use
from .store import Store

_MAX_LENGTH = 255


def fingerprint(method: str, path: str, pairs: Sequence[tuple[str, str]]) -> str:
    """What "the same request" means: method, path and parameters in any order."""
    return hashlib.blake2b(orjson.dumps([method, path, sorted(pairs)]), digest_size=16).hexdigest()


class Keys:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_flight: dict[str, str] = {}

    def begin(self, key: str, mark: str) -> Obj | None:
        """The stored answer of this key, or None: the caller owns it until ``end``."""
        if len(key) > _MAX_LENGTH:
            raise Refusal("Idempotency keys hold 255 characters.", param="Idempotency-Key", stored=False)
        self._store.prune_keys(now=self._store.now())
        row = self._store.keys.get(key)
        known = row["mark"] if row else self._in_flight.get(key)
        if known not in (None, mark):
            raise _other_request(key)
        if row is None and known:
            raise key_in_use()
        if row is None:
            self._in_flight[key] = mark
        return row

    def end(self, key: str) -> None:
        self._in_flight.pop(key, None)


def _other_request(key: str) -> Refusal:
    return Refusal(
        f"The idempotency key {key!r} was first used with another endpoint or other parameters.",
        kind="idempotency_error",
        stored=False,
    )
