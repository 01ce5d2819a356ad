"""Push frames from synchronous code without waiting for Redis.

One background thread per process owns an event loop and with it the channel layer's connections. Frames
leave in the order they came. A frame that cannot be sent is logged and forgotten: sockets are a courtesy,
the snapshot that a client takes on connect and on a gap is the truth.
"""

import asyncio
import atexit
import os
import threading
from typing import Any

import structlog
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from deliveryapp.realtime.frames import Frame, message_of
from deliveryapp.transactions import require_no_transaction

log = structlog.get_logger(__name__)

MAX_WAITING = 2_000
SEND_TIMEOUT_S = 5.0
DRAIN_TIMEOUT_S = 2.0


def push(*, group: str, frame: Frame, **about: str) -> None:
    """Send `frame` to every socket in `group`, soon. Never inside a transaction: nobody may see unborn
    state."""
    require_no_transaction()
    _pusher().put(group, message_of(frame, **about))


def close() -> None:
    """Send what waits, then end the thread; the next `push` starts another."""
    global _current
    with _lock:
        pusher, _current = _current, None
    if pusher is not None:
        pusher.close()


class _Pusher:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._queue: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue(MAX_WAITING)
        self._thread = threading.Thread(target=self._run, name="realtime-push", daemon=True)
        self._thread.start()

    def put(self, group: str, message: dict[str, Any]) -> None:
        self._loop.call_soon_threadsafe(self._enqueue, group, message)

    def close(self) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self._queue.join(), self._loop).result(DRAIN_TIMEOUT_S)
        except TimeoutError:
            log.warning("frames_dropped", reason="closing", count=self._queue.qsize())
        self._loop.call_soon_threadsafe(self._sender.cancel)
        self._thread.join(DRAIN_TIMEOUT_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._sender = self._loop.create_task(self._send_all())
        try:
            self._loop.run_until_complete(self._sender)
        except asyncio.CancelledError:
            self._loop.close()  # the channel layer hooks in here and closes its connections

    def _enqueue(self, group: str, message: dict[str, Any]) -> None:
        try:
            self._queue.put_nowait((group, message))
        except asyncio.QueueFull:
            log.warning("frames_dropped", reason="full", group=group)

    async def _send_all(self) -> None:
        layer = get_channel_layer()
        while True:
            group, message = await self._queue.get()
            try:
                await asyncio.wait_for(layer.group_send(group, message), SEND_TIMEOUT_S)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("push_failed", group=group, error=str(error))
            finally:
                self._queue.task_done()


_lock = threading.Lock()
_current: _Pusher | None = None


def _pusher() -> _Pusher:
    global _current
    with _lock:
        if _current is None:
            _current = _Pusher()
        return _current


def _start_afresh() -> None:
    """A forked child has the parent's object but not its thread."""
    global _current, _lock
    _lock, _current = threading.Lock(), None


os.register_at_fork(after_in_child=_start_afresh)
atexit.register(close)
