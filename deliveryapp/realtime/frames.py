"""What travels through the channel layer: a frame, encoded once for however many sockets."""

from typing import Any

import orjson

Frame = dict[str, Any]


def encode(frame: Frame) -> str:
    """JSON with times in UTC; UUIDs and enums as text."""
    return orjson.dumps(frame, option=orjson.OPT_UTC_Z, default=str).decode()


def message_of(frame: Frame, **about: str) -> dict[str, Any]:
    """The channel layer's message. `about` tells consumers what they need to know without parsing the
    frame."""
    return {"type": "realtime.frame", "text": encode(frame), "kind": frame["type"], "about": about}
