"""Do by hand, in this process, what the worker and the beat do: for tests that need to see each effect in
turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deliveryapp import inbox, relay, saga
from deliveryapp.subscriptions import per_handler
from deliveryapp.transport import Lags, Wire


class DirectTransport:
    """Calls the handlers at once; remembers what it delivered."""

    def __init__(self) -> None:
        self.delivered: list[tuple[str, str]] = []

    def send(self, envelopes: Sequence[Wire]) -> Mapping[str, str]:
        for handler, batch in per_handler(envelopes).items():
            self.delivered += [(handler, wire["type"]) for wire in batch]
            inbox.handle(handler=handler, envelopes=batch)
        return {}

    def identity(self) -> str:
        return "direct"

    def lags(self) -> Lags:
        return {}


def drain(rounds: int = 20) -> list[tuple[str, str]]:
    """Publish, handle and advance until nothing is due any more; what was delivered to whom."""
    carrier = DirectTransport()
    for _ in range(rounds):
        published = relay.publish_waiting(carrier=carrier)
        advanced = saga.sweep()
        if not published and not advanced:
            return carrier.delivered
    raise AssertionError("the system does not come to rest")
