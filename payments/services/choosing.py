"""Which gateway takes the next order's money, and finding out whether a silent one is back."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from deliveryapp.circuit import Permit, Refusal, State
from payments.errors import PaymentUnavailable
from payments.gateways import CREDIT_ONLY, gateway
from payments.gateways.breaker import circuit_of
from payments.gateways.configured import config_of, configured

NOBODYS_INTENT = "pi_circuit_probe"


@dataclass(frozen=True, slots=True)
class ChosenGateway:
    """Where to ask for a hold, and the right to ask there once; none is needed where nobody is asked."""

    name: str
    permit: Permit | None = None


def choose_gateway(*, amount_minor: int, bound_to: str = "") -> ChosenGateway:
    """For a charge of this amount: the first gateway of the settings whose circuit is closed; when none is,
    the first that wants to be tried. `bound_to`: the payment method exists at this one only.

    Writes nothing; ask soon, or a trial goes to waste. Raises PaymentUnavailable with `retry_after_s`,
    UnknownGateway.
    """
    if not amount_minor:
        return ChosenGateway(CREDIT_ONLY)
    names = [config_of(bound_to).name] if bound_to else list(configured())
    found = _first(names, trial=False)
    if isinstance(found, Refusal):
        found = _first(names, trial=True)
    if isinstance(found, Refusal):
        wait_s = max(1, ceil(found.retry_after_s))
        raise PaymentUnavailable("Nothing was ordered and nothing was charged.", retry_after_s=wait_s)
    return found


def _first(names: Sequence[str], *, trial: bool) -> ChosenGateway | Refusal:
    """The first that lets us in; when none does, the refusal that ends soonest."""
    refusals = []
    for name in names:
        admitted = circuit_of(name).admit(trial=trial)
        if isinstance(admitted, Permit):
            return ChosenGateway(name, admitted)
        refusals.append(admitted)
    return min(refusals, key=lambda refusal: refusal.retry_after_s)


def probe_circuits() -> None:
    """Try those whose rest is over with a question that changes nothing, so that no customer has to be the
    one who finds out.
    """
    for name in configured():
        status = circuit_of(name).status()
        if status.state is not State.CLOSED and not status.retry_after_s:
            gateway(name).retrieve(NOBODYS_INTENT)
