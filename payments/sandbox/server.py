"""uvicorn around the application: signals, the port file, and a protocol that lends out its connection."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .app import Sandbox

_STOP_WITHIN_S = 2


class _LendingProtocol(HttpToolsProtocol):
    """Puts the transport into the request's state, so that a fault can cut the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["transport"] = self.transport


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT end the process with exit code 0."""
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((host, port))
    found.listen(1024)
    found.setblocking(False)
    return found


def write_port_file(path: Path, port: int) -> None:
    """Complete or absent: a reader never sees half a number."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(f"{port}\n")
    draft.replace(path)


def run(sandbox: Sandbox, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        sandbox,
        http=_LendingProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_STOP_WITHIN_S,
        timeout_keep_alive=60,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sandbox, _Server(config), listener))


async def _serve(sandbox: Sandbox, server: uvicorn.Server, listener: socket.socket) -> None:
    sandbox.webhooks.start()
    clock = asyncio.create_task(sandbox.keep_time())
    try:
        await server.serve(sockets=[listener])
    finally:
        clock.cancel()
        await sandbox.webhooks.stop()
