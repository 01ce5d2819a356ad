"""`POST /api/v1/driver/positions/` for apps that cannot keep a socket open. Bearer tokens only: a cookie
would need
a CSRF check, and browsers have the socket."""

import time
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from channels.db import database_sync_to_async
from django.db import DatabaseError
from psycopg_pool import PoolTimeout

from deliveryapp.api.parsers import BodyTooLarge, read_json
from deliveryapp.api.problems import CONTENT_TYPE, problem
from deliveryapp.clock import speed, utc_now
from deliveryapp.errors import AppError, Unauthenticated, Unavailable
from deliveryapp.identity import user_for_access_token
from deliveryapp.positions import PositionsUnavailable
from drivers import facade as drivers
from drivers.facade import DriverInfo, NotADriver
from tracking.errors import NotOnShift
from tracking.ingest.asgi import Receive, Scope, Send
from tracking.ingest.buffer import buffer
from tracking.services.points import Judged, Track, judge, read_points

log = structlog.get_logger(__name__)

POSITIONS_PATH = "/api/v1/driver/positions/"
MAX_BODY_BYTES = 64 * 1024
KNOWN_FOR_S = 30.0
OFFLINE_KNOWN_FOR_S = 1.0
MAX_KNOWN = 20_000
OFFLINE = "offline"


@dataclass(slots=True)
class _Caller:
    driver: DriverInfo
    track: Track
    known_until: float


_callers: dict[str, _Caller] = {}


def serves(scope: Scope) -> bool:
    """Whether this route answers the request: a POST with a bearer token. Django takes all others."""
    return scope["path"] == POSITIONS_PATH and scope["method"] == "POST" and bool(_token(scope))


def _token(scope: Scope) -> str:
    header: bytes = dict(scope["headers"]).get(b"authorization", b"")
    scheme, _, token = header.decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def post_positions(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application for what `serves` says."""
    try:
        judged = await _store(scope, await _body(receive))
        await _answer(send, 200, judged.as_json())
    except AppError as error:
        body = problem(status=error.status, code=error.code, title=error.title, detail=error.detail)
        await _answer(send, error.status, body)
    except (DatabaseError, PoolTimeout) as error:
        log.error("database_unavailable", error=str(error))
        await _answer(send, 503, problem(status=503, code="database_unavailable"))


async def _store(scope: Scope, body: bytes) -> Judged:
    caller = await _caller(scope)
    points = read_points(read_json(body))
    if caller.driver.status == OFFLINE:
        raise NotOnShift
    last = caller.track.last
    judged = judge(points, driver_id=caller.driver.id, track=caller.track, now=utc_now(), speed=speed())
    if judged.accepted:
        newest = max(judged.accepted, key=lambda position: (position.at, position.seq))
        if not await buffer().add(region=caller.driver.region, position=newest):
            caller.track.last = last
            raise PositionsUnavailable
    return judged


async def _caller(scope: Scope) -> _Caller:
    """Who the token says, remembered for half a minute. Raises Unauthenticated, NotADriver."""
    token = _token(scope)
    if not token:
        raise Unauthenticated
    known = _callers.get(token)
    if known is None or known.known_until < time.monotonic():
        driver = await database_sync_to_async(_identify)(token)
        known = _remember(token, driver, known.track if known else Track())
    return known


def _identify(token: str) -> DriverInfo:
    driver = drivers.driver_of(user_id=user_for_access_token(token).pk)
    if driver is None:
        raise NotADriver
    return driver


def _remember(token: str, driver: DriverInfo, track: Track) -> _Caller:
    now = time.monotonic()
    if len(_callers) >= MAX_KNOWN:
        for old in [key for key, caller in _callers.items() if caller.known_until < now] or list(_callers):
            del _callers[old]
    good_for_s = OFFLINE_KNOWN_FOR_S if driver.status == OFFLINE else KNOWN_FOR_S
    caller = _callers[token] = _Caller(driver, track, now + good_for_s)
    return caller


async def _body(receive: Receive) -> bytes:
    """Raises BodyTooLarge, and Unavailable when the client left half-way."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Unavailable
        body += bytes(message.get("body", b""))
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge
        if not message.get("more_body"):
            return body


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    content_type = "application/json" if status == 200 else CONTENT_TYPE
    fields = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store")]
    if status == 401:
        fields.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": orjson.dumps(body)})
