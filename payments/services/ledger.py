"""Double-entry postings: what a payment's move means for whom. Nothing here talks to anybody.

Every posting adds up to zero. A debit is positive: money we have or are owed; a credit is negative: money we
owe. Each is written in the statement that moves the payment itself, so that the books are never behind.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from deliveryapp.ids import new_id
from payments.models import LedgerEntry, Payment

Account, State = LedgerEntry.Account, Payment.State
Side = tuple[str, UUID | None, int]  # account, whose, minor units


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts for the books about a payment at one moment, in minor units."""

    held: int
    credit_held: int
    captured: int
    refunded: int
    fee: int

    @classmethod
    def of(cls, payment: Payment) -> Self:
        waiting = payment.state in (*Payment.UNSETTLED, State.AUTHORIZED)
        return cls(
            held=payment.authorized_minor if payment.state == State.AUTHORIZED else 0,
            credit_held=payment.credit_minor if waiting else 0,
            captured=payment.captured_minor,
            refunded=payment.refunded_minor,
            fee=payment.fee_minor,
        )


NOTHING = Standing(held=0, credit_held=0, captured=0, refunded=0, fee=0)


def postings(payment: Payment, before: Standing, *, now: datetime) -> list[LedgerEntry]:
    """The entries that bring the books from `before` to where the payment stands now."""
    after = Standing.of(payment)
    credit_ended = before.credit_held > after.credit_held
    taken = after.captured > before.captured or (credit_ended and payment.state in Payment.TAKEN)
    sides = {
        "hold": _hold(after.held - before.held),
        "credit_hold": _credit(payment, after.credit_held, before.credit_held, taken),
        "capture": _capture(payment, after.captured) if taken else [],
        "provider_fee": _fee(after.fee - before.fee),
        "refund": _refund(after.refunded - before.refunded),
    }
    cause = f"{payment.pk}:{payment.seq}"
    return [
        entry
        for kind, them in sides.items()
        for entry in entries(kind=kind, reference=cause, sides=them, payment=payment, now=now)
    ]


def _hold(change_minor: int) -> list[Side]:
    return [(Account.HOLDS, None, change_minor), (Account.HELD, None, -change_minor)]


def _credit(payment: Payment, after_minor: int, before_minor: int, taken: bool) -> list[Side]:
    """Set aside when the order is placed, and given back when nothing came of it."""
    change_minor = 0 if taken else after_minor - before_minor
    return [
        (Account.CREDIT, payment.customer_id, change_minor),
        (Account.CREDIT_HELD, payment.customer_id, -change_minor),
    ]


def _capture(payment: Payment, captured_minor: int) -> list[Side]:
    """Who gets what of the card's and the credit's money. The platform takes what is left, or tops it up."""
    owed_minor = payment.restaurant_minor + payment.driver_minor + payment.tax_minor
    return [
        (Account.PROVIDER, None, captured_minor),
        (Account.CREDIT_HELD, payment.customer_id, payment.credit_minor),
        (Account.RESTAURANT, payment.restaurant_id, -payment.restaurant_minor),
        (Account.DRIVER, payment.driver_id, -payment.driver_minor),
        (Account.TAX, None, -payment.tax_minor),
        (Account.PLATFORM, None, owed_minor - captured_minor - payment.credit_minor),
    ]


def _fee(fee_minor: int) -> list[Side]:
    return [(Account.PROVIDER_FEES, None, fee_minor), (Account.PROVIDER, None, -fee_minor)]


def _refund(refunded_minor: int) -> list[Side]:
    return [(Account.REFUNDS, None, refunded_minor), (Account.PROVIDER, None, -refunded_minor)]


def entries(
    *, kind: str, reference: str, sides: list[Side], payment: Payment, now: datetime
) -> list[LedgerEntry]:
    """One posting; sides of zero are left out. `reference` names the cause: it is posted once per kind."""
    posting = new_id()
    return [
        LedgerEntry(
            posting=posting,
            kind=kind,
            reference=reference,
            account=account,
            party_id=party_id,
            payment=payment,
            order_id=payment.order_id,
            amount_minor=amount_minor,
            currency=payment.currency,
            created_at=now,
        )
        for account, party_id, amount_minor in sides
        if amount_minor
    ]
