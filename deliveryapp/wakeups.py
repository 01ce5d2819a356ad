"""Commits wake the relay over the broker's publish/subscribe. A wake-up may be lost: the relay looks each
second by itself."""

import threading
import time
from types import TracebackType
from typing import Self

import redis
import structlog

from deliveryapp.redis import client, hasty_client, key

log = structlog.get_logger(__name__)
CHANNEL = "relay.wake"


def wake_relay() -> None:
    try:
        hasty_client().publish(key(CHANNEL), b"")
    except redis.RedisError as error:
        log.warning("wake_up_lost", error=str(error))


class Wakeups:
    """Listens as long as it is open; without the broker it only keeps the time."""

    def __init__(self) -> None:
        self._listening: redis.client.PubSub | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._forget()

    def wait(self, timeout_s: float, stop: threading.Event) -> None:
        """Until somebody woke us since we last waited, at most so long; many wake-ups count as one."""
        deadline_s = time.monotonic() + timeout_s
        try:
            listening = self._listen()
            while not stop.is_set() and (left_s := deadline_s - time.monotonic()) > 0:
                if _is_wake_up(listening.get_message(timeout=left_s)):
                    while listening.get_message(timeout=0) is not None:
                        continue
                    return
        except redis.RedisError as error:
            log.warning("wake_ups_unheard", error=str(error))
            self._forget()
            stop.wait(max(0.0, deadline_s - time.monotonic()))

    def _listen(self) -> redis.client.PubSub:
        if self._listening is None:
            self._listening = client().pubsub()  # type: ignore[no-untyped-call]
            self._listening.subscribe(key(CHANNEL))
        return self._listening

    def _forget(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.close()


def _is_wake_up(message: dict[str, object] | None) -> bool:
    """The confirmation of our subscribing counts: what was committed before it we may have missed."""
    return message is not None and message["type"] in ("message", "subscribe")
