"""What an operation has come to, read off the provider's answer and the payment it moved. Pure."""

from dataclasses import dataclass

from payments.gateways import Answer, Answered, Declined, NoAnswer, Refused
from payments.models import Payment, PaymentOperation

Kind, State, Money = PaymentOperation.Kind, PaymentOperation.State, Payment.State

REACHED: dict[str, tuple[str, ...]] = {
    Kind.AUTHORIZE: (Money.REQUIRES_ACTION, Money.AUTHORIZED, *Payment.TAKEN, Money.VOIDED),
    Kind.CAPTURE: Payment.TAKEN,
    Kind.VOID: (Money.VOIDED,),
}
OVERTAKEN: dict[str, tuple[str, ...]] = {
    Kind.CAPTURE: (Money.DECLINED, Money.VOIDED),
    Kind.VOID: (Money.DECLINED, *Payment.TAKEN),
    Kind.INCREMENT: (Money.VOIDED, *Payment.TAKEN),
    Kind.REAUTHORIZE: (Money.VOIDED, *Payment.TAKEN),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`needs_review`: it failed, and nothing of ours will try something else instead."""

    state: str
    reason: str = ""
    needs_review: bool = False


def judge(operation: PaymentOperation, payment: Payment, answer: Answer) -> Outcome:
    """No answer is never an end: the same key is asked again."""
    if _is_reached(operation, payment, answer):
        return Outcome(State.SUCCEEDED)
    about_the_hold = operation.target_ref in ("", payment.provider_ref)
    may_be_more = operation.kind == Kind.REAUTHORIZE and isinstance(answer, NoAnswer)  # a hold that we lose
    if about_the_hold and not may_be_more and payment.state in OVERTAKEN.get(operation.kind, ()):
        return Outcome(State.FAILED, f"the payment is {payment.state}")
    match answer:
        case NoAnswer(detail):
            return Outcome(State.UNKNOWN, detail)
        case Declined(code) if operation.kind == Kind.AUTHORIZE:
            return Outcome(State.DECLINED, code)
        case Declined(code) | Refused(code):
            # Instead of a raise another hold is asked for; where that is refused, the present one stands.
            expected = operation.kind in (Kind.INCREMENT, Kind.REAUTHORIZE)
            return Outcome(State.FAILED, code, needs_review=not expected)
    return _unfinished(operation, answer)


def _is_reached(operation: PaymentOperation, payment: Payment, answer: Answer) -> bool:
    intent = answer.intent if isinstance(answer, Answered) else None
    match operation.kind:
        case Kind.REFUND:
            refund = answer.refund if isinstance(answer, Answered) else None
            return refund is not None and refund.status == "succeeded"
        case Kind.INCREMENT:
            return payment.state == Money.AUTHORIZED and payment.authorized_minor >= operation.amount_minor
        case Kind.REAUTHORIZE:
            return intent is not None and intent.ref == payment.provider_ref
        case Kind.VOID if operation.target_ref != payment.provider_ref:
            return intent is not None and intent.status == "canceled"
    return payment.state in REACHED[operation.kind]


def _unfinished(operation: PaymentOperation, answer: Answered) -> Outcome:
    """Answered, and still not there."""
    if operation.kind == Kind.REFUND and answer.refund and answer.refund.status in ("failed", "canceled"):
        return Outcome(State.FAILED, f"the refund is {answer.refund.status}", needs_review=True)
    if operation.kind == Kind.REAUTHORIZE:  # the customer's bank wants to see the customer, who is not here
        return Outcome(State.FAILED, f"the new hold is {answer.intent.status}")
    if operation.kind == Kind.AUTHORIZE and answer.intent.decline_code:
        return Outcome(State.DECLINED, answer.intent.decline_code)
    return Outcome(State.UNKNOWN, "not there yet")
