"""Writing an intention down before the provider is asked."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Q

from deliveryapp.clock import utc_now
from deliveryapp.transactions import durable
from payments.models import Payment, PaymentOperation

Kind, State = PaymentOperation.Kind, Payment.State
PICKED_UP_BY_THE_SWEEP_AFTER = timedelta(seconds=5)
NEEDS: dict[str, tuple[str, ...]] = {
    Kind.INCREMENT: (State.AUTHORIZED,),
    Kind.REAUTHORIZE: (State.AUTHORIZED,),
    Kind.CAPTURE: (State.AUTHORIZED,),
    Kind.VOID: (State.REQUIRES_ACTION, State.AUTHORIZED),
}


def new_operation(
    payment: Payment, kind: str, amount_minor: int, *, target_ref: str | None = None
) -> PaymentOperation:
    """Unsaved. Its key is the operation's own: a later one of the same kind is another question."""
    operation = PaymentOperation(
        payment=payment,
        kind=kind,
        amount_minor=amount_minor,
        target_ref=(payment.provider_ref or "") if target_ref is None else target_ref,
        next_try_at=utc_now() + PICKED_UP_BY_THE_SWEEP_AFTER,
    )
    operation.key = f"{kind}:{operation.pk}"
    return operation


def open_void(*, payment_id: UUID, ref: str) -> UUID | None:
    """To let go of a hold that is not the payment's present one; the operation to run, or None when it has
    become that meanwhile.
    """
    with durable():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
        if payment.provider_ref == ref:
            return None
        same = payment.operations.filter(kind=Kind.VOID, target_ref=ref, state__in=PaymentOperation.OPEN)
        found = same.values_list("pk", flat=True).first()
        if found is not None:
            return found
        operation = new_operation(payment, Kind.VOID, payment.authorized_minor, target_ref=ref)
        operation.save(force_insert=True)
        return operation.pk


def open_operation(
    *, payment_id: UUID, kind: str, amount_minor: int | None = None, driver_id: UUID | None = None
) -> UUID | None:
    """Write down what is wanted of the payment's hold; the operation to run next, or None.

    A hold has one open operation at a time: while another one is unresolved, that one is run first, and the
    caller looks again. So a capture and a cancellation are decided here, not by who reaches the provider
    first. None when the payment's state has no need of it (any more); a hold is never asked for anew.
    """
    with durable():
        payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
        present = Q(target_ref="") | Q(target_ref=payment.provider_ref or "")
        unresolved = payment.operations.filter(present, state__in=PaymentOperation.OPEN)
        first = unresolved.exclude(kind=Kind.REFUND).values_list("pk", flat=True).first()
        if first is not None:
            return first
        if payment.state not in NEEDS.get(kind, ()):
            return None
        if driver_id is not None and payment.driver_id is None:
            payment.driver_id = driver_id
            payment.save(update_fields=["driver_id"])
        wanted = payment.amount_minor if amount_minor is None else amount_minor
        operation = new_operation(payment, kind, wanted)
        operation.save(force_insert=True)
        return operation.pk
