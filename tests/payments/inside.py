"""The payment server without a process and without sockets: the official SDK calls its application directly.

For tests that make tens of thousands of calls. A fault that would keep the client waiting or cut its
connection ends in the SDK's own connection error.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
import stripe

from payments.sandbox.app import Sandbox
from payments.sandbox.faults import Faults
from payments.sandbox.store import Store

Headers = Mapping[str, str]


class Late(Exception):
    """The answer would have come after our time-out, or never."""


class _Wire:
    """One request on its way through the application, and what came back of it."""

    def __init__(self, method: str, url: str, headers: Headers, body: bytes) -> None:
        parts = urlsplit(url)
        self.scope = {
            "type": "http",
            "method": method.upper(),
            "path": parts.path,
            "query_string": parts.query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "state": {"transport": self},
        }
        self._incoming = [{"type": "http.request", "body": body}]
        self.status, self.headers, self.content, self.is_cut = 0, {}, b"", False

    async def receive(self) -> dict[str, Any]:
        return self._incoming.pop() if self._incoming else {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.content += message["body"]

    def abort(self) -> None:
        """As the connection's transport, that a fault closes."""
        self.is_cut = True

    def get_extra_info(self, _: str) -> None:
        """There is no socket to reset."""


def _run(task: Coroutine[Any, Any, None]) -> bool:
    """To its end, without an event loop; whether it wanted to wait on the way."""
    waited = False
    while True:
        try:
            task.send(None)
        except StopIteration:
            return waited
        waited = True


class Inside:
    """One server. `faults` takes the rules of its admin calls; seconds must be 0."""

    def __init__(self, *, seed: int) -> None:
        self.store = Store(seed=seed)
        self.store.public_url = "http://sandbox"
        self.faults = Faults(seed=seed)
        self._app = Sandbox(store=self.store, faults=self.faults, merchant="Test")

    def call(self, method: str, url: str, headers: Headers | None = None, body: bytes = b"") -> _Wire:
        """Raises Late."""
        wire = _Wire(method, url, headers or {}, body)
        waited = _run(self._app(wire.scope, wire.receive, wire.send))
        if waited or wire.is_cut:
            raise Late
        return wire

    def admin(self, method: str, path: str, body: object = None) -> Any:
        wire = self.call(method, f"/_sandbox/{path}", body=orjson.dumps(body))
        assert wire.status == 200, wire.content
        return orjson.loads(wire.content)

    def answer_bank(self, url: str, result: str) -> None:
        """The customer presses `complete` or `fail` on the page of 3-D Secure."""
        parts = urlsplit(url)
        fields = {**dict(parse_qsl(parts.query)), "result": result}
        headers = {"content-type": "application/x-www-form-urlencoded"}
        wire = self.call("POST", parts.path, headers, urlencode(fields).encode())
        assert wire.status == 303, wire.content


class InsideClient(stripe.HTTPClient):
    """The SDK's way to it."""

    name = "inside"

    def __init__(self, server: Inside) -> None:
        super().__init__()
        self._server = server

    def request(
        self, method: str, url: str, headers: Headers | None, post_data: Any = None
    ) -> tuple[bytes, int, Headers]:
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        try:
            wire = self._server.call(method, url, headers, body)
        except Late:
            raise stripe.APIConnectionError("no answer in time") from None
        return wire.content, wire.status, wire.headers

    def close(self) -> None:
        """Nothing is open."""
