"""A sandbox server of its own process, and a receiver for its webhooks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import stripe

ROOT = Path(__file__).resolve().parents[3]
SECRET = "whsec_test_secret"
_START_WITHIN_S = 20.0


class Client:
    """The official SDK on one server, on a session that is closed."""

    def __init__(self, url: str, *, timeout_s: float = 20.0) -> None:
        self.session = requests.Session()
        http = stripe.RequestsClient(timeout=timeout_s, session=self.session)
        self.stripe = stripe.StripeClient("sk_test_key", base_addresses={"api": url}, http_client=http)

    def close(self) -> None:
        self.session.close()


class Server:
    """``python -m payments.sandbox`` with a state folder; may be killed and started again."""

    def __init__(self, folder: Path, *options: str, state: bool = True) -> None:
        self._folder = folder
        self._options = [*options, *(["--state", str(folder / "state")] if state else [])]
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[Client] = []
        self.url = ""

    def start(self) -> None:
        port_file = self._folder / "port"
        port_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "payments.sandbox", "--port-file", str(port_file), *self._options]
        self._process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        until(port_file.exists, "the port file", within_s=_START_WITHIN_S)
        self.url = f"http://127.0.0.1:{port_file.read_text().strip()}"

    def client(self, *, timeout_s: float = 20.0) -> stripe.StripeClient:
        client = Client(self.url, timeout_s=timeout_s)
        self._clients.append(client)
        return client.stripe

    def stop(self, *, by: signal.Signals = signal.SIGTERM) -> int:
        """The exit code."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        assert self._process is not None
        self._process.send_signal(by)
        return self._process.wait(timeout=10)

    def kill(self) -> None:
        self.stop(by=signal.SIGKILL)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """An admin call below /_sandbox/."""
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def effects(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "effects")["effects"]
        return found

    def moved(self) -> list[tuple[str, int]]:
        return [(row["kind"], row["amount"]) for row in self.effects()]


class Receiver:
    """A webhook endpoint: keeps what arrives, answers ``status`` with ``headers`` and ``body``."""

    def __init__(self) -> None:
        self.status = 200
        self.headers = {"Content-Length": "0"}
        self.body = b""
        self.calls: list[tuple[bytes, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append((body, self.headers["Stripe-Signature"]))
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(receiver.body)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?a=1"

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _ in list(self.calls)]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def until(condition: Callable[[], object], what: str, *, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come within {within_s} s"
        time.sleep(0.01)
