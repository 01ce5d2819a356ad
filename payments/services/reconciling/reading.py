"""Both sides, page by page: the provider's cursor lists, and our rows of each page in one query."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from payments.gateways import Failure as NoPage
from payments.gateways import Gateway, Intent, NoAnswer, Page, RefundSeen, Row
from payments.models import Payment, PaymentOperation, Refund
from payments.services.following import NotReadable
from payments.services.reconciling.differences import uuid_or_none

TRIES, FIRST_PAUSE_S = 5, 0.2
OURS_AT_ONCE = 200
UNDER_WAY = timedelta(minutes=10)  # so long an open operation may still be about to end by itself
MOVING = timedelta(minutes=1)  # what moved so lately may have moved after the provider's page was made


@dataclass(frozen=True, slots=True)
class Period:
    """[since, until) of the objects' creation, on either side; in whole seconds, as the provider counts."""

    since: datetime
    until: datetime

    def slices(self, size: timedelta) -> Iterator["Period"]:
        """The newest first: the hold that replaced another one is met before the one it replaced."""
        until = self.until
        while until > self.since:
            since = max(self.since, until - size)
            yield Period(since, until)
            until = since


def intents(provider: Gateway, period: Period) -> Iterator[Sequence[Intent]]:
    return _pages(lambda after: provider.list_intents(since=period.since, until=period.until, after=after))


def refunds(provider: Gateway, period: Period) -> Iterator[Sequence[RefundSeen]]:
    return _pages(lambda after: provider.list_refunds(since=period.since, until=period.until, after=after))


def _pages(ask: Callable[[str], Page[Row] | NoPage]) -> Iterator[Sequence[Row]]:
    """Each page of a list. Raises NotReadable."""
    after = ""
    while True:
        page = patiently(lambda cursor=after: ask(cursor))  # type: ignore[misc]
        if not isinstance(page, Page):
            raise NotReadable(f"the provider's list breaks off: {page}")
        yield page.rows
        if not page.after:
            return
        after = page.after


def patiently(ask: Callable[[], Row]) -> Row:
    """Reading may be repeated at will; a list of a week should not fail on one lost answer."""
    answer = ask()
    for attempt in range(1, TRIES):
        if not isinstance(answer, NoAnswer):
            break
        time.sleep(FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1))
        answer = ask()
    return answer


def payments_of(rows: Sequence[Intent], *, gateway: str, now: datetime) -> dict[str, Payment]:
    """By the intent's reference: the payment that has it, or the one that it names."""
    named = {found for found in (uuid_or_none(row.payment_id) for row in rows) if found}
    refs = Q(provider_ref__in=[row.ref for row in rows])
    found = list(_payments(gateway, now).filter(refs | Q(pk__in=named)))
    by_ref = {payment.provider_ref: payment for payment in found}
    by_id = {str(payment.pk): payment for payment in found}
    pairs = ((row.ref, by_ref.get(row.ref) or by_id.get(row.payment_id)) for row in rows)
    return {ref: payment for ref, payment in pairs if payment is not None}


def held_or_taken(period: Period, *, gateway: str, now: datetime) -> Iterator[Sequence[Payment]]:
    """Our payments of the period that the provider must know, by key set."""
    wanted = _payments(gateway, now).filter(
        state__in=(Payment.State.AUTHORIZED, *Payment.TAKEN),
        provider_ref__isnull=False,
        created_at__gte=period.since,
        created_at__lt=period.until,
    )
    return _by_key(wanted)


def returned(period: Period, *, gateway: str) -> Iterator[Sequence[Refund]]:
    """Our refunds of the period that the provider must know, by key set."""
    wanted = Refund.objects.select_related("payment", "operation").filter(
        state=Refund.State.SUCCEEDED,
        destination=Refund.Destination.CARD,
        provider_ref__isnull=False,
        payment__gateway=gateway,
        created_at__gte=period.since,
        created_at__lt=period.until,
    )
    return _by_key(wanted)


def _by_key(rows: QuerySet[Row]) -> Iterator[Sequence[Row]]:  # type: ignore[type-var]
    last = None
    while True:
        page = list((rows.filter(pk__gt=last) if last else rows).order_by("pk")[:OURS_AT_ONCE])
        if page:
            yield page
        if len(page) < OURS_AT_ONCE:
            return
        last = page[-1].pk  # type: ignore[attr-defined]


def _payments(gateway: str, now: datetime) -> QuerySet[Payment]:
    """With `is_under_way`: an operation is still open, or the row has moved while we look."""
    running = PaymentOperation.objects.filter(
        payment=OuterRef("pk"), state__in=PaymentOperation.OPEN, created_at__gt=now - UNDER_WAY
    )
    return Payment.objects.filter(gateway=gateway).annotate(
        is_under_way=Exists(running) | Q(updated_at__gt=now - MOVING)
    )
