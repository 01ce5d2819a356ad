"""Authorization on the placing path: rows and key first, the call between two commits, the record after."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from deliveryapp.batch import Batch
from deliveryapp.circuit import Permit
from deliveryapp.clock import utc_now
from deliveryapp.transactions import require_no_transaction
from payments.gateways import Answer, Answered, Declined, Hold, NoAnswer, Refused, gateway
from payments.gateways.breaker import admitted_gateway
from payments.models import Payment, PaymentOperation
from payments.services import credit, ledger
from payments.services.applying import Before, apply, save, state_of_authorization
from payments.services.choosing import ChosenGateway
from payments.services.sources import PaymentSource

HELD_FOR = timedelta(seconds=30)  # longer than a call takes, and not long to wait for the sweeper
Kind, State = PaymentOperation.Kind, PaymentOperation.State


@dataclass(frozen=True, slots=True)
class PendingAuthorization:
    """A hold that has been written down and not yet asked for; `permit` is the right to ask once."""

    payment: Payment
    operation: PaymentOperation
    permit: Permit | None = None


@dataclass(frozen=True, slots=True)
class Shares:
    """Whose the captured money is, in minor units; what is left is the platform's."""

    restaurant_id: UUID
    restaurant_minor: int
    driver_minor: int
    tax_minor: int = 0


def open_authorization(
    batch: Batch,
    *,
    chosen: ChosenGateway,
    order_id: UUID,
    customer_id: UUID,
    amount_minor: int,
    currency: str,
    source: PaymentSource,
    shares: Shares,
    now: datetime,
    credit_minor: int = 0,
) -> PendingAuthorization:
    """Add the payment and its operation to the caller's batch; the caller calls `ask` after the commit.

    `amount_minor` is the card's part of the price, `credit_minor` the part that the customer's credit pays:
    the batch raises StaleWrite when that is not there.
    """
    payment = Payment(
        order_id=order_id,
        customer_id=customer_id,
        amount_minor=amount_minor,
        credit_minor=credit_minor,
        currency=currency,
        gateway=chosen.name,
        payment_method=source.payment_method,
        provider_customer=source.provider_customer,
        restaurant_id=shares.restaurant_id,
        restaurant_minor=shares.restaurant_minor,
        driver_minor=shares.driver_minor,
        tax_minor=shares.tax_minor,
        created_at=now,
        updated_at=now,
    )
    credit.set_aside(batch, payment)
    return replace(add_authorization(batch, payment, now=now), permit=chosen.permit)


def add_authorization(batch: Batch, payment: Payment, *, now: datetime) -> PendingAuthorization:
    """The payment and the operation that will ask for its hold."""
    operation = PaymentOperation(
        payment=payment,
        kind=Kind.AUTHORIZE,
        key=f"authorize:{payment.pk}",
        amount_minor=payment.amount_minor,
        attempts=1,
        next_try_at=now + HELD_FOR,
        leased_until=now + HELD_FOR,
    )
    batch.insert(payment, operation)
    batch.insert(*ledger.postings(payment, ledger.NOTHING, now=now))
    return PendingAuthorization(payment, operation)


def hold_for(payment: Payment) -> Hold:
    """Must be the same for every try of one key: the provider compares parameters."""
    return Hold(
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        payment_method=payment.payment_method,
        order_id=str(payment.order_id),
        payment_id=str(payment.pk),
        return_url=f"{settings.PUBLIC_URL}/orders/{payment.order_id}/",
        takes_at_once=payment.purpose == Payment.Purpose.TIP,
        customer=payment.provider_customer,
    )


def replacement_for(operation: PaymentOperation) -> Hold:
    """The hold that takes the present one's place; the customer is not there to be asked by the bank."""
    hold = hold_for(operation.payment)
    return replace(hold, amount_minor=operation.amount_minor, off_session=True)


def ask(pending: PendingAuthorization) -> Answer:
    """Ask the provider for the hold; up to 10 s. Whoever slept through his lease asks nothing: others have
    looked for the hold since, and may have given it up.
    """
    require_no_transaction()
    until = pending.operation.leased_until
    if until is not None and utc_now() > until:
        return NoAnswer("overslept", sent=False)
    name, permit = pending.payment.gateway, pending.permit
    provider = gateway(name) if permit is None else admitted_gateway(name, permit)
    return provider.authorize(hold_for(pending.payment), key=pending.operation.key)


def record_authorization(
    batch: Batch, pending: PendingAuthorization, answer: Answer, *, now: datetime
) -> Payment:
    """Add what came of the first ask to the batch; StaleWrite there means a webhook was quicker."""
    payment = pending.payment
    before = Before.of(payment)
    match answer:
        case NoAnswer(detail):
            _leave_open(batch, pending, detail, now)
        case Refused(code, _):
            save(batch, payment, apply(payment, Declined(code=code)), before=before, now=now)
            _close(batch, pending, State.DECLINED, now)
        case Answered() | Declined():
            save(batch, payment, apply(payment, answer), before=before, now=now)
            _close(batch, pending, state_of_authorization(payment), now)
    return payment


def _leave_open(batch: Batch, pending: PendingAuthorization, detail: str, now: datetime) -> None:
    batch.update(
        PaymentOperation.objects.filter(pk=pending.operation.pk, state__in=PaymentOperation.OPEN),
        state=State.UNKNOWN,
        was_unknown=True,
        error=detail[:300],
        leased_until=None,
        next_try_at=now + timedelta(seconds=1),
    )


def _close(batch: Batch, pending: PendingAuthorization, state: str, now: datetime) -> None:
    open_still = state in PaymentOperation.OPEN
    batch.update(
        PaymentOperation.objects.filter(pk=pending.operation.pk),
        state=state,
        leased_until=None,
        settled_at=None if open_still else Now(),
        next_try_at=now + timedelta(seconds=5),
    )
