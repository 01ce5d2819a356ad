"""Free TCP ports on the loopback interface."""

from __future__ import annotations

import socket


def free_port(*, preferred: int = 0, taken: frozenset[int] = frozenset()) -> int:
    """``preferred`` if nobody listens there, else one that the kernel picks; never one of ``taken``."""
    for candidate in (preferred, *[0] * (len(taken) + 1)):
        port = _try_bind(candidate)
        if port is not None and port not in taken:
            return port
    raise OSError("no free port on the loopback interface")


def _try_bind(port: int) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            # Listening is what finds a server that shares its port (SO_REUSEPORT) or binds every interface.
            probe.listen(1)
        except OSError:
            return None
        bound: int = probe.getsockname()[1]
        return bound
