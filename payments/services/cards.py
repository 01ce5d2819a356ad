"""Saving cards: the provider keeps the card, we keep what may be shown of it.

The customer's own call and the provider's webhook both end in `_save`, under the lock of the customer's row,
so that late, repeated and reordered news change nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import TypeVar
from uuid import UUID

import structlog
from django.db.models.functions import Now

from deliveryapp.transactions import durable, require_no_transaction
from payments import selectors
from payments.errors import CardDeclined, CardSetupNotFound, PaymentUnavailable
from payments.gateways import Declined, NoAnswer, Refused
from payments.gateways.browsers import card_form, page_for
from payments.gateways.cards import Card, NotDone, Setup, card_gateway
from payments.gateways.configured import preferred
from payments.models import ProviderCustomer, RetiredMethod, SavedCard
from payments.services.following import NotReadable

log = structlog.get_logger(__name__)
T = TypeVar("T")
DECLINED = "requires_payment_method"


@dataclass(frozen=True, slots=True)
class StartedSetup:
    """For the browser: the provider's form takes the secret and the key, the sandbox has a page instead."""

    setup_ref: str
    client_secret: str
    publishable_key: str
    page_url: str


@dataclass(frozen=True, slots=True)
class FollowedSetup:
    """`status` in Stripe's words; the card once it succeeded, unless it has been removed since."""

    status: str
    card: SavedCard | None
    next_action_url: str


def start_setup(*, user_id: UUID, key: str, now: datetime) -> StartedSetup:
    """Prepare the saving of a card; the same key prepares the same one. Raises PaymentUnavailable."""
    require_no_transaction()
    customer = _customer_of(user_id, preferred(), now)
    setup = _done(
        card_gateway(customer.gateway).create_setup(
            customer.provider_ref or "", key=f"setup:{customer.pk}:{key}"
        )
    )
    return StartedSetup(
        setup_ref=setup.ref,
        client_secret=setup.client_secret,
        publishable_key=card_form(customer.gateway).publishable_key,
        page_url=page_for(setup, customer.gateway),
    )


def _customer_of(user_id: UUID, gateway: str, now: datetime) -> ProviderCustomer:
    """The row first, then the provider; who dies in between asks again with the row's key."""
    customer, _ = ProviderCustomer.objects.get_or_create(
        user_id=user_id, gateway=gateway, defaults={"created_at": now}
    )
    if customer.provider_ref is None:
        ref = _done(card_gateway(gateway).create_customer(user_id=str(user_id), key=customer.key(now=now)))
        ProviderCustomer.objects.filter(pk=customer.pk, provider_ref=None).update(provider_ref=ref)
        customer.refresh_from_db()
    return customer


def finish_setup(*, user_id: UUID, setup_ref: str) -> FollowedSetup:
    """See how far the customer got with the provider and save the card if it is done; safe to repeat.

    Raises CardSetupNotFound also for somebody else's, CardDeclined, PaymentUnavailable.
    """
    require_no_transaction()
    customer, setup = _setup_of(user_id, setup_ref)
    if setup.status == DECLINED and setup.decline_code:
        raise CardDeclined(decline_code=setup.decline_code)
    card = _save(customer, setup.card) if setup.card else None
    return FollowedSetup(status=setup.status, card=card, next_action_url=setup.next_action_url)


def _setup_of(user_id: UUID, setup_ref: str) -> tuple[ProviderCustomer, Setup]:
    """Only where this user is known; raises CardSetupNotFound, PaymentUnavailable."""
    for customer in selectors.provider_customers(user_id=user_id):
        answer = card_gateway(customer.gateway).retrieve_setup(setup_ref)
        if isinstance(answer, Refused):
            continue
        setup = _done(answer)
        if setup.customer_ref == customer.provider_ref:
            return customer, setup
    raise CardSetupNotFound


def follow_setup(*, setup_ref: str, gateway_name: str) -> None:
    """What the provider told us about; raises NotReadable. Safe to repeat, in any order."""
    require_no_transaction()
    setup = card_gateway(gateway_name).retrieve_setup(setup_ref)
    if isinstance(setup, NoAnswer):
        raise NotReadable(f"cannot read {setup_ref}")
    customer = None
    if isinstance(setup, Setup):
        customer = selectors.provider_customer(gateway=gateway_name, ref=setup.customer_ref)
    if customer is None:
        log.warning("setup_of_nobody", setup_ref=setup_ref)
    elif isinstance(setup, Setup) and setup.card:
        _save(customer, setup.card)


def make_default(*, user_id: UUID, card_id: UUID) -> SavedCard:
    """Raises CardNotFound."""
    with durable():
        card = selectors.lock_card(user_id=user_id, card_id=card_id)
        card.customer.cards.filter(is_default=True).update(is_default=False)
        card.is_default = True
        card.save(update_fields=["is_default"])
    return card


def remove_card(*, user_id: UUID, card_id: UUID) -> None:
    """Forget the card at once; the sweep detaches it at the provider. The youngest of the others takes its
    place as the default. Raises CardNotFound.
    """
    with durable():
        card = selectors.lock_card(user_id=user_id, card_id=card_id)
        _retire(card.provider_ref, card.gateway)
        card.delete()
        if card.is_default:
            _promote_youngest(card.customer)


def _promote_youngest(customer: ProviderCustomer) -> None:
    youngest = customer.cards.order_by("-id").first()
    if youngest is not None:
        youngest.is_default = True
        youngest.save(update_fields=["is_default"])


def _save(customer: ProviderCustomer, card: Card) -> SavedCard | None:
    """The row of this card, new or not; None when it was removed, or detached at the provider."""
    with durable():
        selectors.lock_customer(customer.pk)
        if card.customer_ref != customer.provider_ref or selectors.is_retired(card.ref):
            return None
        known = customer.cards.filter(provider_ref=card.ref).first()
        twin = customer.cards.exclude(fingerprint="").filter(fingerprint=card.fingerprint).first()
        if known is None and twin is not None:
            return _keep_younger(twin, card)
        return known or _insert(customer, card)


def _insert(customer: ProviderCustomer, card: Card) -> SavedCard:
    is_first = not customer.cards.exists()
    row = SavedCard(customer=customer, fingerprint=card.fingerprint[:80], is_default=is_first)
    return _write(row, card)


def _keep_younger(row: SavedCard, card: Card) -> SavedCard:
    """One card, saved twice: the younger payment method knows its expiry and was authenticated last."""
    if (card.made_at, card.ref) < (row.made_at, row.provider_ref):
        _retire(card.ref, row.gateway)
        return row
    _retire(row.provider_ref, row.gateway)
    return _write(row, card)


def _write(row: SavedCard, card: Card) -> SavedCard:
    row.provider_ref, row.made_at = card.ref, card.made_at
    row.brand, row.last4 = card.brand[:30], card.last4
    row.exp_month, row.exp_year = card.exp_month, card.exp_year
    row.save()
    return row


def _retire(provider_ref: str, gateway: str) -> None:
    RetiredMethod.objects.create(provider_ref=provider_ref, gateway=gateway, next_try_at=Now())


def _done(answer: T | NotDone) -> T:
    """Raises what a customer is to hear when the provider did not do it."""
    match answer:
        case NoAnswer():
            wait_s = max(2, ceil(answer.retry_after_s))
            raise PaymentUnavailable("The payment provider does not answer.", retry_after_s=wait_s)
        case Declined(code):
            raise CardDeclined(decline_code=code)
        case Refused(code, detail):
            log.error("card_call_refused", code=code, detail=detail)
            raise PaymentUnavailable("The payment provider takes no cards.", retry_after_s=60)
    return answer
