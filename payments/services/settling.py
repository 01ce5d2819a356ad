"""What the order's saga asks of the money: settle the hold, capture it, or let it go."""

from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now

from payments.errors import IllegalPaymentMove
from payments.models import Payment, PaymentOperation
from payments.services.following import follow
from payments.services.operations import run_operation

Kind, State = PaymentOperation.Kind, Payment.State


def settle_authorization(*, order_id: UUID) -> str:
    """Find out what became of the hold; the payment's state afterwards."""
    payment = _payment(order_id)
    if payment.state == State.PENDING:
        payment = _run(payment, Kind.AUTHORIZE, payment.amount_minor)
    elif payment.state == State.REQUIRES_ACTION and payment.provider_ref:
        follow(intent_ref=payment.provider_ref)
        payment = _payment(order_id)
    return str(payment.state)


def capture(*, order_id: UUID) -> bool:
    """True once the total is captured. Raises IllegalPaymentMove when there is no hold to capture."""
    payment = _payment(order_id)
    if payment.state == State.AUTHORIZED:
        payment = _run(payment, Kind.CAPTURE, payment.amount_minor)
    if payment.state not in (State.AUTHORIZED, State.CAPTURED, State.REFUNDED):
        raise IllegalPaymentMove(f"cannot capture a payment that is {payment.state}")
    return payment.state in (State.CAPTURED, State.REFUNDED)


def release(*, order_id: UUID) -> bool:
    """True once nothing is held or kept: an open hold is voided, a capture refunded in full."""
    payment = Payment.objects.filter(order_id=order_id).first()
    if payment is None:
        return True
    if payment.state == State.PENDING:
        payment = _run(payment, Kind.AUTHORIZE, payment.amount_minor)
    if payment.state in (State.REQUIRES_ACTION, State.AUTHORIZED):
        payment = _run(payment, Kind.VOID, payment.amount_minor)
    if payment.kept_minor:
        payment = _run(payment, Kind.REFUND, payment.kept_minor)
    return payment.state in Payment.ENDED and not payment.kept_minor


def _payment(order_id: UUID) -> Payment:
    return Payment.objects.get(order_id=order_id)


def _run(payment: Payment, kind: str, amount_minor: int) -> Payment:
    """Write the operation if this is the first time it is wanted, then run it; the payment as it is then.
    Whether it worked is for the payment's state to say: an operation may also end in failure.
    """
    operation, _ = PaymentOperation.objects.get_or_create(
        key=_key(kind, payment),
        defaults={
            "payment": payment,
            "kind": kind,
            "amount_minor": amount_minor,
            "next_try_at": Now() + timedelta(seconds=5),
        },
    )
    run_operation(operation_id=operation.pk)
    return _payment(payment.order_id)


def _key(kind: str, payment: Payment) -> str:
    """`auth:{order}:1` as placing wrote it; a refund's key also names how much was refunded before."""
    prefix = {Kind.AUTHORIZE: "auth", Kind.CAPTURE: "capture", Kind.VOID: "void", Kind.REFUND: "refund"}[
        Kind(kind)
    ]
    return f"{prefix}:{payment.order_id}:{payment.refunded_minor if kind == Kind.REFUND else 1}"
