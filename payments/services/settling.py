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
    payment = Payment.objects.get(order_id=order_id)
    if payment.state == State.PENDING:
        _run(payment, Kind.AUTHORIZE, payment.amount_minor)
    elif payment.state == State.REQUIRES_ACTION and payment.provider_ref:
        follow(intent_ref=payment.provider_ref)
    return str(Payment.objects.values_list("state", flat=True).get(order_id=order_id))


def capture(*, order_id: UUID) -> bool:
    """True once the total is captured. Raises IllegalPaymentMove when there is no hold to capture."""
    payment = Payment.objects.get(order_id=order_id)
    if payment.state in (State.CAPTURED, State.REFUNDED):
        return True
    if payment.state != State.AUTHORIZED:
        raise IllegalPaymentMove(f"cannot capture a payment that is {payment.state}")
    return _run(payment, Kind.CAPTURE, payment.amount_minor)


def release(*, order_id: UUID) -> bool:
    """True once nothing is held or kept: an open hold is voided, a capture refunded in full."""
    payment = Payment.objects.filter(order_id=order_id).first()
    if payment is None or payment.state in (State.DECLINED, State.VOIDED):
        return True
    if payment.state == State.PENDING:
        settled = settle_authorization(order_id=order_id)
        return settled in (State.DECLINED, State.VOIDED)
    if payment.state in (State.REQUIRES_ACTION, State.AUTHORIZED):
        return _run(payment, Kind.VOID, payment.amount_minor)
    left_minor = payment.captured_minor - payment.refunded_minor
    return left_minor == 0 or _run(payment, Kind.REFUND, left_minor)


def _run(payment: Payment, kind: str, amount_minor: int) -> bool:
    """Write the operation if this is the first time it is wanted, then run it."""
    operation, _ = PaymentOperation.objects.get_or_create(
        key=_key(kind, payment),
        defaults={
            "payment": payment,
            "kind": kind,
            "amount_minor": amount_minor,
            "next_try_at": Now() + timedelta(seconds=5),
        },
    )
    return run_operation(operation_id=operation.pk)


def _key(kind: str, payment: Payment) -> str:
    """`auth:{order}:1` as placing wrote it; a refund's key also names how much was refunded before."""
    prefix = {Kind.AUTHORIZE: "auth", Kind.CAPTURE: "capture", Kind.VOID: "void", Kind.REFUND: "refund"}[
        Kind(kind)
    ]
    return f"{prefix}:{payment.order_id}:{payment.refunded_minor if kind == Kind.REFUND else 1}"
