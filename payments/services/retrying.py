"""A person asks for an operation again, now."""

from uuid import UUID

from payments.errors import IllegalPaymentMove
from payments.models import PaymentOperation
from payments.services.operations import run_operation
from payments.services.writing import open_operation, open_void

Kind, State = PaymentOperation.Kind, PaymentOperation.State
OF_THEIR_AMOUNT = (Kind.INCREMENT, Kind.REAUTHORIZE)


def can_be_tried_again(operation: PaymentOperation) -> bool:
    """An open one with its own key, or a failed one as a new question. A declined card stays declined, and a
    failed refund is given anew from the order, where its limits are checked.
    """
    asked_anew = (Kind.CAPTURE, Kind.VOID, *OF_THEIR_AMOUNT)
    return operation.state in PaymentOperation.OPEN or (
        operation.state == State.FAILED and operation.kind in asked_anew
    )


def try_again(*, operation_id: UUID) -> PaymentOperation:
    """The operation that was run, which may be another one of the same hold that has to end first.

    Raises IllegalPaymentMove when there is nothing to try. Makes network calls; call it outside transactions.
    """
    operation = PaymentOperation.objects.select_related("payment").get(pk=operation_id)
    if not can_be_tried_again(operation):
        raise IllegalPaymentMove(f"A {operation.kind} that is {operation.state} cannot be tried again.")
    wanted = operation_id if operation.state in PaymentOperation.OPEN else _anew(operation)
    if wanted is None:
        raise IllegalPaymentMove(f"The payment is {operation.payment.state}: there is nothing to try.")
    run_operation(operation_id=wanted)
    return PaymentOperation.objects.get(pk=wanted)


def _anew(operation: PaymentOperation) -> UUID | None:
    payment = operation.payment
    if operation.kind == Kind.VOID and operation.target_ref not in ("", payment.provider_ref):
        return open_void(payment_id=payment.pk, ref=operation.target_ref)
    amount_minor = operation.amount_minor if operation.kind in OF_THEIR_AMOUNT else None
    return open_operation(payment_id=payment.pk, kind=operation.kind, amount_minor=amount_minor)
