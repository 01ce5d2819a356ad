"""Circuit breakers: stop asking a remote service that does not answer, and notice when it does again.

closed -> open when too many recent calls failed; open -> half-open when the rest is over: then one call at a
time, over all processes, is let through as a trial; its success closes the circuit, its failure opens it for
longer. The memory is shared through Redis; while that is away each process goes by its own.
"""

from deliveryapp.circuit.breaker import Circuit
from deliveryapp.circuit.terms import Permit, Refusal, Rules, State, Status, Totals

__all__ = ["Circuit", "Permit", "Refusal", "Rules", "State", "Status", "Totals"]
