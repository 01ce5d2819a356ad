"""Do by hand, in this process, what the worker and the beat do: for tests that need to see each effect in
turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deliveryapp import inbox, relay, saga


class DirectTransport:
    """Calls the handlers at once; remembers what it delivered."""

    def __init__(self) -> None:
        self.delivered: list[tuple[str, str]] = []

    def send(self, deliveries: Mapping[str, Sequence[dict[str, Any]]]) -> None:
        for handler, envelopes in deliveries.items():
            self.delivered += [(handler, wire["type"]) for wire in envelopes]
            inbox.handle(handler=handler, envelopes=envelopes)

    def nudge(self, task: str, **ids: str | int) -> None:
        """The next round of `drain` finds it."""


def drain(rounds: int = 20) -> list[tuple[str, str]]:
    """Publish, handle and advance until nothing is due any more; what was delivered to whom."""
    carrier = DirectTransport()
    for _ in range(rounds):
        published = sum(relay.publish_shard(shard, carrier=carrier) for shard in relay.waiting_shards())
        advanced = saga.sweep()
        if not published and not advanced:
            return carrier.delivered
    raise AssertionError("the system does not come to rest")
