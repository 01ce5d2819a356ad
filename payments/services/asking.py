"""What is asked of the provider for one operation, and where its traces are looked for when it stays silent.

No database. A key protects a repetition for a day only, so whatever is asked again is looked for first.
"""

from dataclasses import replace
from datetime import timedelta

from deliveryapp.clock import utc_now
from payments.gateways import (
    NOT_FOUND,
    Answer,
    Answered,
    Declined,
    Gateway,
    Intent,
    NoAnswer,
    Refused,
    gateway,
)
from payments.models import PaymentOperation
from payments.services.authorizing import hold_for, replacement_for

LOOK_AFTER = 3  # from this try on, traces of the silent ones are looked for as well
ASK_FOR = timedelta(minutes=5)  # later nobody asks for a hold any more: it is only looked for
NEVER_AFTER = ASK_FOR + timedelta(minutes=1)  # by now the last question has had its effect, or never will
CLOCK_SKEW = timedelta(minutes=1)
Kind = PaymentOperation.Kind


def ask(operation: PaymentOperation) -> Answer:
    """Up to three calls of 10 s each."""
    provider = gateway(operation.payment.gateway)
    match operation.kind:
        case Kind.AUTHORIZE:
            held = operation.payment.provider_ref
            return provider.retrieve(held) if held else _hold(operation, provider)
        case Kind.REAUTHORIZE:
            return _hold(operation, provider)
        case Kind.REFUND:
            return _refund(operation, provider)
    return _change(operation, provider)


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
        if not isinstance(answer, NoAnswer) or operation.attempts < LOOK_AFTER:
            return answer
    found = provider.find(operation.key, since=operation.created_at - CLOCK_SKEW)
    if isinstance(found, Refused) and found.code == NOT_FOUND:
        return Declined(code="no_answer", found=True) if age > NEVER_AFTER else answer
    if isinstance(found, Answered):
        return replace(found, found=True)
    return found if isinstance(found, NoAnswer) and not asks else answer


def _refund(operation: PaymentOperation, provider: Gateway) -> Answer:
    """The provider would refund the same amount twice once it forgot the key: from the second try on, look
    first. So also at an old operation's first try: a restored backup does not remember the others. A key that
    stays silent and has refunded nothing is replaced once, when its last question must have had its effect.
    """
    ref, key, age = operation.target_ref, operation.key, utc_now() - operation.created_at
    if operation.attempts > 1 or age > ASK_FOR:
        found = provider.find_refund(ref, key=key)
        if isinstance(found, Answered):
            return replace(found, found=True)
        if not (isinstance(found, Refused) and found.code == NOT_FOUND):
            return found
    if ASK_FOR <= age < NEVER_AFTER:
        return NoAnswer("waits until the first key cannot do anything any more")
    return provider.refund(ref, amount_minor=operation.amount_minor, key=key, again=age >= NEVER_AFTER)


def _change(operation: PaymentOperation, provider: Gateway) -> Answer:
    """Capture, raise or void a hold. The hold itself tells whether that is done and cannot be changed twice,
    so a key that stays silent is given up for another one.
    """
    ref, key = operation.target_ref, operation.key
    if operation.attempts >= LOOK_AFTER:
        seen = provider.retrieve(ref)
        if not isinstance(seen, Answered):
            return seen
        if not _is_to_do(operation, seen.intent):
            return replace(seen, found=True)
        key = f"{key}:{operation.attempts}"
    match operation.kind:
        case Kind.CAPTURE:
            answer = provider.capture(ref, amount_minor=operation.amount_minor, key=key)
        case Kind.INCREMENT:
            answer = provider.increment(ref, amount_minor=operation.amount_minor, key=key)
        case _:
            answer = provider.void(ref, key=key)
    return _look(operation, provider, answer) if isinstance(answer, Refused) else answer


def _look(operation: PaymentOperation, provider: Gateway, refused: Refused) -> Answer:
    """Refused can mean "done before": the object itself tells. A hold that stays as it was is not raised."""
    seen = provider.retrieve(operation.target_ref)
    if not isinstance(seen, Answered):
        return seen if isinstance(seen, NoAnswer) else refused
    stays = operation.kind == Kind.INCREMENT and _is_to_do(operation, seen.intent)
    return refused if stays else replace(seen, found=True)


def _is_to_do(operation: PaymentOperation, intent: Intent) -> bool:
    if operation.kind == Kind.VOID:
        return intent.status not in ("canceled", "succeeded")
    raised = operation.kind == Kind.INCREMENT and intent.authorized_minor >= operation.amount_minor
    return intent.status == "requires_capture" and not raised
