"""What the order's saga asks of the money: settle the hold, capture it, or let it go."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import F

from deliveryapp.clock import utc_now
from deliveryapp.transactions import require_transaction
from payments.errors import IllegalPaymentMove
from payments.models import Payment, PaymentOperation
from payments.services.following import follow
from payments.services.operations import run_operation
from payments.services.refunding import Part
from payments.services.returning import give_back
from payments.services.writing import open_operation

Kind, State = PaymentOperation.Kind, Payment.State


def settle_authorization(*, order_id: UUID) -> str:
    """Find out what became of the hold; the payment's state afterwards."""
    payment = _payment(order_id)
    if payment.state == State.PENDING:
        payment = _run(payment, Kind.AUTHORIZE)
    elif payment.state == State.REQUIRES_ACTION and payment.provider_ref:
        follow(gateway_name=payment.gateway, intent_ref=payment.provider_ref)
        payment = _payment(order_id)
    return str(payment.state)


def capture(*, order_id: UUID, driver_id: UUID | None = None) -> bool:
    """True once the price is captured; `driver_id` is who earns the driver's share.

    Raises IllegalPaymentMove when there is no hold to capture.
    """
    payment = _payment(order_id)
    if payment.state == State.AUTHORIZED:
        payment = _run(payment, Kind.CAPTURE, driver_id=driver_id)
    if payment.state not in (State.AUTHORIZED, *Payment.TAKEN):
        raise IllegalPaymentMove(f"cannot capture a payment that is {payment.state}")
    return payment.state in Payment.TAKEN


def raise_hold(*, order_id: UUID, amount_minor: int) -> bool:
    """True once at least this much is held: the hold is raised, or where the card does not allow that,
    replaced by another one. Capturing less than is held is always possible.
    """
    payment = _payment(order_id)
    for kind in (Kind.INCREMENT, Kind.REAUTHORIZE):
        if payment.state == State.AUTHORIZED and payment.authorized_minor < amount_minor:
            payment = _run(payment, kind, amount_minor=amount_minor)
    return payment.state == State.AUTHORIZED and payment.authorized_minor >= amount_minor


def change_amount(*, order_id: UUID, tip_change_minor: int) -> None:
    """Capture so much more or less, all of it the driver's; in the caller's transaction.

    Raises IllegalPaymentMove when more than is held would be captured, or when the capture has begun.
    """
    require_transaction()
    payment = Payment.objects.select_for_update(no_key=True).get(
        order_id=order_id, purpose=Payment.Purpose.ORDER
    )
    fits = 0 < payment.amount_minor + tip_change_minor <= payment.authorized_minor
    begun = payment.operations.filter(kind=Kind.CAPTURE, state__in=PaymentOperation.OPEN).exists()
    if payment.state != State.AUTHORIZED or begun or not fits:
        raise IllegalPaymentMove("The amount cannot be changed any more.")
    Payment.objects.filter(pk=payment.pk).update(
        amount_minor=F("amount_minor") + tip_change_minor, driver_minor=F("driver_minor") + tip_change_minor
    )


def release(*, order_id: UUID, parts: Sequence[Part] | None = None, reason: str = "order_cancelled") -> bool:
    """True once nothing is held and what is owed is given back: an open hold is voided; of what was captured,
    `parts` are refunded, or all of it at the platform's expense.
    """
    payment = Payment.objects.filter(order_id=order_id, purpose=Payment.Purpose.ORDER).first()
    if payment is None:
        return True
    if payment.state == State.PENDING:
        payment = _run(payment, Kind.AUTHORIZE)
    if payment.state == State.AUTHORIZED and parts is not None:
        payment = _run(payment, Kind.CAPTURE)  # only these parts go back, so the rest is taken first
    elif payment.state in (State.REQUIRES_ACTION, State.AUTHORIZED):
        payment = _run(payment, Kind.VOID)
    if payment.state not in Payment.TAKEN:
        return payment.state in Payment.ENDED
    return give_back(payment, parts, reason=reason, now=utc_now())


def _payment(order_id: UUID) -> Payment:
    return Payment.objects.get(order_id=order_id, purpose=Payment.Purpose.ORDER)


def _run(
    payment: Payment, kind: str, *, amount_minor: int | None = None, driver_id: UUID | None = None
) -> Payment:
    """The payment as it is afterwards: whether it worked is for its state to say."""
    operation_id = open_operation(
        payment_id=payment.pk, kind=kind, amount_minor=amount_minor, driver_id=driver_id
    )
    if operation_id is not None:
        run_operation(operation_id=operation_id)
    return Payment.objects.get(pk=payment.pk)
