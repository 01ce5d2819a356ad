"""The live process: sockets and hot routes as raw ASGI, everything else handed to Django under WSGI.

Django's own ASGI handler costs several times the CPU of its WSGI handler. Behind nginx the other routes go
to the web process; here they are served too, so that in development one process can do everything.
"""

import os
from typing import Any, cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")
django.setup()

from a2wsgi import WSGIMiddleware  # noqa: E402 - the apps must be loaded first
from channels.routing import URLRouter  # noqa: E402

from config.wsgi import application as web  # noqa: E402
from tracking import ingest  # noqa: E402
from tracking.consumers import websocket_urlpatterns  # noqa: E402
from tracking.ingest.asgi import Receive, Scope, Send  # noqa: E402

NOT_FOUND = 4404
WEB_THREADS = 8

django_over_wsgi: Any = WSGIMiddleware(cast(Any, web), workers=WEB_THREADS)
watchers = URLRouter(websocket_urlpatterns)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await _socket(scope, receive, send)
    elif scope["path"] == "/livez":
        await _alive(send)
    elif ingest.serves(scope):
        await ingest.post_positions(scope, receive, send)
    else:
        await django_over_wsgi(scope, receive, send)


async def _socket(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == ingest.DRIVER_SOCKET_PATH:
        await ingest.driver_socket(scope, receive, send)
        return
    try:
        await watchers(scope, receive, send)
    except ValueError:  # what URLRouter raises for a path that nobody serves
        await receive()
        await send({"type": "websocket.close", "code": NOT_FOUND})


async def _alive(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


async def _lifespan(receive: Receive, send: Send) -> None:
    """Store the positions that are still in memory before the process ends."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
            continue
        await ingest.shutdown()
        await send({"type": "lifespan.shutdown.complete"})
        return
