"""A gateway behind its circuit breaker: who asks while the provider is down gets NoAnswer at once.

What has no answer counts as a failure, unless only that one request goes unanswered (`NoAnswer.outage`); a
declined card is a working provider. While the circuit is open nothing is sent.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from deliveryapp.circuit import Circuit, Permit, Refusal
from payments.gateways import Gateway, NoAnswer, gateway
from payments.gateways.configured import circuit_rules, config_of
from payments.gateways.stripe_gateway import StripeGateway

ADAPTERS = {"stripe": StripeGateway}


class GuardedGateway:
    """Has every method of the gateway within, whichever those are: all they have in common is that they may
    answer NoAnswer.
    """

    def __init__(self, inner: Gateway, circuit: Circuit, permit: Permit | None = None) -> None:
        self._inner = inner
        self._permit = permit
        self.circuit = circuit

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._inner, name)
        return partial(self._call, attribute) if callable(attribute) else attribute

    def with_permit(self, permit: Permit) -> "GuardedGateway":
        """For one call that has been admitted already."""
        return GuardedGateway(self._inner, self.circuit, permit)

    def _call(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        admitted = self._permit or self.circuit.admit()
        if isinstance(admitted, Refusal):
            return NoAnswer("circuit open", sent=False, retry_after_s=admitted.retry_after_s)
        answer = method(*args, **kwargs)
        self.circuit.record(admitted, ok=not (isinstance(answer, NoAnswer) and answer.outage))
        return answer


def guarded(name: str) -> Gateway:
    """A new one; `payments.gateways.gateway` keeps one per name. Raises UnknownGateway."""
    config = config_of(name)
    circuit = Circuit(f"payments:{name}", circuit_rules())
    return cast(Gateway, GuardedGateway(ADAPTERS[config.kind](config), circuit))


def circuit_of(name: str) -> Circuit:
    return _kept(name).circuit


def admitted_gateway(name: str, permit: Permit) -> Gateway:
    """To make the one call that the permit was given for."""
    return cast(Gateway, _kept(name).with_permit(permit))


def _kept(name: str) -> GuardedGateway:
    return cast(GuardedGateway, gateway(name))
