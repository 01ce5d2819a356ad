"""Reads of the payments app."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import Now

from deliveryapp.circuit import Status
from payments.errors import CardNotFound
from payments.gateways.breaker import circuit_of
from payments.gateways.configured import configured
from payments.models import (
    CustomerCredit,
    LedgerEntry,
    Payment,
    PaymentOperation,
    ProviderCustomer,
    Refund,
    RetiredMethod,
    SavedCard,
    WebhookEvent,
)


def payments_of(*, order_ids: Iterable[UUID]) -> dict[UUID, Payment]:
    """The payment of each order itself; tips given later are payments of their own."""
    payments = Payment.objects.filter(order_id__in=list(order_ids), purpose=Payment.Purpose.ORDER)
    return {payment.order_id: payment for payment in payments}


def refunds_of(*, order_id: UUID) -> list[Refund]:
    """Oldest first, of the order and of tips given later."""
    return list(Refund.objects.filter(payment__order_id=order_id).select_related("payment").order_by("id"))


def tips_taken(*, order_id: UUID) -> list[Payment]:
    """Charges of tips given after the capture, newest first."""
    taken = Payment.objects.filter(order_id=order_id, purpose=Payment.Purpose.TIP)
    return list(taken.filter(state__in=Payment.TAKEN).order_by("-id"))


def ledger_of_order(*, order_id: UUID) -> list[LedgerEntry]:
    return list(LedgerEntry.objects.filter(order_id=order_id).order_by("id"))


def goodwill_of(*, order_id: UUID) -> int:
    """Credit given for this order on top of any refund, in minor units of its currency."""
    given = LedgerEntry.objects.filter(order_id=order_id, kind="goodwill", account=LedgerEntry.Account.CREDIT)
    return -(given.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def ledger_of_party(
    *, account: str, party_id: UUID, since: datetime, until: datetime
) -> list[dict[str, Any]]:
    """What an account of somebody moved per order and kind in [since, until), oldest first."""
    entries = LedgerEntry.objects.filter(
        account=account, party_id=party_id, created_at__gte=since, created_at__lt=until
    )
    rows = entries.values("order_id", "kind", "currency").annotate(
        amount_minor=Sum("amount_minor"), at=Min("created_at")
    )
    return [dict(row) for row in rows.order_by("at", "order_id")]


def credit_of(*, customer_id: UUID) -> dict[str, int]:
    """Minor units by currency."""
    rows = CustomerCredit.objects.filter(customer_id=customer_id)
    return dict(rows.values_list("currency", "balance_minor"))


@dataclass(frozen=True, slots=True)
class UnknownOutcomes:
    """How many calls to the provider stayed without an answer at first, by kind and by what settled them;
    `still_open` of them are not settled yet.
    """

    asked: int
    by_kind: dict[str, int]
    by_resolution: dict[str, int]
    still_open: int


def unknown_outcomes() -> UnknownOutcomes:
    unknown = PaymentOperation.objects.filter(was_unknown=True)
    settled = unknown.exclude(state__in=PaymentOperation.OPEN)
    return UnknownOutcomes(
        asked=PaymentOperation.objects.count(),
        by_kind=_counted(unknown, "kind"),
        by_resolution=_counted(settled, "resolved_by"),
        still_open=unknown.filter(state__in=PaymentOperation.OPEN).count(),
    )


def _counted(rows: QuerySet[PaymentOperation], name: str) -> dict[str, int]:
    return dict(rows.order_by(name).values_list(name).annotate(count=Count("pk")))


def gateway_names() -> list[str]:
    """Of the settings, the preferred one first."""
    return list(configured())


def circuits() -> list[Status]:
    """How the circuit of each gateway stands, and what it has counted."""
    return [circuit_of(name).status() for name in configured()]


def unapplied_webhooks(*, gateway: str, limit: int) -> list[str]:
    """Ids of this gateway's stored messages whose task got lost, oldest first."""
    waiting = WebhookEvent.objects.filter(applied_at=None, gateway=gateway).order_by("received_at")
    return list(waiting.values_list("pk", flat=True)[:limit])


def lock_payment(*, payment_id: UUID) -> None:
    """The row lock alone, until the caller's transaction ends."""
    Payment.objects.select_for_update(no_key=True).filter(pk=payment_id).values_list("pk").first()


def cards_of(*, user_id: UUID) -> QuerySet[SavedCard]:
    """Those that can be paid with: of a gateway of the settings."""
    usable = SavedCard.objects.filter(customer__user_id=user_id, customer__gateway__in=configured())
    return usable.order_by("-id")


def lock_card(*, user_id: UUID, card_id: UUID) -> SavedCard:
    """The customer's own card, with the customer's row locked. Raises CardNotFound."""
    owners = ProviderCustomer.objects.select_for_update(no_key=True, of=("self",))
    owner = owners.filter(user_id=user_id, cards=card_id).first()
    card = owner.cards.filter(pk=card_id).first() if owner else None
    if card is None:
        raise CardNotFound
    return card


def card_named(name: str) -> SavedCard | None:
    """By our id, or by the provider's reference; with its customer."""
    is_ours = Q(provider_ref=name) if name.startswith("pm_") else Q(pk=name)
    cards = SavedCard.objects.select_related("customer").filter(customer__gateway__in=configured())
    return cards.filter(is_ours).first()


def provider_customer(*, gateway: str, ref: str) -> ProviderCustomer | None:
    return ProviderCustomer.objects.filter(gateway=gateway, provider_ref=ref).first()


def provider_customers(*, user_id: UUID) -> list[ProviderCustomer]:
    """The user at each gateway of the settings that knows them."""
    known = ProviderCustomer.objects.filter(user_id=user_id, gateway__in=configured())
    return list(known.exclude(provider_ref=None))


def lock_customer(customer_id: UUID) -> None:
    """The row lock alone, until the caller's transaction ends."""
    customers = ProviderCustomer.objects.select_for_update(no_key=True).filter(pk=customer_id)
    customers.values_list("pk").first()


def is_retired(provider_ref: str) -> bool:
    return RetiredMethod.objects.filter(pk=provider_ref).exists()


def methods_to_detach(*, limit: int) -> list[RetiredMethod]:
    """Those that are due, oldest first."""
    due = RetiredMethod.objects.filter(detached_at=None, next_try_at__lte=Now(), gateway__in=configured())
    return list(due.order_by("next_try_at")[:limit])
