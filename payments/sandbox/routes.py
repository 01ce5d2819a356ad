"""Method and path -> operation."""

from __future__ import annotations

from dataclasses import dataclass

from . import captures, customers, intents, methods, refunds, setups
from .params import Spec
from .reading import Handler, listing, retrieve
from .schemas import REQUIRED, SPECS


@dataclass(frozen=True, slots=True)
class Operation:
    """``name`` is Stripe's resource and verb, as faults name it: ``payment_intents.capture``."""

    name: str
    handler: Handler
    spec: Spec
    required: tuple[str, ...]


def _operation(name: str, handler: Handler) -> Operation:
    return Operation(name, handler, SPECS[name], REQUIRED.get(name, ()))


#: (method, resource, has an id, action) -> operation
ROUTES: dict[tuple[str, str, bool, str], Operation] = {}


def _route(method: str, path: str, name: str, handler: Handler) -> None:
    resource, _, rest = path.partition("/")
    ident, _, action = rest.partition("/")
    ROUTES[method, resource, bool(ident), action] = _operation(name, handler)


def _resource(path: str, table: str, *, param: str = "id") -> None:
    """The two reads that every resource has."""
    _route("GET", f"{path}/ID", f"{path}.retrieve", retrieve(table, param=param))
    _route("GET", path, f"{path}.list", listing(table, f"/v1/{path}"))


_resource("payment_intents", "payment_intent", param="intent")
_route("POST", "payment_intents", "payment_intents.create", intents.create)
_route("POST", "payment_intents/ID", "payment_intents.update", intents.update)
_route("POST", "payment_intents/ID/confirm", "payment_intents.confirm", intents.confirm)
_route("POST", "payment_intents/ID/capture", "payment_intents.capture", captures.capture)
_route("POST", "payment_intents/ID/cancel", "payment_intents.cancel", intents.cancel)
_route(
    "POST",
    "payment_intents/ID/increment_authorization",
    "payment_intents.increment_authorization",
    captures.increment,
)
_resource("charges", "charge")
_resource("refunds", "refund")
_route("POST", "refunds", "refunds.create", refunds.create)
_route("POST", "refunds/ID", "refunds.update", refunds.update)
_resource("setup_intents", "setup_intent", param="intent")
_route("POST", "setup_intents", "setup_intents.create", setups.create)
_route("POST", "setup_intents/ID/confirm", "setup_intents.confirm", setups.confirm)
_route("POST", "setup_intents/ID/cancel", "setup_intents.cancel", setups.cancel)
_resource("customers", "customer")
_route("POST", "customers", "customers.create", customers.create)
_route("POST", "customers/ID", "customers.update", customers.update)
_route("DELETE", "customers/ID", "customers.delete", customers.delete)
_route("GET", "customers/ID/payment_methods", "customers.payment_methods", methods.of_customer)
_route("GET", "payment_methods/ID", "payment_methods.retrieve", methods.retrieve)
_route("GET", "payment_methods", "payment_methods.list", methods.listing)
_route("POST", "payment_methods", "payment_methods.create", methods.create)
_route("POST", "payment_methods/ID/attach", "payment_methods.attach", methods.attach)
_route("POST", "payment_methods/ID/detach", "payment_methods.detach", methods.detach)
_resource("events", "event")
_resource("balance_transactions", "balance_transaction")


def find(method: str, path: str) -> tuple[Operation | None, str]:
    """The operation of a path below ``/v1/`` and the id in it; None for an unknown one."""
    resource, _, rest = path.removeprefix("/v1/").partition("/")
    ident, _, action = rest.partition("/")
    return ROUTES.get((method, resource, bool(ident), action)), ident
