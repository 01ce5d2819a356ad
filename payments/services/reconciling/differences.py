"""What counts as a difference between the provider's objects and our rows. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from payments.gateways import Intent, RefundSeen
from payments.models import Payment, Refund

State = Payment.State
LIVE, TAKEN, NOTHING = "authorized", "captured", "nothing"
HERE: dict[str, str] = {
    State.AUTHORIZED: LIVE,
    **dict.fromkeys(Payment.TAKEN, TAKEN),
    State.DECLINED: NOTHING,
    State.VOIDED: NOTHING,
}
THERE: dict[str, str] = {"requires_capture": LIVE, "succeeded": TAKEN, "canceled": NOTHING}
UNDECIDED = ("processing", "requires_confirmation", "requires_payment_method")
RETURNED = ("succeeded", "pending")  # a refund's words; what is pending left our balance already
REFUND_STATES: dict[str, tuple[str, ...]] = {
    Refund.State.PENDING: ("pending", "requires_action"),
    Refund.State.SUCCEEDED: RETURNED,
    Refund.State.FAILED: ("failed", "canceled"),
}


class Kind(StrEnum):
    ORPHAN_HOLD = "orphan_hold"  # of no payment of ours, or one too many
    MISSING_HERE = "missing_here"  # held or captured there, and our books know nothing of it
    MISSING_THERE = "missing_there"  # we say held or captured, the provider has no such object
    STATE_DIFFERS = "state_differs"
    AMOUNT_DIFFERS = "amount_differs"
    FEE_DIFFERS = "fee_differs"
    REFUND_MISSING_HERE = "refund_missing_here"
    REFUND_MISSING_THERE = "refund_missing_there"
    REFUND_DIFFERS = "refund_differs"


class Done(StrEnum):
    """What was done about a difference."""

    LISTED = "listed"  # nothing: mending was not asked for
    ADOPTED = "adopted"
    FOLLOWED = "followed"
    VOIDED = "voided"
    REVIEW = "review"  # a person was asked
    REVIEWED = "reviewed"  # a person has answered for it before
    LEFT = "left"  # the provider did not answer, or too much at once; the next run tries again


SETTLED = (Done.ADOPTED, Done.FOLLOWED, Done.VOIDED, Done.REVIEWED)


@dataclass(frozen=True, slots=True)
class Figures:
    """One side's view in minor units."""

    state: str
    amount_minor: int
    currency: str

    def __str__(self) -> str:
        return f"{self.state} {self.amount_minor} {self.currency}"

    @classmethod
    def of_intent(cls, intent: Intent) -> Self:
        taken = intent.status == "succeeded"
        amount_minor = intent.received_minor if taken else intent.authorized_minor
        shown = {"requires_capture": LIVE, "succeeded": TAKEN}.get(intent.status, intent.status)
        return cls(shown, amount_minor, intent.currency)

    @classmethod
    def of_payment(cls, payment: Payment) -> Self:
        taken = payment.state in Payment.TAKEN
        amount_minor = payment.captured_minor if taken else payment.authorized_minor or payment.amount_minor
        return cls(str(payment.state), amount_minor, payment.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`ref` is the provider's object; `here` and `there` are None where a side has nothing."""

    kind: Kind
    gateway: str
    ref: str
    here: Figures | None
    there: Figures | None
    payment: Payment | None = None
    intent: Intent | None = None
    refund: Refund | None = None
    refund_seen: RefundSeen | None = None
    done: Done = Done.LISTED

    @property
    def is_left(self) -> bool:
        return self.done not in SETTLED

    @property
    def order_id(self) -> str:
        """Ours, or what the provider's object says it was for."""
        if self.payment is not None:
            return str(self.payment.order_id)
        return self.intent.order_id if self.intent else ""

    @property
    def payment_id(self) -> str:
        if self.payment is not None:
            return str(self.payment.pk)
        return self.intent.payment_id if self.intent else ""

    def as_text(self) -> str:
        sides = f"here {self.here or 'nothing'}, there {self.there or 'nothing'}"
        ids = f"payment {self.payment_id or '-'}, order {self.order_id or '-'}"
        return f"{self.kind} {self.ref}: {sides}; {ids}"

    def as_document(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "gateway": self.gateway,
            "provider_ref": self.ref,
            "payment_id": self.payment_id or None,
            "order_id": self.order_id or None,
            "here": _document(self.here),
            "there": _document(self.there),
            "done": self.done,
        }


def _document(figures: Figures | None) -> dict[str, Any] | None:
    if figures is None:
        return None
    return {
        "state": figures.state,
        "amount_minor": figures.amount_minor,
        "currency": figures.currency,
    }


def there(intent: Intent) -> str:
    """What came of it there: authorized, captured, nothing, or the provider's word while it is open."""
    if intent.status == "requires_payment_method" and intent.decline_code:
        return NOTHING
    return THERE.get(intent.status, intent.status)


def of_intent(intent: Intent, payment: Payment | None, *, gateway: str) -> Difference | None:
    """What is wrong about one intent, given the payment that its reference or its metadata names."""
    kind = _kind(intent, payment)
    if kind is None:
        return None
    here = Figures.of_payment(payment) if payment else None
    fee = kind == Kind.FEE_DIFFERS
    return Difference(
        kind=kind,
        gateway=gateway,
        ref=intent.ref,
        here=Figures("fee", payment.fee_minor, payment.currency) if fee and payment else here,
        there=Figures("fee", intent.fee_minor, intent.currency) if fee else Figures.of_intent(intent),
        payment=payment,
        intent=intent,
    )


def _kind(intent: Intent, payment: Payment | None) -> Kind | None:
    if payment is not None and payment.provider_ref == intent.ref:
        return _of_the_present(intent, payment)
    if payment is not None and payment.provider_ref is None and payment.state in Payment.UNSETTLED:
        return _of_one_not_known_yet(intent)
    return {LIVE: Kind.ORPHAN_HOLD, TAKEN: Kind.MISSING_HERE}.get(there(intent))


def _of_one_not_known_yet(intent: Intent) -> Kind | None:
    if there(intent) in (LIVE, TAKEN):
        return Kind.MISSING_HERE
    return None if intent.status in UNDECIDED and not intent.decline_code else Kind.STATE_DIFFERS


def _of_the_present(intent: Intent, payment: Payment) -> Kind | None:
    if not _is_same_state(intent, payment):
        return Kind.STATE_DIFFERS
    here, seen = Figures.of_payment(payment), Figures.of_intent(intent)
    amounts = (here.amount_minor, here.currency) != (seen.amount_minor, seen.currency)
    if seen.state in (LIVE, TAKEN) and amounts:
        return Kind.AMOUNT_DIFFERS
    if seen.state == TAKEN and payment.fee_minor != intent.fee_minor:
        return Kind.FEE_DIFFERS
    return None


def _is_same_state(intent: Intent, payment: Payment) -> bool:
    waits = payment.state in Payment.UNSETTLED
    if waits and intent.status in UNDECIDED and not intent.decline_code:
        return True
    return HERE.get(payment.state, str(payment.state)) == there(intent)


def of_refund(
    seen: RefundSeen, refund: Refund | None, payment: Payment | None, *, gateway: str
) -> Difference | None:
    """What is wrong about one refund of the provider, given our row of it, or else the payment it names."""
    if refund is None:
        kind = Kind.REFUND_MISSING_HERE if seen.status in RETURNED else None
    else:
        kind = None if _is_same_refund(seen, refund) else Kind.REFUND_DIFFERS
    if kind is None:
        return None
    return Difference(
        kind=kind,
        gateway=gateway,
        ref=seen.ref,
        here=figures_of(refund) if refund else None,
        there=Figures(seen.status, seen.amount_minor, seen.currency),
        payment=refund.payment if refund else payment,
        refund=refund,
        refund_seen=seen,
    )


def _is_same_refund(seen: RefundSeen, refund: Refund) -> bool:
    return seen.amount_minor == refund.amount_minor and seen.status in REFUND_STATES[refund.state]


def figures_of(refund: Refund) -> Figures:
    return Figures(refund.state, refund.amount_minor, refund.payment.currency)


def missing_there(payment: Payment, *, gateway: str) -> Difference:
    return Difference(
        kind=Kind.MISSING_THERE,
        gateway=gateway,
        ref=payment.provider_ref or "",
        here=Figures.of_payment(payment),
        there=None,
        payment=payment,
    )


def refund_missing_there(refund: Refund, *, gateway: str) -> Difference:
    return Difference(
        kind=Kind.REFUND_MISSING_THERE,
        gateway=gateway,
        ref=refund.provider_ref or "",
        here=figures_of(refund),
        there=None,
        payment=refund.payment,
        refund=refund,
    )


def uuid_or_none(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
