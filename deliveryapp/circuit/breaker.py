"""One circuit, as its users see it."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from redis.exceptions import RedisError

from deliveryapp.circuit.local import LocalMemory
from deliveryapp.circuit.shared import SharedMemory
from deliveryapp.circuit.terms import Decision, Memory, Permit, Refusal, Rules, State, Status
from deliveryapp.ids import new_id

log = structlog.get_logger(__name__)
ALONE_S = 2.0  # how long Redis is not asked again after it was silent
T = TypeVar("T")


class Circuit:
    """Thread-safe; never raises and never waits long, whatever Redis does.

    >>> permit = circuit.admit()
    >>> if isinstance(permit, Permit):
    ...     circuit.record(permit, ok=call())
    """

    def __init__(self, name: str, rules: Rules) -> None:
        self.name = name
        self._shared = SharedMemory(name, rules)
        self._local = LocalMemory(rules)
        self._alone_until_s = 0.0

    def admit(self, *, trial: bool = True) -> Permit | Refusal:
        """May a call be made now? With `trial=False` only by way of a closed circuit. One round trip.

        Every permit for a trial is to be answered with `record`; one that is lost blocks the circuit until
        the rules give the trial up.
        """
        token = new_id().hex if trial else ""
        decision = self._decide(lambda memory: memory.admit(token))
        self._tell(decision)
        if not decision.granted:
            return Refusal(decision.wait_s)
        return Permit() if decision.state is State.CLOSED else Permit(trial=token)

    def record(self, permit: Permit, *, ok: bool) -> None:
        """How the call went. One round trip."""
        self._tell(self._decide(lambda memory: memory.record(permit.trial, ok=ok)))

    def status(self) -> Status:
        return self._decide(lambda memory: memory.read(self.name))

    def _decide(self, ask: Callable[[Memory], T]) -> T:
        if time.monotonic() >= self._alone_until_s:
            try:
                return ask(self._shared)
            except RedisError as error:
                self._alone_until_s = time.monotonic() + ALONE_S
                log.warning("circuit_alone", circuit=self.name, error=str(error))
        return ask(self._local)

    def _tell(self, decision: Decision) -> None:
        """Each transition is told once, by the process whose call made it."""
        if decision.state is not decision.was:
            tell = log.warning if decision.state is State.OPEN else log.info
            tell(
                "circuit_changed",
                circuit=self.name,
                was=decision.was.value,
                state=decision.state.value,
                retry_after_s=round(decision.wait_s, 3),
            )
