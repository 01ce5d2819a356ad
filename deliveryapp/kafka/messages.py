"""Between envelopes and Kafka messages. Whatever lies in a topic becomes an envelope: what nobody can read
becomes one that no class reads, so that it ends as a dead letter and holds up nobody.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson
from confluent_kafka import Message

from deliveryapp.transport import Wire

CONTENT_TYPE = "application/cloudevents+json"
DEEPEST = 20  # no envelope of ours is deeper than two


class NotAnEnvelope(Exception):
    """Bytes in a topic that are none of ours."""


def value_of(wire: Wire) -> bytes:
    return orjson.dumps(wire)


def headers_of(wire: Wire) -> list[tuple[str, str | bytes | None]]:
    """By these a consumer skips what it does not want without reading it."""
    words = {"ce_id": wire["id"], "ce_type": wire["type"], "traceid": wire["traceid"]}
    return [("content-type", CONTENT_TYPE), *words.items()]


def header_type(message: Message) -> str | None:
    """The event's name by its header; None if it has none, or is not text."""
    raw = dict(message.headers() or ()).get("ce_type")
    try:
        return raw.decode() if isinstance(raw, bytes) else raw
    except UnicodeDecodeError:
        return None


def wire_of(message: Message) -> Wire:
    """The envelope, with the place where it lay; of what is none, the raw bytes and the reason."""
    place: dict[str, Any] = {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
    }
    try:
        return _parsed(message) | {"kafka": place}
    except NotAnEnvelope as error:
        key, value = message.key() or b"", message.value() or b""
        raw = {"key_base64": b64encode(key).decode(), "raw_base64": b64encode(value).decode()}
        return {"kafka": place | raw | {"reason": str(error)}}


def _parsed(message: Message) -> Wire:
    value = message.value() or b""
    try:
        wire = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise NotAnEnvelope(f"not JSON: {error}") from error
    if not isinstance(wire, dict):
        raise NotAnEnvelope("not a JSON object")
    # Neither could be kept as a dead letter, and so both would stop the partition.
    if b"\\u0000" in value or _is_deep(wire):
        raise NotAnEnvelope("JSON that PostgreSQL cannot keep")
    named = header_type(message)
    if named is not None and wire.get("type") != named:
        raise NotAnEnvelope("header and content name different types")
    return wire


def _is_deep(value: object) -> bool:
    layer = [value]
    for _ in range(DEEPEST):
        layer = [child for node in layer for child in _children(node)]
        if not layer:
            return False
    return True


def _children(node: object) -> list[object]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []
