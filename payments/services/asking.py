"""What is asked of the provider for one operation, and where its traces are looked for when it stays silent.

No database. A key protects a repetition for a day only, so whatever is asked again is looked for first.
"""

from dataclasses import replace
from datetime import timedelta

from deliveryapp.clock import utc_now
from payments.gateways import NOT_FOUND, Answer, Answered, Declined, Gateway, NoAnswer, Refused, gateway
from payments.models import PaymentOperation
from payments.services.authorizing import hold_for, replacement_for

LOOK_AFTER = 3  # silent tries of a hold, after which its traces are looked for as well
ASK_FOR = timedelta(minutes=5)  # later nobody asks for a hold any more: it is only looked for
NEVER_AFTER = ASK_FOR + timedelta(minutes=1)  # by now the last question has had its effect, or never will
CLOCK_SKEW = timedelta(minutes=1)
Kind = PaymentOperation.Kind


def ask(operation: PaymentOperation) -> Answer:
    """Up to three calls of 10 s each."""
    provider, ref = gateway(operation.payment.gateway), operation.target_ref
    match operation.kind:
        case Kind.AUTHORIZE:
            held = operation.payment.provider_ref
            return provider.retrieve(held) if held else _hold(operation, provider)
        case Kind.REAUTHORIZE:
            return _hold(operation, provider)
        case Kind.REFUND:
            return _refund(operation, provider)
        case Kind.CAPTURE:
            answer = provider.capture(ref, amount_minor=operation.amount_minor, key=operation.key)
        case Kind.INCREMENT:
            answer = provider.increment(ref, amount_minor=operation.amount_minor, key=operation.key)
        case _:
            answer = provider.void(ref, key=operation.key)
    return _look(provider, ref, answer) if isinstance(answer, Refused) else answer


def _hold(operation: PaymentOperation, provider: Gateway) -> Answer:
    """Ask with the one key; when that meets silence, look for what it may have done.

    A key can stay silent for good (a stored 500 is repeated for a day), and after a day it is forgotten and
    would hold the money a second time.
    """
    age = utc_now() - operation.created_at
    asks = age < ASK_FOR
    answer: Answer = NoAnswer("not asked any more", sent=False)
    if asks:
        first = operation.kind == Kind.AUTHORIZE
        hold = hold_for(operation.payment) if first else replacement_for(operation)
        answer = provider.authorize(hold, key=operation.key)
        if isinstance(answer, Refused):
            return Declined(code=answer.code)
    if not isinstance(answer, NoAnswer) or (asks and operation.attempts < LOOK_AFTER):
        return answer
    found = provider.find(operation.key, since=operation.created_at - CLOCK_SKEW)
    if isinstance(found, Refused) and found.code == NOT_FOUND:
        return Declined(code="no_answer", found=True) if age > NEVER_AFTER else answer
    if isinstance(found, Answered):
        return replace(found, found=True)
    return found if isinstance(found, NoAnswer) and not asks else answer


def _refund(operation: PaymentOperation, provider: Gateway) -> Answer:
    """The provider would refund the same amount twice once it forgot the key: from the second try on, look
    first. So also at an old operation's first try: a restored backup does not remember the others.
    """
    if operation.attempts > 1 or utc_now() - operation.created_at > ASK_FOR:
        found = provider.find_refund(operation.target_ref, key=operation.key)
        if isinstance(found, Answered):
            return replace(found, found=True)
        if not (isinstance(found, Refused) and found.code == NOT_FOUND):
            return found
    return provider.refund(operation.target_ref, amount_minor=operation.amount_minor, key=operation.key)


def _look(provider: Gateway, ref: str, refused: Refused) -> Answer:
    """Refused can mean "done before": the object itself tells."""
    seen = provider.retrieve(ref)
    if isinstance(seen, Answered):
        return replace(seen, found=True)
    return seen if isinstance(seen, NoAnswer) else refused
