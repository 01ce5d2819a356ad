"""The operations of a payment, one order each: how to ask for them, and what brings them to a rest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
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
from deliveryapp.transactions import durable
from payments import services
from payments.gateways import Refused
from payments.gateways.stripe_gateway import StripeGateway
from payments.models import Payment, PaymentOperation, Refund
from payments.services import Part, RefundRequest
from tests.cast import Sandbox
from tests.orders.stage import TOTAL_MINOR, hurry, place
from tests.payments.deaths import Route

RAISED_MINOR = TOTAL_MINOR + 500
PART_MINOR, TIP_MINOR = 700, 300
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
    def has_order(self) -> bool:
        return IdempotencyRecord.objects.filter(key=self.key).exists()

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

    def capture(self) -> bool:
        return services.capture(order_id=self.order_id)

    def release(self) -> bool:
        return services.release(order_id=self.order_id)

    def refund(self, *names: str) -> bool:
        """So many refunds of the same amount, one after the other."""
        refunded = [self._refund(name) for name in names]
        return all(refunded)

    def tip(self) -> bool:
        """Given after the capture, so a charge of its own."""
        tip = Payment.objects.filter(order_id=self.order_id, purpose=Payment.Purpose.TIP).first()
        if tip is None:
            with durable():
                operation_id = services.open_tip(
                    order_id=self.order_id, amount_minor=TIP_MINOR, now=utc_now()
                )
        else:
            operation_id = tip.operations.get().pk
        return services.charge_tip(operation_id=operation_id) not in Payment.UNSETTLED

    def _refund(self, name: str) -> bool:
        part = Part(kind="goodwill", ref=name, amount_minor=PART_MINOR, limit_minor=PART_MINOR)
        key = f"{self.order_id}:{name}"
        request = RefundRequest(order_id=self.order_id, parts=[part], reason="cold", key=key)
        refund = services.open_refund(request, now=utc_now())
        assert refund.operation_id is not None
        services.run_operation(operation_id=refund.operation_id)
        return Refund.objects.filter(pk=refund.pk, state=Refund.State.SUCCEEDED).exists()


def no_raises() -> AbstractContextManager[Any]:
    """The card is one whose holds cannot be raised."""
    no = Refused(code="not_eligible", detail="this card does not do that")
    return patch.object(StripeGateway, "increment", lambda *_, **__: no)


@dataclass(frozen=True)
class Kind:
    """`call` is its name at the provider. `wish` may be repeated; True when there is nothing left to wish.
    `before` and `after` are the effects at the provider, in a `world` that is kind or not.
    """

    call: str
    route: Route
    wish: Callable[[Case], bool]
    before: Effects
    after: Effects
    world: Callable[[], AbstractContextManager[Any]] = nullcontext

    def ask(self, case: Case) -> bool:
        with self.world():
            return self.wish(case)

    def begin(self, body: dict[str, Any]) -> Case:
        """An order at the moment when this is what comes next."""
        case = Case(body=body, key=str(uuid4()))
        if self.before:
            assert case.place()
        if self.before == TAKEN:
            assert case.capture()
        return case


CREATE, REFUND = "payment_intents.create", "refunds.create"
KINDS = {
    "authorize": Kind(CREATE, Route("authorize", batched=True, placing=True), Case.place, [], HELD),
    "increment": Kind(
        "payment_intents.increment_authorization",
        Route("increment"),
        Case.raise_hold,
        HELD,
        [*HELD, ("hold", RAISED_MINOR - TOTAL_MINOR)],
    ),
    "reauthorize": Kind(
        CREATE,
        Route("authorize", nth=2),  # after the raise, which the card refuses
        Case.raise_hold,
        HELD,
        [*HELD, ("hold", RAISED_MINOR), ("release", TOTAL_MINOR)],
        world=no_raises,
    ),
    "capture": Kind("payment_intents.capture", Route("capture"), Case.capture, HELD, TAKEN),
    "void": Kind(
        "payment_intents.cancel", Route("void"), Case.release, HELD, [*HELD, ("release", TOTAL_MINOR)]
    ),
    "refund": Kind(
        REFUND, Route("refund"), lambda case: case.refund("first"), TAKEN, [*TAKEN, ("refund", PART_MINOR)]
    ),
    "two refunds": Kind(
        REFUND,
        Route("refund"),
        lambda case: case.refund("first", "second"),
        TAKEN,
        [*TAKEN, *[("refund", PART_MINOR)] * 2],
    ),
    "tip": Kind(
        CREATE,
        Route("authorize", batched=True),
        Case.tip,
        TAKEN,
        [*TAKEN, ("hold", TIP_MINOR), ("capture", TIP_MINOR)],
    ),
}


def is_at_rest(case: Case) -> bool:
    open_ones = PaymentOperation.objects.filter(state__in=PaymentOperation.OPEN)
    return not open_ones.filter(payment__order_id=case.order_id).exists()


def bring_to_rest(kind: Kind, case: Case, *, rounds: int) -> bool:
    """Leases end, the sweep comes round, and whoever wanted it asks again; whether that was enough."""
    for _ in range(rounds):
        hurry()
        with kind.world():
            services.sweep()
        if kind.ask(case) and is_at_rest(case):
            return True
    return False


def pass_time(sandbox: Sandbox, time: timedelta) -> None:
    """For the provider and for us."""
    sandbox.call("POST", "clock", json={"advance_s": int(time.total_seconds())})
    PaymentOperation.objects.update(created_at=F("created_at") - time)
