"""Headers and log context for every page and API answer."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

View = Callable[[HttpRequest], HttpResponse]
TRACEPARENT = re.compile("[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class ContentSecurityPolicy:
    """Scripts only from our own files. The admin and the API docs need inline code of their libraries."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response
        self.strict = content_policy()
        self.relaxed = content_policy(script="'self' 'unsafe-inline' 'unsafe-eval'")

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        relaxed = request.path.startswith(("/admin/", "/api/docs/", "/api/redoc/"))
        response.headers.setdefault("Content-Security-Policy", self.relaxed if relaxed else self.strict)
        return response


class RequestContext:
    """Each request's log lines and events share a trace id, taken from a W3C traceparent if one came."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
        trace_id = given[1] if given else uuid4().hex
        with structlog.contextvars.bound_contextvars(trace_id=trace_id):
            return self.get_response(request)


def _live_origins() -> str:
    """The socket origin, when it is not the page's own."""
    url = urlsplit(settings.LIVE_URL)
    if not url.netloc:
        return ""
    scheme = "wss" if url.scheme == "https" else "ws"
    return f" {url.scheme}://{url.netloc} {scheme}://{url.netloc}"


def content_policy(*, script: str = "'self'", also: Mapping[str, str] | None = None) -> str:
    """The policy of our pages. A page that needs more says so itself: `also` adds origins to directives, and
    the view puts the result into its answer's header.
    """
    directives = {
        "default-src": "'self'",
        "script-src": script,
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "worker-src": "'self' blob:",
        "connect-src": f"'self'{_live_origins()}",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    for name, origins in (also or {}).items():
        directives[name] = f"{directives.get(name, '')} {origins}".strip()
    return "; ".join(f"{name} {value}" for name, value in directives.items())
