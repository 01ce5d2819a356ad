"""Detaching retired payment methods at the provider, until it has answered."""

from datetime import timedelta

import structlog
from django.db.models import F
from django.db.models.functions import Now

from deliveryapp.transactions import require_no_transaction
from payments import selectors
from payments.gateways import NoAnswer
from payments.gateways.cards import Card, NotDone, card_gateway
from payments.models import RetiredMethod

log = structlog.get_logger(__name__)
LONGEST_PAUSE_S = 3_600


def detach_retired(*, limit: int = 20) -> None:
    """Those that are due, oldest first; ends early when the provider is silent."""
    require_no_transaction()
    for method in selectors.methods_to_detach(limit=limit):
        if _claim(method) and isinstance(_detach(method), NoAnswer):
            return


def _claim(method: RetiredMethod) -> bool:
    """True for one of several sweeps; what it leaves undone is due again later."""
    pause = timedelta(seconds=min(2 ** min(method.attempts + 1, 12), LONGEST_PAUSE_S))
    mine = RetiredMethod.objects.filter(pk=method.pk, detached_at=None, attempts=method.attempts)
    return mine.update(attempts=F("attempts") + 1, next_try_at=Now() + pause) == 1


def _detach(method: RetiredMethod) -> Card | NotDone:
    """Refused can mean "done before": the payment method itself tells."""
    answer = card_gateway(method.gateway).detach_card(method.pk)
    if not isinstance(answer, Card | NoAnswer):
        answer = card_gateway(method.gateway).retrieve_card(method.pk)
    if isinstance(answer, Card) and not answer.customer_ref:
        RetiredMethod.objects.filter(pk=method.pk).update(detached_at=Now())
    elif not isinstance(answer, NoAnswer):
        log.warning("card_not_detached", provider_ref=method.pk, attempts=method.attempts + 1)
    return answer
