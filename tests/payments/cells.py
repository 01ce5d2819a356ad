"""The operations of a payment as cells of a matrix: one order each, asked, disturbed, and brought to a rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

from django.db.models import F
from rest_framework.test import APIClient

from deliveryapp.clock import utc_now
from deliveryapp.models import IdempotencyRecord, User
from payments import services
from payments.gateways import Refused
from payments.gateways.stripe_gateway import StripeGateway
from payments.models import Payment, PaymentOperation, Refund
from payments.services import Part, RefundRequest
from tests.cast import Sandbox
from tests.orders.stage import TOTAL_MINOR, hurry, place

RAISED_MINOR = TOTAL_MINOR + 500
PART_MINOR = 700
Effects = list[tuple[str, int]]
HELD: Effects = [("hold", TOTAL_MINOR)]
TAKEN: Effects = [*HELD, ("capture", TOTAL_MINOR)]


@dataclass(frozen=True)
class Case:
    """An order of Ada's: all that a process needs to know to go on with it."""

    body: dict[str, Any]
    key: str

    @cached_property
    def order_id(self) -> UUID:
        """Raises IdempotencyRecord.DoesNotExist while there is no order."""
        found = IdempotencyRecord.objects.get(key=self.key).resource_id
        assert found is not None
        return found

    @property
    def payment(self) -> Payment:
        return Payment.objects.get(order_id=self.order_id)

    def place(self) -> bool:
        """Ada's app sends the request, or sends it again."""
        app = APIClient()
        app.force_authenticate(User.objects.get(email="ada@demo.example"))
        status = place(app, self.body, self.key).status_code
        assert status in (201, 202, 402), status
        return self.payment.state not in Payment.UNSETTLED

    def raise_hold(self) -> bool:
        return services.raise_hold(order_id=self.order_id, amount_minor=RAISED_MINOR)

    def replace_hold(self) -> bool:
        """The same for a card whose holds cannot be raised."""
        no = Refused(code="not_eligible", detail="this card does not do that")
        with patch.object(StripeGateway, "increment", lambda *_, **__: no):
            return self.raise_hold()

    def capture(self) -> bool:
        return services.capture(order_id=self.order_id)

    def release(self) -> bool:
        return services.release(order_id=self.order_id)

    def refund(self, *names: str) -> bool:
        """So many refunds of the same amount, one after the other."""
        return all([self._refund(name) for name in names])

    def _refund(self, name: str) -> bool:
        part = Part(kind="goodwill", ref=name, amount_minor=PART_MINOR, limit_minor=PART_MINOR)
        key = f"{self.order_id}:{name}"
        request = RefundRequest(order_id=self.order_id, parts=[part], reason="cold", key=key)
        refund = services.open_refund(request, now=utc_now())
        assert refund.operation_id is not None
        services.run_operation(operation_id=refund.operation_id)
        return Refund.objects.filter(pk=refund.pk, state=Refund.State.SUCCEEDED).exists()


@dataclass(frozen=True)
class Kind:
    """`call` is the provider's name of it, `method` the gateway's. `ask` may be repeated; True when there is
    nothing left to ask for. `before` and `after` are the effects at the provider. `nth`: which of the
    operations that `ask` runs it is; 0 for the hold that an order is placed with.
    """

    call: str
    method: str
    ask: Callable[[Case], bool]
    before: Effects
    after: Effects
    nth: int = 1

    def begin(self, body: dict[str, Any]) -> Case:
        """An order at the moment when this is what comes next."""
        case = Case(body=body, key=str(uuid4()))
        if self.before:
            assert case.place()
        if self.before == TAKEN:
            assert case.capture()
        return case


KINDS = {
    "authorize": Kind("payment_intents.create", "authorize", Case.place, [], HELD, nth=0),
    "increment": Kind(
        "payment_intents.increment_authorization",
        "increment",
        Case.raise_hold,
        HELD,
        [*HELD, ("hold", RAISED_MINOR - TOTAL_MINOR)],
    ),
    "reauthorize": Kind(
        "payment_intents.create",
        "authorize",
        Case.replace_hold,
        HELD,
        [*HELD, ("hold", RAISED_MINOR), ("release", TOTAL_MINOR)],
        nth=2,  # the raise that the card refuses comes first
    ),
    "capture": Kind("payment_intents.capture", "capture", Case.capture, HELD, TAKEN),
    "void": Kind("payment_intents.cancel", "void", Case.release, HELD, [*HELD, ("release", TOTAL_MINOR)]),
    "refund": Kind(
        "refunds.create",
        "refund",
        lambda case: case.refund("first"),
        TAKEN,
        [*TAKEN, ("refund", PART_MINOR)],
    ),
    "two refunds": Kind(
        "refunds.create",
        "refund",
        lambda case: case.refund("first", "second"),
        TAKEN,
        [*TAKEN, ("refund", PART_MINOR), ("refund", PART_MINOR)],
    ),
}


def is_at_rest(case: Case) -> bool:
    open_ones = PaymentOperation.objects.filter(state__in=PaymentOperation.OPEN)
    return not open_ones.filter(payment__order_id=case.order_id).exists()


def bring_to_rest(kind: Kind, case: Case, *, rounds: int) -> bool:
    """Leases end, the sweep comes round, and whoever wanted it asks again; whether that was enough."""
    for _ in range(rounds):
        hurry()
        services.sweep()
        if kind.ask(case) and is_at_rest(case):
            return True
    return False


def pass_time(sandbox: Sandbox, time: timedelta) -> None:
    """For the provider and for us."""
    sandbox.call("POST", "clock", json={"advance_s": int(time.total_seconds())})
    PaymentOperation.objects.update(created_at=F("created_at") - time)
