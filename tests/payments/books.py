"""Payments without an order around them, and what the provider's effect log says against our rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from config.audit import INVARIANTS, find_breaches
from deliveryapp.batch import Batch
from deliveryapp.clock import utc_now
from deliveryapp.transactions import durable
from payments import services
from payments.gateways import Answer
from payments.models import CustomerCredit, LedgerEntry, Payment, Refund
from payments.services import PaymentSource, PendingAuthorization, Shares

ADA_ID = UUID(int=1)
AMOUNT_MINOR = 3_000
Account, State = LedgerEntry.Account, Payment.State


def write_down(*, payment_method: str = "pm_card_visa", credit_minor: int = 0) -> PendingAuthorization:
    """The first commit of an order's payment. The kitchen gets 2000 of it, the driver 600, taxes are 150."""
    chosen = services.choose_gateway(amount_minor=AMOUNT_MINOR - credit_minor)
    batch = Batch()
    with durable():
        pending = services.open_authorization(
            batch,
            chosen=chosen,
            order_id=uuid4(),
            customer_id=ADA_ID,
            amount_minor=AMOUNT_MINOR - credit_minor,
            currency="EUR",
            source=PaymentSource(payment_method),
            shares=Shares(restaurant_id=uuid4(), restaurant_minor=2_000, driver_minor=600, tax_minor=150),
            credit_minor=credit_minor,
            now=utc_now(),
        )
        batch.execute()
    return pending


def give_credit(amount_minor: int) -> None:
    """Ada has so much credit with us, and the books say so."""
    CustomerCredit.objects.create(customer_id=ADA_ID, currency="EUR", balance_minor=amount_minor)
    posting = uuid4()
    sides = ((Account.PLATFORM, None, amount_minor), (Account.CREDIT, ADA_ID, -amount_minor))
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            posting=posting,
            kind="goodwill",
            reference="a bad day",
            account=account,
            party_id=party_id,
            amount_minor=minor,
            currency="EUR",
        )
        for account, party_id, minor in sides
    )


def hold() -> Payment:
    """Asked for and answered, as placing an order does."""
    pending = write_down()
    record(pending, services.ask(pending))
    return Payment.objects.get(pk=pending.payment.pk)


def record(pending: PendingAuthorization, answer: Answer) -> None:
    """The second commit. Raises StaleWrite when a webhook was quicker."""
    batch = Batch()
    with durable():
        services.record_authorization(batch, pending, answer, now=utc_now())
        batch.execute()


@dataclass(slots=True)
class Seen:
    """What happened to one hold at the provider, in minor units. `refunds`: amounts by the refund's id."""

    held: int = 0
    captures: list[int] = field(default_factory=list)
    released: int = 0
    refunds: dict[str, int] = field(default_factory=dict)

    @property
    def live(self) -> int:
        return self.held - sum(self.captures) - self.released


def seen_of(effects: Iterable[dict[str, Any]]) -> dict[str, dict[str, Seen]]:
    """By payment and hold."""
    seen: defaultdict[str, defaultdict[str, Seen]] = defaultdict(lambda: defaultdict(Seen))
    for effect in effects:
        one = seen[effect["metadata"]["payment_id"]][effect["payment_intent"]]
        match effect["kind"]:
            case "hold":
                one.held += effect["amount"]
            case "capture":
                one.captures.append(effect["amount"])
            case "release":
                one.released += effect["amount"]
            case "refund":
                one.refunds[effect["refund"]] = effect["amount"]
    return {payment_id: dict(holds) for payment_id, holds in seen.items()}


def differences(effects: Iterable[dict[str, Any]]) -> list[str]:
    """Every disagreement of settled payments with the log, and every breach of the books themselves."""
    seen = seen_of(effects)
    rows = [text for row in Payment.objects.all() for text in _of_payment(row, seen.pop(str(row.pk), {}))]
    books = [f"{row.id} {text}" for row in INVARIANTS if row.id[:2] == "I6" for text in find_breaches(row)]
    return rows + books + [f"{payment_id} is none of ours" for payment_id in seen]


def _of_payment(payment: Payment, holds: dict[str, Seen]) -> Iterator[str]:
    captures = [(ref, taken) for ref, one in holds.items() for taken in one.captures]
    live = {ref: one.live for ref, one in holds.items() if one.live}
    is_held = payment.state == State.AUTHORIZED
    if live != ({payment.provider_ref: payment.authorized_minor} if is_held and payment.amount_minor else {}):
        yield f"{payment} holds {payment.authorized_minor}, the provider {live}"
    if captures != ([(payment.provider_ref, payment.captured_minor)] if payment.captured_minor else []):
        yield f"{payment} took {payment.captured_minor}, the provider {captures}"
    returned = {ref: minor for one in holds.values() for ref, minor in one.refunds.items()}
    to_card = payment.refunds.filter(destination=Refund.Destination.CARD, state=Refund.State.SUCCEEDED)
    if returned != dict(to_card.values_list("provider_ref", "amount_minor")):
        yield f"{payment} gave back {list(to_card)}, the provider {returned}"
