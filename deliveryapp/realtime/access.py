"""Who is at the other end of a socket, for Channels consumers and raw ASGI handlers alike.

A browser comes with its session cookie, and only counts when its Origin is ours: cookies alone would let
any page open our sockets. Apps bring an access token in the first frame or as a subprotocol; never in the
URL, because URLs end up in logs. Tokens are not sent unasked by browsers, but a foreign Origin is refused
all the same.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.http.cookie import parse_cookie

from deliveryapp.errors import AppError, Forbidden, NotFound, Unauthenticated
from deliveryapp.identity import user_for_access_token, user_for_session_key
from deliveryapp.models import User

BAD_FRAME, UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, TOO_MANY = 4400, 4401, 4403, 4404, 4429
AUTHENTICATE_WITHIN_S = 5.0
RECHECK_EVERY_S = 60.0
MAX_FRAME_BYTES = 16 * 1024
PROTOCOL = "deliveryapp.v1"
_BEARER = "bearer."

Scope = Mapping[str, Any]
Frame = dict[str, Any]


class Refused(Exception):
    """Close the socket with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(frozen=True, slots=True)
class Credentials:
    """Exactly one of the two is set."""

    session_key: str = ""
    token: str = ""

    def user(self) -> User:
        """Asks the database. Raises Unauthenticated."""
        if self.token:
            return user_for_access_token(self.token)
        user = user_for_session_key(self.session_key)
        if user is None:
            raise Unauthenticated
        return user


def credentials_of(scope: Scope) -> Credentials | None:
    """What the handshake brings; None when the first frame must bring it. Raises Refused."""
    headers = dict(scope["headers"])
    if b"token" in scope.get("query_string", b"").lower():
        raise Refused(BAD_FRAME)
    origin = headers.get(b"origin", b"").decode("latin-1")
    if origin and not _is_ours(origin, headers.get(b"host", b"").decode("latin-1")):
        raise Refused(FORBIDDEN)
    for protocol in scope.get("subprotocols", ()):
        if protocol.startswith(_BEARER):
            return Credentials(token=protocol.removeprefix(_BEARER))
    cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
    session_key = cookies.get(settings.SESSION_COOKIE_NAME, "")
    return Credentials(session_key=session_key) if origin and session_key else None


def credentials_in(frame: object) -> Credentials:
    """From an `authenticate` frame. Raises Refused."""
    match frame:
        case {"type": "authenticate", "token": str(token)} if token:
            return Credentials(token=token)
    raise Refused(UNAUTHENTICATED)


def chosen_protocol(scope: Scope) -> str | None:
    """Browsers insist on an answer when they offered any; the token is only echoed when nothing else was."""
    offered = scope.get("subprotocols") or ()
    return PROTOCOL if PROTOCOL in offered else next(iter(offered), None)


def frame_in(message: Mapping[str, Any]) -> Frame:
    """What the other side says: a small JSON object with a type. Raises Refused for anything else."""
    text = message.get("text")
    if text is None or len(text) > MAX_FRAME_BYTES:
        raise Refused(BAD_FRAME)
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refused(BAD_FRAME) from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise Refused(BAD_FRAME)
    return frame


class Allowance:
    """A token bucket: so many frames a second, and a burst."""

    def __init__(self, *, per_s: float, burst: float) -> None:
        self._per_s, self._burst, self._left, self._at = per_s, burst, burst, time.monotonic()

    def charge(self) -> None:
        """Raises Refused when the other side talks too much."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s) - 1
        self._at = now
        if self._left < 0:
            raise Refused(TOO_MANY)


def close_code(error: AppError) -> int:
    match error:
        case Unauthenticated():
            return UNAUTHENTICATED
        case Forbidden():
            return FORBIDDEN
        case NotFound():
            return NOT_FOUND
    return BAD_FRAME


def _is_ours(origin: str, host: str) -> bool:
    """The socket's own host name on any port (cookies ignore ports too), or an origin the settings trust."""
    if origin in {settings.PUBLIC_URL, *settings.CSRF_TRUSTED_ORIGINS}:
        return True
    name = urlsplit(origin).hostname
    return name is not None and name == urlsplit(f"//{host}").hostname
